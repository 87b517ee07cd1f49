"""The lock of a run, which its process holds as long as it lives, however it ends: so one that is killed is told from
one that hangs.

A lock belongs to an open file and not to its name, and ``RUN.json`` is replaced each time that it is written. So the
lock is on a file of its own, ``RUN.lock``, which stays until the run is forgotten.
"""

from __future__ import annotations

import errno
import os
import sys
import weakref
from pathlib import Path
from typing import Final

from .files import private

_UNSUPPORTED: Final = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)


class LocksUnsupportedError(Exception):
    """The file system has no locks, as NFS may be mounted."""


class RunLock:
    """A lock that is held until it is released, or until the process ends. A fork of the process does not hold it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor
        _held.add(self)

    def release(self) -> None:
        """Let others have it. Safe to repeat. In a forked child, the parent still holds it."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def take(path: Path) -> RunLock | None:
    """Take the lock on a file, which is made if it is not there; return ``None`` if another process has it.

    Raises
    ------
    OSError
        The file cannot be made.
    LocksUnsupportedError
        There are no locks here.
    """
    while True:
        descriptor = private(path)
        try:
            if not _lock(descriptor, shared=False):
                os.close(descriptor)
                return None
            if _is_at(descriptor, path):
                return RunLock(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # it has been removed in the meantime: that of another name is none


def is_held(path: Path) -> bool | None:
    """Return whether a process holds the lock on a file; ``None`` if that cannot be told."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        return False
    except OSError:
        return None
    try:
        return not _lock(descriptor, shared=True)
    except LocksUnsupportedError:
        return None
    finally:
        os.close(descriptor)


if sys.platform == "win32":

    def _lock(descriptor: int, *, shared: bool) -> bool:  # noqa: ARG001
        raise LocksUnsupportedError
else:
    import fcntl

    def _lock(descriptor: int, *, shared: bool) -> bool:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno in _UNSUPPORTED:
                raise LocksUnsupportedError from error
            raise
        return True


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        there = os.lstat(path)
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(descriptor), there)


_held: weakref.WeakSet[RunLock] = weakref.WeakSet()


def _drop_in_child() -> None:
    for lock in tuple(_held):
        lock.release()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drop_in_child)
