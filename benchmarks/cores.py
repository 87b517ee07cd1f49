"""Which cores processes run on, and what a process has used: measured ones and those that serve them do not mix."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def on(cores: Sequence[int]) -> Iterator[None]:
    """Run this thread, and what it starts meanwhile, on these cores only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def processor(pid: int) -> float:
    """Return the processor time of all threads of a process, in seconds, to the nanosecond.

    ``/proc`` counts in hundredths of a second. The number of the clock is that of clock_getcpuclockid(3).
    """
    return time.clock_gettime((~pid << 3) | 2)


def resident(pid: int) -> float:
    """Return the resident memory of a process, in bytes."""
    return _status(pid, "VmRSS:")


def peak(pid: int) -> float:
    """Return the most resident memory that a process has had, in bytes."""
    return _status(pid, "VmHWM:")


def _status(pid: int, field: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(1024.0 * int(line.split()[1]) for line in lines if line.startswith(field))
