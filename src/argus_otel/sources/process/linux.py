"""What Linux tells of this process: files in ``/proc/self``, as proc(5) describes them. Imported at a collection."""

from __future__ import annotations

import os

_PAGE = os.sysconf("SC_PAGE_SIZE")
_RESIDENT = 1
_THREADS = 17
"""The field ``num_threads`` of ``stat``, counted from the one after the command."""


def memory() -> int:
    """Return the resident memory, in bytes."""
    return int(_read("/proc/self/statm").split()[_RESIDENT]) * _PAGE


def threads() -> int:
    """Return the number of threads, including those that Python does not know."""
    # The second field, the command, is in parentheses, and can contain spaces and parentheses.
    return int(_read("/proc/self/stat").rpartition(b")")[2].split()[_THREADS])


def file_descriptors() -> int:
    """Return the number of open file descriptors."""
    return len(os.listdir("/proc/self/fd")) - 1  # noqa: PTH208 - numbers; one is of the directory that is read


def _read(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - at each collection
        return file.read()
