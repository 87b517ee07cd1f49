"""``python -m benchmarks.daily_files``: a year of history in daily files, beside the same in the embedded engine.

Each step is a process of its own, whose time and peak of memory are measured. Where this user may make control groups
(Linux, version 1), each is under a limit of memory, by default 512 MiB; a step that needs more is killed, and repeated
without the limit. Counts, and the results of every query, have to be the same on both sides.

Needs Linux, and an engine: ``pip install 'argus-otel[embedded]'``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argus_otel.history.files.listing import listed
from argus_otel.sources.discord.cli import COMMANDS

from .control_groups import joining, limited
from .progress import Progress
from .tables import as_markdown

EVENTS = 1_000_000
LIMIT = 512
"""MiB: what small hosts have."""

AT_ONCE = 1_000
"""The most events that a bot writes to files at once."""
BATCH = 10_000
"""How many a bot's subprocess inserts into the engine at once."""

_OF_QUERIES = {
    "adoption": ("command-7", "--replaces", "command-3"),
    "guild": ("1",),
    "quiet": ("--for", "14d"),
}
_RANGE = ("--until", "2026-01-01", "--service", "bench", "--format", "json")
_KEEP = "discord_events=forever,discord_hourly=forever,unclaimed=forever"  # the year is a fixed one
_SAY: Callable[[str], None] = Progress().say


@dataclass(frozen=True)
class Figures:
    """What a step needed.

    Attributes
    ----------
    peak:
        The most resident memory, in MiB.
    killed:
        Whether it needed more than the limit.
    """

    seconds: float
    peak: float
    killed: bool
    output: str

    def cells(self) -> tuple[str, str]:
        """Time and memory, for the table."""
        return f"{self.seconds:.1f}", f"{self.peak:.0f}{' (more than the limit)' if self.killed else ''}"


def measure(
    directory: Path, events: int, limit: int = LIMIT, queries: Sequence[str] = tuple(COMMANDS)
) -> Iterator[list[str]]:
    """Run all steps in an empty directory, and yield the rows of the table: a name, and four cells.

    Raises
    ------
    RuntimeError
        A step has failed, or the two sides differ.
    """
    files, copy, store, target = (directory / name for name in ("files", "copy", "store", "target"))
    run = _Steps(limit)
    for each in (store, target):
        run("prepare a store", "command", "store", "migrate", "--store", f"chdb:{each}", "--keep", _KEEP)
    written = run(f"write {events:,} events to files", "files", str(files), str(events), str(AT_ONCE))
    inserted = run(f"insert {events:,} events into the engine", "store", str(store), str(events), str(BATCH))
    yield [f"write {events:,} events", *written.cells(), *inserted.cells()]
    yield ["on the disk", _size(sum(file.size for file in listed(files))), "", _size(_bytes(store)), ""]

    for name, new in (("import into an embedded store", events), ("import again", 0)):
        done = run(name, "command", "store", "import", str(files), "--store", f"chdb:{target}")
        _agree(name, f"{new:,} new" in done.output and f"read {events:,} events" in done.output, done.output)
        yield [f"{name}: {new:,} new", *done.cells(), "", ""]

    shutil.copytree(files, copy)
    first = run("a copy's first query, which loads it", *_query(queries[0], f"files:{copy}"))
    yield ["a copy's first query, which loads it", *first.cells(), "", ""]
    yield ["what it has loaded", _size(_bytes(copy / ".queries")), "", "", ""]
    for name in queries:
        by_files = run(f"{name}, files", *_query(name, f"files:{copy}"))
        by_engine = run(f"{name}, engine", *_query(name, f"chdb:{store}"))
        _agree(name, _results(by_files) == _results(by_engine), f"{by_files.output}\n{by_engine.output}")
        yield [f"`{' '.join((name, *_OF_QUERIES.get(name, ())))}`", *by_files.cells(), *by_engine.cells()]


class _Steps:
    """Runs steps."""

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def __call__(self, name: str, *words: str) -> Figures:
        _SAY(name)
        with limited(self._limit) as group:
            done = self._run(group, words)
        killed = done.returncode == -signal.SIGKILL and group is not None
        if killed:
            _SAY(f"  needs more than {self._limit} MiB: again, without a limit")
            done = self._run(None, words)
        if done.returncode:
            raise RuntimeError(f"{name}: ended with {done.returncode}:\n{done.stderr}")
        output, _, figures = done.stdout.rstrip().rpartition("\n")
        seconds, peak = json.loads(figures)
        return Figures(seconds, peak, killed, output)

    def _run(self, group: Path | None, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        command = joining(group, [sys.executable, "-m", "benchmarks.daily_files_process", *words])
        return subprocess.run(command, capture_output=True, text=True, check=False)


def _query(name: str, store: str) -> tuple[str, ...]:
    return ("command", "discord", name, *_OF_QUERIES.get(name, ()), *_RANGE, "--store", store)


def _results(step: Figures) -> Any:
    """Return a query's results; floats are sums, whose order is not fixed."""
    return json.loads(step.output, parse_float=lambda text: round(float(text), 6))


def _agree(name: str, same: bool, output: str) -> None:
    if not same:
        raise RuntimeError(f"{name}: not what was written:\n{output}")


def _bytes(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file() and not path.is_symlink())


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=EVENTS, help=f"how many (default: {EVENTS:,})")
    parser.add_argument("--limit", type=int, default=LIMIT, help=f"of memory, in MiB (default: {LIMIT})")
    options = parser.parse_args()
    if sys.platform != "linux":
        parser.error("this needs Linux, whose /proc tells the memory of a process")
    with limited(options.limit) as group:
        under = f"each step under a limit of {options.limit} MiB" if group else "without a limit of memory"
    rows = [["Step", "Files, s", "MiB", "Engine, s", "MiB"]]
    with tempfile.TemporaryDirectory() as directory:
        rows += measure(Path(directory), options.events, options.limit)
    print(f"{under}\n\n{as_markdown(rows)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
