"""Makes the tables of docs/hooks.md: which libraries have each hook's targets, and which signals need each hook.

``make hooks-table`` installs each library into an environment of its own, with uv, and probes it with argus-otel there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from argus_otel.sources.discord.hook_coverage import COVERAGE
from argus_otel.telemetry import Metric, Span

from .matrix_env import ROOT, uv

DOCUMENT = ROOT / "docs" / "hooks.md"
BEGIN, END = "<!-- made by `make hooks-table` -->", "<!-- to here -->"

LIBRARIES = (
    ("discord.py", "2.4.0"),
    ("discord.py", "2.5.2"),
    ("discord.py", "2.6.4"),
    ("discord.py", "2.7.1"),
    ("py-cord", "2.8.1"),
    ("nextcord", "3.2.0"),
    ("disnake", "2.12.2"),
)
"""The columns of the first table: the libraries to probe, by name and version on PyPI."""

_PYTHON = "3.12"  # nextcord 3 requires it
_PROBE = """
import json, sys
from argus_otel.sources.discord.source import DiscordSource
print()
print(json.dumps(DiscordSource.probe(sys.argv[1])))
"""

_BESIDE = ("requests", "starlette")
"""Libraries that have patch targets too."""

Column = dict[str, bool]
"""Whether each hook's target exists, by the name of the hook in discord.py."""


def column(probed: dict[str, str | None], root: str) -> Column:
    """Return the column of a library that is imported as ``root``, given the result of :meth:`DiscordSource.probe`."""
    own = "" if root == "discord" else f" {root}."
    return {
        (name.replace(own, " ", 1) if own else name).removeprefix("hook:"): reason is None
        for name, reason in probed.items()
    }


def probe(library: str, version: str, python: str) -> Column:
    """Install a library for a Python, and return its column."""
    root = library if library in ("nextcord", "disnake") else "discord"
    with tempfile.TemporaryDirectory() as directory:
        uv("venv", "--quiet", "--python", python, directory)
        python = str(Path(directory) / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
        uv("pip", "install", "--quiet", "--python", python, f"{library}=={version}", *_BESIDE, "-e", str(ROOT))
        done = subprocess.run([python, "-c", _PROBE, root], capture_output=True, text=True, check=True)
    return column(json.loads(done.stdout.splitlines()[-1]), root)


def table(columns: dict[tuple[str, str], Column]) -> str:
    """Return both tables: the hooks by library, and the signals by hook."""
    targets = dict.fromkeys(name for each in columns.values() for name in each)
    order = list(COVERAGE)
    rows = sorted(targets, key=lambda name: order.index(_hook_of(name)))
    lines = ["| hook | target | " + " | ".join(f"{name} {version}" for name, version in columns) + " |"]
    lines.append("|---" * (2 + len(columns)) + "|")
    for name in rows:
        hook = _hook_of(name)
        marks = [{True: "✔", False: "absent", None: ""}[each.get(name)] for each in columns.values()]
        lines.append(f"| {hook} | `{name.removeprefix(hook).strip()}` | " + " | ".join(marks) + " |")
    lines += ["", "| hook | signals that need it | if it is absent |", "|---|---|---|"]
    for hook, known in COVERAGE.items():
        shown = ", ".join(_shown(signal) for signal in known.signals) or "none"
        lines.append(f"| {hook} | {shown} | {known.absent} |")
    return "\n".join(lines)


def _hook_of(name: str) -> str:
    return next(hook for hook in sorted(COVERAGE, key=len, reverse=True) if name.startswith(f"{hook} "))


def _shown(signal: object) -> str:
    if isinstance(signal, Span):
        return f"span `{signal.name}`"
    kind = "" if isinstance(signal, Metric) else "event "
    return f"{kind}`{signal.name}`"  # type: ignore[attr-defined]


def main() -> int:
    """Write the document's tables. An argument names the Python to probe the libraries with."""
    python = sys.argv[1] if len(sys.argv) > 1 else _PYTHON
    columns = {(library, version): probe(library, version, python) for library, version in LIBRARIES}
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{BEGIN}\n\n{table(columns)}\n\n{END}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
