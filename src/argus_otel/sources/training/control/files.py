"""The files of a control directory: JSON, of this user or root alone, read and written so that nobody is misled.

A file is written under another name and renamed, so that nobody reads a half of it.
"""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, cast
from uuid import uuid4

_LARGEST: Final = 1 << 20
"""The most bytes that are read: the arguments of a program may be long."""

_PRIVATE: Final = 0o600
_WRITABLE: Final = 0o022

_NO_LINKS: Final = getattr(os, "O_NOFOLLOW", 0)
_NO_WAITING: Final = getattr(os, "O_NONBLOCK", 0)
"""A pipe in place of a file would make who opens it wait for ever."""


class UnsafeFileError(Exception):
    """A file may be somebody else's, or is none. The message says what it is."""


def user() -> int:
    """Return the id of the user that this process acts for; 0 on a system without such ids."""
    return os.geteuid() if hasattr(os, "geteuid") else 0


def read(path: Path) -> dict[str, Any] | None:
    """Return what a file has; ``None`` if there is none, or if it holds no object.

    Raises
    ------
    UnsafeFileError
        It is a symbolic link or no file, belongs to neither this user nor root, others may write to it, or it is too
        large.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _NO_LINKS | _NO_WAITING)
    except FileNotFoundError:
        return None
    except OSError as error:
        if path.is_symlink():
            raise UnsafeFileError(f"{path.name} is a symbolic link") from error
        raise UnsafeFileError(f"{path.name} cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise UnsafeFileError(f"{path.name} is no file")
        if os.name == "posix":
            if found.st_uid not in (user(), 0):
                raise UnsafeFileError(f"{path.name} belongs to another user")
            if found.st_mode & _WRITABLE:
                raise UnsafeFileError(f"others may write to {path.name}")
        if found.st_size > _LARGEST:
            raise UnsafeFileError(f"{path.name} has more than {_LARGEST} bytes")
        text = file.read(_LARGEST)
    try:
        value: object = json.loads(text)
    except ValueError:
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def write(path: Path, value: dict[str, Any]) -> None:
    """Write a file in place of what is there.

    Raises
    ------
    OSError
        It cannot be written.
    """
    written = _written_beside(path, value)
    try:
        written.replace(path)
    except OSError:
        remove(written)
        raise


def write_new(path: Path, value: dict[str, Any]) -> bool:
    """Write a file, if there is none; return whether this was so.

    Raises
    ------
    OSError
        It cannot be written.
    """
    written = _written_beside(path, value)
    try:
        os.link(written, path)
    except FileExistsError:
        return False
    finally:
        remove(written)
    return True


def remove(path: Path) -> bool:
    """Remove a file; return whether there was one. Of a symbolic link, the link is removed."""
    with suppress(OSError):
        path.unlink()
        return True
    return False


def private(path: Path) -> int:
    """Create a file that only this user may read, or add to the one that is there; return its descriptor.

    Raises
    ------
    OSError
        It cannot be opened, or is a symbolic link.
    """
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NO_LINKS, _PRIVATE)


def make_directory(path: Path) -> None:
    """Make a directory that only this user may enter, and those of its parents that are missing, unless it is there.

    Raises
    ------
    OSError
        It cannot be made.
    """
    for each in (*reversed(path.parents), path):
        if not each.exists():
            with suppress(FileExistsError):
                each.mkdir(mode=0o700)


def _written_beside(path: Path, value: dict[str, Any]) -> Path:
    beside = path.with_name(f"{path.name}.{uuid4().hex[:12]}.tmp")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINKS, _PRIVATE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(json.dumps(value))
    return beside
