"""Writes rows to daily files, in the observed process.

Rows that were appended have been synced to the disk. The directory is bounded: old days are removed when they reach
their age, and the oldest ones before it when the directory reaches its size.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

from argus_otel.history.directories import existing_part, make_private, sync_names
from argus_otel.history.record.codec import encoded
from argus_otel.history.row import Row

from .compression import Compressor, Lines
from .listing import DayFile, FilesError, listed, locked, new_path, today

LARGEST_FILE = 1 << 22
"""About the most bytes of one file; then another one of the same day is begun. Readers hold one in memory."""

_FILES = 8
"""A directory has room for so many files at least, so that the oldest can go without the newest."""

_LOOK = 60.0
"""Seconds between two looks at the size of the directory."""


class _OpenFile:
    """The file that this process writes. It is opened for each write, so that it may be removed in between."""

    def __init__(self, path: Path, day: date) -> None:
        self.path = path
        self.day = day
        self.size = 0
        self.identity = 0
        self.compressor = Compressor()


class DayFileWriter:
    """Writes the rows of one process. Other processes may write to the same directory. Not for several threads at once.

    Parameters
    ----------
    limit:
        The most bytes of the directory. It may be exceeded by what is written within a minute.
    days:
        How many days are kept, today included.
    expired:
        Called with a number of rows that were removed, and the reason: ``age`` or ``size``.
    """

    def __init__(self, directory: Path, limit: int, days: int, expired: Callable[[int, str], None]) -> None:
        self.directory = directory
        self._limit = limit
        self._days = days
        self._expired = expired
        self._largest = min(LARGEST_FILE, limit // _FILES)
        self._file: _OpenFile | None = None
        self._made = 0
        self._looked = float("-inf")

    def check(self) -> None:
        """Check that the directory can be used. It is made when the first row is written.

        Raises
        ------
        FilesError
            It cannot.
        """
        nearest = existing_part(self.directory)
        if not nearest.is_dir():
            raise FilesError(f"{self.directory} cannot hold history: {nearest} is not a directory")
        if not os.access(nearest, os.R_OK | os.W_OK | os.X_OK):
            raise FilesError(f"{self.directory} cannot hold history: this process cannot write in {nearest}")

    def append(self, rows: Sequence[Row]) -> bool:
        """Write rows to the disk; return ``False``, and write none, while rows are being erased from the directory.

        Raises
        ------
        FilesError
            None of them was written.
        """
        try:
            make_private(self.directory)
            with locked(self.directory, shared=True) as free:
                if free:
                    self._append(b"".join(map(encoded, rows)))
                return free
        except OSError as error:
            raise FilesError(f"{self.directory} cannot be written: {error.strerror or error}") from error

    def tick(self) -> None:
        """End the file of a day that is over, and remove what the limits do not allow; called every second or so.

        Raises
        ------
        FilesError
            The directory cannot be read, or a file cannot be removed.
        """
        if self._file is not None and self._file.day != today():
            self.close()
        now = time.monotonic()
        if now >= self._looked + _LOOK:
            self._looked = now
            self._remove_old()

    def close(self) -> None:
        """End the file that is being written. Without an end, it can be read nevertheless."""
        file, self._file = self._file, None
        if file is None:
            return
        with suppress(OSError), locked(self.directory, shared=True) as free:
            end = file.compressor.end()
            if free and end:
                _write(file, end)

    def drop_in_child(self) -> None:
        """After a fork, in the child: leave the file to the parent."""
        self._file = None

    # -- writing

    def _append(self, lines: bytes) -> None:
        file = self._file
        if file is not None and (file.day != today() or file.size >= self._largest):
            self._file = None
            with suppress(OSError):  # it can be read without its end
                _write(file, file.compressor.end())
        if self._file is None or not self._append_to(self._file, lines):
            self._append_to(self._begun(), lines)

    def _append_to(self, file: _OpenFile, lines: bytes) -> bool:
        """Append lines; return ``False`` if the file is not as this process left it: it was removed, or replaced."""
        if not _write(file, file.compressor.compressed(lines)):
            self._file = None
            return False
        file.compressor.written()
        return True

    def _begun(self) -> _OpenFile:
        self._made += 1
        day = today()
        file = _OpenFile(new_path(self.directory, day, self._made), day)
        descriptor = os.open(file.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        file.identity = os.fstat(descriptor).st_ino
        os.close(descriptor)
        sync_names(self.directory)
        self._file = file
        return file

    # -- the limits

    def _remove_old(self) -> None:
        files = listed(self.directory)
        with suppress(OverflowError):  # more days than there have been
            first = today() - timedelta(days=self._days - 1)
            for file in [file for file in files if file.day < first]:
                self._remove(file, "age")
                files.remove(file)
        while sum(file.size for file in files) > self._limit:
            own = None if self._file is None else self._file.path
            others = [file for file in files if file.path != own]
            if not others:
                return
            # A day goes as a whole. Only of the last one the oldest files go alone.
            whole = [file for file in others if file.day == others[0].day]
            for file in whole if others[0].day < files[-1].day else others[:1]:
                self._remove(file, "size")
                files.remove(file)

    def _remove(self, file: DayFile, reason: str) -> None:
        try:
            rows = sum(1 for _ in Lines(file.path))
            file.path.unlink()
        except FileNotFoundError:  # another process has removed it, and counts it
            return
        except OSError as error:
            raise FilesError(f"{file.path} cannot be removed: {error.strerror or error}") from error
        self._expired(rows, reason)


def _write(file: _OpenFile, data: bytes) -> bool:
    """Append bytes and sync them; return ``False``, and write nothing, if the file is another one by now.

    Raises
    ------
    OSError
        They could not be written. The file is as it was before.
    """
    try:
        descriptor = os.open(file.path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        return False
    try:
        found = os.fstat(descriptor)
        if (found.st_ino, found.st_size) != (file.identity, file.size):
            return False
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        except OSError:
            with suppress(OSError):
                os.ftruncate(descriptor, file.size)
                if not file.size:  # a full disk would otherwise get one more empty file at each attempt
                    file.path.unlink()
            raise
        file.size += len(data)
        return True
    finally:
        os.close(descriptor)
