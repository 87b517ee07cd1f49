"""``python -m tools.dashboards`` writes all dashboards into grafana/dashboards/."""

from __future__ import annotations

from pathlib import Path

from .boards import ALL

DIRECTORY = Path(__file__).resolve().parents[2] / "grafana" / "dashboards"


def write(directory: Path = DIRECTORY) -> None:
    """Write each dashboard, and remove what is no dashboard any more."""
    directory.mkdir(parents=True, exist_ok=True)
    wanted = {f"{board.uid}.json": board.text() for board in ALL}
    for name, text in wanted.items():
        (directory / name).write_text(text, encoding="utf-8")
    for path in directory.glob("*.json"):
        if path.name not in wanted:
            path.unlink()


if __name__ == "__main__":
    write()
