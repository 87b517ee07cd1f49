"""Directories that history makes: for this user alone, since what is in them may have ids of users."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

_PRIVATE = 0o700
_ENTER = 0o011
_OTHERS = 0o077

# What a system answers that cannot sync a directory; any other answer is a fault of the disk.
_NO_SUCH_CALL = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES, errno.EPERM, errno.EISDIR)


def make_private(directory: Path) -> None:
    """Make a directory, and those above it that are missing, with mode 0700. One that is there stays as it is.

    Raises
    ------
    OSError
        It cannot be made, or is no directory.
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
    except OSError:  # of one that is there, not every system says so
        if not directory.is_dir():
            raise
    else:
        sync_names(directory.parent)


def sync_names(directory: Path) -> None:
    """Have the names in a directory on the disk, where a system can do that.

    Raises
    ------
    OSError
        The disk cannot take them.
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


def open_to_others(directory: Path) -> str:
    """Return the mode of a directory that other users may enter, such as ``0755``; else an empty text.

    A directory above it that only its owner may enter keeps others out of it too.
    """
    if os.name != "posix":
        return ""
    with suppress(OSError):
        mode = stat.S_IMODE(directory.stat().st_mode)
        if mode & _OTHERS and all(above.stat().st_mode & _ENTER for above in directory.absolute().parents):
            return f"{mode:04o}"
    return ""
