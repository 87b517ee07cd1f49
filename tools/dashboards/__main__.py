"""``python -m tools.dashboards`` writes all dashboards into grafana/dashboards/, a directory for each source."""

from __future__ import annotations

from pathlib import Path

from .boards import discover

DIRECTORY = Path(__file__).resolve().parents[2] / "grafana" / "dashboards"


def files() -> dict[str, str]:
    """Return the text of each dashboard's file, by its path below the directory."""
    return {f"{source}/{board.uid}.json": board.text() for source, boards in discover().items() for board in boards}


def write(directory: Path = DIRECTORY) -> None:
    """Write each dashboard, and remove the files of dashboards that no longer exist."""
    wanted = files()
    for name, text in wanted.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in directory.glob("*/*.json"):
        if path.relative_to(directory).as_posix() not in wanted:
            path.unlink()


if __name__ == "__main__":
    write()
