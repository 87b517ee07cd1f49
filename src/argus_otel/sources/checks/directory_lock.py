"""Locks in an agent's directory: of all processes of a host, one runs its checks, and one changes its mutes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import BinaryIO


def unusable(directory: Path, error: OSError) -> str:
    """Return what to tell of a directory of states that cannot be used."""
    return (
        f"states of checks cannot be kept in {directory}: {error.strerror or error}; ARGUS_CHECKS_STATE (--state) has "
        "to be a directory that this user may write to"
    )


class DirectoryLock:
    """A lock that lasts as long as its process, however that ends.

    Parameters
    ----------
    directory:
        Is made if it is not there.
    name:
        The lock's, which is that of its file.

    Attributes
    ----------
    directory:
        As it was given.
    """

    def __init__(self, directory: Path, name: str = "lock") -> None:
        self.directory = directory
        self._path = directory / name
        self._file: BinaryIO | None = None

    def take(self) -> bool:
        """Take the lock, unless another process has it; return whether this one has it now.

        Raises
        ------
        OSError
            The directory cannot be used.
        """
        if self._file is not None:
            return True
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("ab")
        if _locked(file):
            self._file = file
            return True
        file.close()
        return False

    def release(self) -> None:
        """Let another process have it. Safe to repeat."""
        file, self._file = self._file, None
        if file is not None:
            file.close()


def _locked(file: BinaryIO) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # as POSIX and Windows say that another process has it
        return False
    return True
