"""The spool: rows that wait on disk until they can be delivered.

A directory of segments, each a file of JSON lines. A process that writes or delivers a segment holds a lock on it,
which ends with the process: so several processes can share a directory, and the next one delivers the rows of one that
was killed. Appended rows have been synced to the disk. A full directory accepts no more rows, which are then dropped
and counted: rows in it are never discarded for newer ones.
"""

from __future__ import annotations

import os
import stat
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from argus_otel.history.directories import existing_part, make_private, sync_names
from argus_otel.history.row import Row

from .codec import decoded, encoded
from .locks import lock

SEGMENT_SIZE = 1 << 20
"""About the size of a segment, in bytes."""

SUFFIX = ".events"


class SpoolError(Exception):
    """The directory cannot be used. The message names it and the reason.

    Attributes
    ----------
    kept:
        How many of the rows that were being appended are on the disk nevertheless: the first so many.
    """

    def __init__(self, message: str, kept: int = 0) -> None:
        super().__init__(message)
        self.kept = kept


class Segment:
    """A claimed segment, to be read and then either removed or left.

    Attributes
    ----------
    rows:
        Its rows, in the order in which they were written.
    torn:
        How many of its lines hold no row, as may the last line that a killed process wrote.
    """

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path = path
        self._file = file
        self.rows: list[Row] = []
        self.torn = 0
        for line in file:
            row = decoded(line)
            if row is None:
                self.torn += 1
            else:
                self.rows.append(row)

    def remove(self) -> None:
        """Remove it after its delivery. Of a link to a file, the link is removed.

        Raises
        ------
        SpoolError
            It cannot be removed, and will be delivered again.
        """
        if os.name == "nt":  # Windows cannot remove open files
            self._file.close()
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            raise SpoolError(
                f"{self._path} (ARGUS_HISTORY_SPOOL) is delivered, but cannot be removed: {error}"
            ) from error
        finally:
            self._file.close()

    def leave(self) -> None:
        """Release it for a later attempt, or for another process."""
        self._file.close()


