"""Replaces a file as a whole: another process reads what was there before, or what is there now."""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from .text import EditError

PATIENCE = 10.0
"""How long an edit waits for another one, in seconds."""


class Replacement:
    """A file that is being edited.

    Attributes
    ----------
    before:
        Its bytes; none if there is no file yet.
    committed:
        Whether the new bytes are in the file's place.
    """

    def __init__(self, path: Path, beside: Path, file: BinaryIO) -> None:
        self._path, self._beside, self._file = path, beside, file
        self.before = path.read_bytes() if path.exists() else b""
        self.committed = False

    def commit(self, after: bytes) -> None:
        """Write the new bytes beside the file, with its mode and owner, and rename them into its place.

        Raises
        ------
        EditError
            The file was changed in the meantime by a program that heeds no lock, or has an owner that this user may not
            give to the new one.
        OSError
            It cannot be written.
        """
        with self._file as file:  # closed before it is renamed, which Windows asks for
            file.write(after)
            file.flush()
            os.fsync(file.fileno())
        if self._path.exists():
            self._keep_mode_and_owner()
            if self._path.read_bytes() != self.before:
                raise EditError(f"{self._path} was changed in the meantime; nothing was written: try again")
        self._beside.replace(self._path)
        self.committed = True

    def _keep_mode_and_owner(self) -> None:
        there, new = self._path.stat(), self._beside.stat()
        self._beside.chmod(there.st_mode & 0o7777)
        chown = getattr(os, "chown", None)
        if chown is not None and (there.st_uid, there.st_gid) != (new.st_uid, new.st_gid):
            try:
                chown(self._beside, there.st_uid, there.st_gid)
            except PermissionError as error:
                raise EditError(f"{self._path} belongs to another user; run the command as that user") from error


@contextmanager
def replacing(path: Path) -> Generator[Replacement]:
    """Edit a file while no other command of ours does. A link stays a link; the file that it names is replaced.

    Raises
    ------
    EditError
        Another command edits it, or was killed while it did.
    OSError
        It cannot be read, or its directory cannot be written to.
    """
    path = path.resolve()
    beside = path.with_name(f".{path.name}.new")
    file = _created(beside)
    replacement = None
    try:
        replacement = Replacement(path, beside, file)
        yield replacement
    finally:
        file.close()
        if replacement is None or not replacement.committed:  # else what is there now is the lock of another command
            beside.unlink(missing_ok=True)


def _created(beside: Path) -> BinaryIO:
    """Create the new file, which is the lock too: it is there only while a command edits."""
    deadline = time.monotonic() + PATIENCE
    while (file := _opened(beside)) is None:
        if time.monotonic() > deadline:
            raise EditError(f"another command edits the file; if none does, remove {beside}")
        time.sleep(0.05)
    return file


def _opened(beside: Path) -> BinaryIO | None:
    try:
        return beside.open("xb")
    except FileExistsError:
        return None
