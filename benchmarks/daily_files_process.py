"""One step of :mod:`benchmarks.daily_files`, in a process of its own: it prints the step's output, then its figures."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from argus_otel.history.row import Row


def write_files(directory: str, events: int, at_once: int) -> float:
    """Write a year of events to daily files; return the seconds."""
    from argus_otel.history.files.writer import DayFileWriter

    writer = DayFileWriter(Path(directory), 1 << 40, 90, lambda _rows, _reason: None)
    return _timed(writer.append, events, at_once)


def write_store(directory: str, events: int, at_once: int) -> float:
    """Insert them into an embedded store; return the seconds."""
    from argus_otel.history.store.client import connect

    with connect(f"chdb:{directory}") as store:
        return _timed(store.insert, events, at_once)


def command(*words: str) -> float:
    """Run a command of argus-otel; return the seconds."""
    begun = time.perf_counter()
    from argus_otel.cli import main

    code = main(list(words))
    if code:
        sys.exit(code)
    return time.perf_counter() - begun


def _timed(write: Callable[[list[Row]], object], events: int, at_once: int) -> float:
    from .history import year

    taken = 0.0
    rows = year(events)
    while batch := list(islice(rows, at_once)):
        begun = time.perf_counter()
        write(batch)
        taken += time.perf_counter() - begun
    return taken


def _peak() -> float:
    """Return the most resident memory that this process has had, in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    step, *words = sys.argv[1:]
    if step == "command":
        seconds = command(*words)
    else:
        seconds = {"files": write_files, "store": write_store}[step](words[0], int(words[1]), int(words[2]))
    print(f"\n{json.dumps([seconds, _peak()])}")