class Spool:
    """One directory, as one process uses it. Not for several threads at once.

    Parameters
    ----------
    limit:
        The most bytes that the directory may hold.
    """

    def __init__(self, directory: Path, limit: int) -> None:
        self.directory = directory
        self._limit = limit
        self._open: IO[bytes] | None = None
        self._open_path: Path | None = None
        self._made = 0
        self._begun_paths: list[Path] | None = None
        self._files: weakref.WeakSet[IO[bytes]] = weakref.WeakSet()
        self._counted: dict[Path, tuple[int, int]] = {}

    def check(self) -> None:
        """Check that it can be used. A directory that does not exist yet is made when it is needed.

        Raises
        ------
        SpoolError
            It cannot.
        """
        nearest = existing_part(self.directory)
        if not nearest.is_dir():
            raise SpoolError(f"ARGUS_HISTORY_SPOOL is {str(self.directory)!r}, but {nearest} is not a directory")
        if not os.access(nearest, os.R_OK | os.W_OK | os.X_OK):
            raise SpoolError(
                f"ARGUS_HISTORY_SPOOL is {str(self.directory)!r}, but this process cannot write in {nearest}: "
                "let it, or name another directory"
            )

    # -- writing

    def append(self, rows: Sequence[Row]) -> int:
        """Write rows to the disk; return how many of them fit into the directory's limit.

        Raises
        ------
        SpoolError
            They cannot all be written; ``kept`` of the error says how many are.
        """
        lines = [encoded(row) for row in rows]
        kept = 0
        try:
            lines = self._fitting(lines)
            while kept < len(lines):
                kept += self._write(lines[kept:])
        except OSError as error:
            raise SpoolError(f"{self.directory} (ARGUS_HISTORY_SPOOL) cannot be written: {error}", kept) from error
        return kept

    def _fitting(self, lines: list[bytes]) -> list[bytes]:
        free = self._limit - self.size()
        for number, line in enumerate(lines):
            free -= len(line)
            if free < 0:
                return lines[:number]
        return lines

    def _write(self, lines: list[bytes]) -> int:
        """Write lines to one segment and sync it; return how many of them it has: all, unless the disk is full.

        Raises
        ------
        OSError
            None of them could be written.
        """
        file = self._segment()
        descriptor, start = file.fileno(), file.seek(0, os.SEEK_END)
        synced = False
        try:
            written, broken = _written(descriptor, b"".join(lines))
            kept, size = _complete(lines, written)
            if broken is not None:
                if not kept:
                    raise broken
                os.ftruncate(descriptor, start + size)
            os.fsync(descriptor)
            if not self._in_place():
                raise FileNotFoundError(f"{self._open_path} was removed while it was written")
            synced = True
        finally:
            if not synced:
                self._truncate(start)
        if broken is not None or start + size >= SEGMENT_SIZE:
            self.close()
        return kept

    def _truncate(self, start: int) -> None:
        """Truncate the segment to its former end, so that no row is in it twice after the next attempt."""
        path = self._open_path
        if self._open is not None:
            with suppress(OSError):
                os.ftruncate(self._open.fileno(), start)
        self.close()
        if start == 0 and path is not None:  # a full disk would otherwise get one more empty file at each attempt
            with suppress(OSError):
                path.unlink()

    def _segment(self) -> IO[bytes]:
        if self._open is not None and not self._in_place():
            self.close()  # it was removed, or its directory was moved
        if self._open is None:
            make_private(self.directory)
            self._open, self._open_path = self._begun()
            sync_names(self.directory)
        return self._open

    def _begun(self) -> tuple[IO[bytes], Path]:
        while True:
            self._made += 1
            # Names sort by age, so that segments are delivered in the order in which they were begun.
            path = self.directory / f"{time.time_ns():020}-{os.getpid()}-{self._made}{SUFFIX}"
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            file = os.fdopen(descriptor, "wb", buffering=0)
            self._files.add(file)
            if lock(file.fileno()) and _same(file, path):
                if self._begun_paths is not None:
                    self._begun_paths.append(path)
                return file, path
            file.close()  # another process has claimed it meanwhile, found it empty, and removed it

    def _in_place(self) -> bool:
        return self._open is not None and self._open_path is not None and _same(self._open, self._open_path)

    def close(self) -> None:
        """End the segment that is being written, so that it can be delivered."""
        file, self._open, self._open_path = self._open, None, None
        if file is not None:
            with suppress(OSError):  # its rows are synced
                file.close()

    def discard(self) -> None:
        """Remove the segments that it has begun, if it was made by :meth:`another`."""
        if os.name == "nt":  # Windows cannot remove open files
            self.close()
        for path in self._begun_paths or ():
            with suppress(OSError):
                path.unlink(missing_ok=True)
        self.close()

    def another(self) -> Spool:
        """Return one that writes other segments in the same directory, which :meth:`discard` removes."""
        made = Spool(self.directory, self._limit)
        made._files = self._files
        made._begun_paths = []
        return made

    def drop_in_child(self) -> None:
        """After a fork, in the child: close its copies of the files, with which the parent's locks would live on."""
        for file in tuple(self._files):
            getattr(file, "raw", file).close()  # a buffer may have been locked as the process forked
        self._open = self._open_path = None

    # -- delivering

    def claim(self) -> Iterator[Segment]:
        """Claim the segments that no process holds, the oldest first. Each has to be removed or left.

        Raises
        ------
        SpoolError
            The directory cannot be read; or, after all others, a file in it.
        """
        failed: SpoolError | None = None
        for path in self._paths():
            if path == self._open_path:
                continue
            try:
                segment = self._claimed(path)
            except OSError as error:
                failed = failed or SpoolError(f"{path} (ARGUS_HISTORY_SPOOL) cannot be read: {error}")
                continue
            if segment is not None:
                yield segment
        if failed is not None:
            raise failed

    def _claimed(self, path: Path) -> Segment | None:
        try:
            # For writing too, since some file systems lock only such files. The claimant closes it.
            file = _opened(path, os.O_RDWR)
        except FileNotFoundError:  # delivered by another process meanwhile
            return None
        if file is None:
            return None
        self._files.add(file)
        try:
            if lock(file.fileno()) and path.exists():
                return Segment(path, file)
        except OSError:
            file.close()
            raise
        file.close()
        return None

    @property
    def empty(self) -> bool:
        """Whether there is no segment, of any process.

        Raises
        ------
        SpoolError
            The directory cannot be read.
        """
        return not self._paths()

    def remove_if_empty(self) -> None:
        """Remove the directory if no segment is in it."""
        with suppress(OSError):
            self.directory.rmdir()

    # -- how much there is

    def size(self) -> int:
        """Return how many bytes all processes have spooled."""
        return sum(size for _, size in self._sizes())

    def waiting(self) -> int:
        """Return how many rows all processes have spooled."""
        total = 0
        counted: dict[Path, tuple[int, int]] = {}
        for path, size in self._sizes():
            known = self._counted.get(path)
            if known is None or known[0] != size:
                try:
                    file = _opened(path, os.O_RDONLY)
                except OSError:
                    continue
                if file is None:
                    continue
                with file:
                    known = size, file.read().count(b"\n")
            counted[path] = known
            total += known[1]
        self._counted = counted
        return total

    def _sizes(self) -> Iterator[tuple[Path, int]]:
        for path in self._paths():
            with suppress(OSError):
                yield path, path.stat().st_size

    def _paths(self) -> list[Path]:
        try:
            with os.scandir(self.directory) as entries:
                return sorted(Path(entry.path) for entry in entries if entry.name.endswith(SUFFIX) and _is_file(entry))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise SpoolError(f"{self.directory} (ARGUS_HISTORY_SPOOL) cannot be read: {error}") from error


def _written(descriptor: int, data: bytes) -> tuple[int, OSError | None]:
    """Write all of it, in as many calls as needed; return the number of bytes written, and the error that ended it."""
    rest, written = memoryview(data), 0
    try:
        while written < len(data):
            written += os.write(descriptor, rest[written:])
    except OSError as error:
        return written, error
    return written, None


def _complete(lines: Sequence[bytes], written: int) -> tuple[int, int]:
    """Return how many whole lines are in the first ``written`` bytes, and their size."""
    size = 0
    for number, line in enumerate(lines):
        if size + len(line) > written:
            return number, size
        size += len(line)
    return len(lines), size


def _same(file: IO[bytes], path: Path) -> bool:
    """Whether a path leads to an open file."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except (FileNotFoundError, NotADirectoryError):
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether it is a file, or a link to one: reading it never blocks."""
    try:
        return entry.is_file()
    except OSError:
        return False


def _opened(path: Path, access: int) -> IO[bytes] | None:
    """Open a file without blocking; return ``None`` if the path leads to something else by now."""
    descriptor = os.open(path, access | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    return None
