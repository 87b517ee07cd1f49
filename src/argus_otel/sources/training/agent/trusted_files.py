"""Reads a file only if nobody but its owner can have written it: this user, or root."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_WRITERS = stat.S_IWGRP | stat.S_IWOTH
_LARGEST = 1 << 20


class UntrustedFileError(Exception):
    """A file cannot be read, or others could have written it. The message says how to mend that."""


def read_trusted(path: Path, *, secret: bool = False) -> bytes:
    """Return what a file has.

    Parameters
    ----------
    path:
        Its directories, and those of what it links to, may be written by the owner alone too, or, like ``/tmp``, have
        the sticky bit: who may write to a directory can put another file in place of this one.
    secret:
        Whether others must not be able to read it, either. Its group may.

    Raises
    ------
    UntrustedFileError
        It cannot be read, is larger than 1 MiB, or others could have written it.
    """
    try:
        real = path.resolve(strict=True)
        for directory in {*path.absolute().parents, *real.parents}:
            _check(directory, directory.stat(), sticky=True)
        # What is checked is what is read: the same open file.
        descriptor = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UntrustedFileError(f"cannot be read: {error.strerror or error}") from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise UntrustedFileError("is no file")
    with os.fdopen(descriptor, "rb") as file:
        _check(path, found)
        if secret and found.st_mode & stat.S_IROTH:
            raise UntrustedFileError(f"can be read by every user of this host; chmod o= {path}")
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise UntrustedFileError("is larger than 1 MiB")
    return content


def _check(path: Path, found: os.stat_result, *, sticky: bool = False) -> None:
    if found.st_uid not in (0, os.geteuid()):
        raise UntrustedFileError(
            f"{path} belongs to the user {found.st_uid}, but it has to belong to this user ({os.geteuid()}) or to root"
        )
    if found.st_mode & _WRITERS and not (sticky and found.st_mode & stat.S_ISVTX):
        mode = stat.S_IMODE(found.st_mode)
        raise UntrustedFileError(f"{path} can be written by others (mode {mode:04o}); chmod go-w {path}")
