"""Directories of history. They are private to this user, since their files may have ids of people."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

_PRIVATE = 0o700
_ENTER = 0o011
_OTHERS = 0o077

# The errors of a system that cannot sync a directory; any other error is a fault of the disk.
_NO_SUCH_CALL = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES, errno.EPERM, errno.EISDIR)


def make_private(directory: Path) -> None:
    """Make a directory and its missing parents, with mode 0700. An existing one keeps its mode.

    Raises
    ------
    OSError
        It cannot be created, or the path is not a directory.
    """
    try:
        _make(directory)
    except FileNotFoundError:
        make_private(directory.parent)
        _make(directory)


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=_PRIVATE)
    except FileNotFoundError:
        raise
    except OSError:  # not every system reports an existing one as such
        if not directory.is_dir():
            raise
    else:
        sync_names(directory.parent)


def sync_names(directory: Path) -> None:
    """Sync the entries of a directory to the disk, if the system can do that.

    Raises
    ------
    OSError
        The disk failed.
    """
    try:
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NO_SUCH_CALL:
            raise


def existing_part(directory: Path) -> Path:
    """Return ``directory``, or the nearest of its parents that exists: what decides whether it can be made."""
    nearest = directory
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    return nearest


def open_to_others(directory: Path) -> str:
    """Return the mode of a directory that other users may enter, such as ``0755``; else an empty text.

    A parent that only its owner may enter keeps others out of it too.
    """
    if os.name != "posix":
        return ""
    with suppress(OSError):
        mode = stat.S_IMODE(directory.stat().st_mode)
        if mode & _OTHERS and all(above.stat().st_mode & _ENTER for above in directory.absolute().parents):
            return f"{mode:04o}"
    return ""
