"""Which process a number means: numbers are given again, so a process is known by the moment of its start, too."""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")
_STARTED = 19
"""The place of the time of start after the name, in ``/proc/PID/stat``: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html."""


def started(pid: int) -> str:
    """Return when a process of this host started, as a text to compare; empty if there is none, or only a dead one.

    It is in ticks since the boot, with the boot's id: a clock that is set leaves it as it is. Empty on a system without
    ``/proc``, too.
    """
    try:
        stat = (_PROC / str(pid) / "stat").read_bytes()
        boot = (_PROC / "sys" / "kernel" / "random" / "boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
    fields = stat.rpartition(b")")[2].split()  # the name may hold spaces and brackets
    return "" if fields[0] in (b"Z", b"X") else f"{fields[_STARTED].decode()}@{boot}"


def group_of(pid: int) -> int | None:
    """Return the process group of a process; ``None`` if it is gone."""
    try:
        return os.getpgid(pid)
    except (OSError, OverflowError):
        return None
