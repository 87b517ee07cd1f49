"""Processes under a limit of memory, pages of files included: control groups of Linux, version 1."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup/memory")


@contextmanager
def limited(mebibytes: int) -> Iterator[Path | None]:
    """Make a group with a limit; ``None`` where this user may not."""
    group = _GROUPS / f"argus-otel-{os.getpid()}-{time.time_ns()}"  # the last one may not be empty yet
    try:
        group.mkdir()
    except OSError:
        yield None
        return
    try:
        (group / "memory.limit_in_bytes").write_text(str(mebibytes << 20))
        yield group
    finally:
        until = time.monotonic() + 5
        while not _removed(group) and time.monotonic() < until:  # a process may still be ending
            time.sleep(0.1)


def joining(group: Path | None, command: Sequence[str]) -> list[str]:
    """Return a command that joins the group and becomes the given one."""
    if group is None:
        return list(command)
    return ["sh", "-c", f'echo $$ > "{group}/cgroup.procs"; exec "$@"', "sh", *command]


def peak(group: Path) -> float:
    """Return the most memory that the group has had, in MiB."""
    return int((group / "memory.max_usage_in_bytes").read_text()) / (1 << 20)


def _removed(group: Path) -> bool:
    try:
        group.rmdir()
    except OSError:
        return False
    return True
