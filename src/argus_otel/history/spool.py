"""Events that wait on disk until they can be delivered.

A directory of segments, each a file of JSON lines. Whoever has a segment open, to write it or to deliver it, holds a
lock on it, which ends with the process: so several processes can share a directory, and what one leaves behind when it
is killed, the next one delivers. What was appended has been synced to the disk. A full directory takes no more events,
which are then dropped and counted: what is in it is never thrown away for newer ones.
"""

from __future__ import annotations

import json
import math
import os
import stat
import time
import uuid
import weakref
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import IO, Any

from .directories import make_private, sync_names
from .locks import lock
from .rows import Row

SEGMENT_SIZE = 1 << 20
"""About how many bytes a segment has."""

SUFFIX = ".events"

_DEFAULTS: dict[str, Any] = {
    "cluster": "",
    "shard": -1,
    "guild_id": 0,
    "channel_id": 0,
    "user": "",
    "command": "",
    "type": "",
    "outcome": "",
    "error": "",
    "duration": 0.0,
    "attributes": {},
}
_FIELDS = tuple(field.name for field in fields(Row))
_TYPES: dict[str, type | tuple[type, ...]] = {
    **{name: type(value) for name, value in _DEFAULTS.items()},
    "time": int,
    "event": str,
    "service": str,
    "duration": (int, float),
}


_TIMES = range(2**63 // 1000)  # in nanoseconds, as OTLP counts, they have to fit 64 bits
_SHARDS = range(-1, 2**31)
_SNOWFLAKES = range(1 << 64)


class SpoolError(Exception):
    """The directory cannot be used. The message names it, and says why.

    Attributes
    ----------
    kept:
        How many of the rows that were being appended are on the disk nevertheless: the first ones.
    """

    def __init__(self, message: str, kept: int = 0) -> None:
        super().__init__(message)
        self.kept = kept


class Segment:
    """A segment that nobody else has, to be read and then either removed or left.

    Attributes
    ----------
    rows:
        What is in it, in the order in which it was written.
    torn:
        How many of its lines are no events, as the last one that a killed process wrote may be.
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
        """Remove it, as it has been delivered. Of a link to a file, the link is removed.

        Raises
        ------
        SpoolError
            It cannot be removed, and will be delivered again.
        """
        if os.name == "nt":  # where no open file can be removed
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
        """Leave it for another time, or for another process."""
        self._file.close()


class Spool:
    """One directory, as one process uses it. Not for several threads at once.

    Parameters
    ----------
    limit:
        How many bytes the directory may hold.
    """

    def __init__(self, directory: Path, limit: int) -> None:
        self.directory = directory
        self._limit = limit
        self._open: IO[bytes] | None = None
        self._open_path: Path | None = None
        self._made = 0
        self._files: weakref.WeakSet[IO[bytes]] = weakref.WeakSet()
        self._counted: dict[Path, tuple[int, int]] = {}

    def check(self) -> None:
        """Find out whether it can be used. A directory that is not there yet is made when it is needed.

        Raises
        ------
        SpoolError
            It cannot.
        """
        there = self.directory
        while not there.exists() and there != there.parent:
            there = there.parent
        if not there.is_dir():
            raise SpoolError(f"ARGUS_HISTORY_SPOOL is {str(self.directory)!r}, but {there} is no directory")
        if not os.access(there, os.R_OK | os.W_OK | os.X_OK):
            raise SpoolError(
                f"ARGUS_HISTORY_SPOOL is {str(self.directory)!r}, but this process cannot write in {there}: "
                "let it, or name another directory"
            )

    # -- writing

    def append(self, rows: Sequence[Row]) -> int:
        """Write rows to the disk; return how many of them had room.

        Raises
        ------
        SpoolError
            They cannot be written; its ``kept`` tells how many are.
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
        room = self._limit - self.size()
        for number, line in enumerate(lines):
            room -= len(line)
            if room < 0:
                return lines[:number]
        return lines

    def _write(self, lines: list[bytes]) -> int:
        """Write lines to one segment; return how many of them it has, synced: all, unless the disk has no more room.

        Raises
        ------
        OSError
            It has none of them.
        """
        file = self._segment()
        descriptor, start = file.fileno(), file.seek(0, os.SEEK_END)
        synced = False
        try:
            written, broken = _written(descriptor, b"".join(lines))
            kept, size = _whole(lines, written)
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
                self._take_back(start)
        if broken is not None or start + size >= SEGMENT_SIZE:
            self.close()
        return kept

    def _take_back(self, start: int) -> None:
        """Cut the segment off where it ended before, so that nothing is in it twice when it is tried again."""
        path = self._open_path
        if self._open is not None:
            with suppress(OSError):
                os.ftruncate(self._open.fileno(), start)
        self.close()
        if start == 0 and path is not None:  # or a disk that stays full would get one more empty file at each attempt
            with suppress(OSError):
                path.unlink()

    def _segment(self) -> IO[bytes]:
        if self._open is not None and not self._in_place():
            self.close()  # it was removed, or its directory moved away
        if self._open is None:
            make_private(self.directory)
            self._open, self._open_path = self._begun()
            sync_names(self.directory)
        return self._open

    def _begun(self) -> tuple[IO[bytes], Path]:
        while True:
            self._made += 1
            # By age, so that segments are delivered in the order in which they were begun.
            path = self.directory / f"{time.time_ns():020}-{os.getpid()}-{self._made}{SUFFIX}"
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            file = os.fdopen(descriptor, "wb", buffering=0)
            self._files.add(file)
            if lock(file.fileno()) and _same(file, path):
                return file, path
            file.close()  # another process has claimed it in the moment between, found it empty, and removed it

    def _in_place(self) -> bool:
        return self._open is not None and self._open_path is not None and _same(self._open, self._open_path)

    def close(self) -> None:
        """End the segment that is being written, so that it can be delivered."""
        file, self._open, self._open_path = self._open, None, None
        if file is not None:
            with suppress(OSError):  # what it has is synced
                file.close()

    def drop_in_child(self) -> None:
        """After a fork, in the child: close its copies of the files, with which the parent's locks would live on."""
        for file in tuple(self._files):
            getattr(file, "raw", file).close()  # a buffer may have been in use, and locked, as the process forked
        self._open = self._open_path = None

    # -- delivering

    def claim(self) -> Iterator[Segment]:
        """Iterate over the segments that nobody has, the oldest first. Each has to be removed or left.

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
            # For writing too, since some file systems lock nothing else. The claimant closes it.
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
        """Remove the directory when nothing waits in it."""
        with suppress(OSError):
            self.directory.rmdir()

    # -- how much there is

    def size(self) -> int:
        """Return how many bytes wait, of all processes."""
        return sum(size for _, size in self._sizes())

    def waiting(self) -> int:
        """Return how many events wait, of all processes."""
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


def encoded(row: Row) -> bytes:
    """Return a row as a line. What it has by default is left out."""
    facts = {name: getattr(row, name) for name in _FIELDS}
    facts = {name: fact for name, fact in facts.items() if name not in _DEFAULTS or fact != _DEFAULTS[name]}
    return json.dumps(facts, separators=(",", ":")).encode() + b"\n"


def decoded(line: bytes) -> Row | None:
    """Return the row that a line holds, or ``None`` where it holds none: a store would refuse a whole batch for it."""
    try:
        facts = json.loads(line)
        row = Row(**{name: fact for name, fact in facts.items() if name in _FIELDS})
        uuid.UUID(row.event_id)
        return row if line.endswith(b"\n") and _sound(row) else None
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def _sound(row: Row) -> bool:
    # First of all: asked for what is no whole number, a range would try every number that it has.
    if not all(isinstance(getattr(row, name), kind) for name, kind in _TYPES.items()):
        return False
    pairs = [each for pair in row.attributes.items() for each in pair]
    if not {str}.issuperset(map(type, pairs)):
        return False
    # Half of a surrogate pair, which JSON may hold, can be sent nowhere.
    "".join((row.event_id, *(getattr(row, name) for name, kind in _TYPES.items() if kind is str), *pairs)).encode()
    in_range = row.time in _TIMES and row.shard in _SHARDS and math.isfinite(row.duration)
    return in_range and row.guild_id in _SNOWFLAKES and row.channel_id in _SNOWFLAKES


def _written(descriptor: int, data: bytes) -> tuple[int, OSError | None]:
    """Write all, in as many steps as the system takes; return how many bytes were taken, and what then went wrong."""
    rest, written = memoryview(data), 0
    try:
        while written < len(data):
            written += os.write(descriptor, rest[written:])
    except OSError as error:
        return written, error
    return written, None


def _whole(lines: Sequence[bytes], written: int) -> tuple[int, int]:
    """Return how many lines are whole in so many bytes, and how many bytes they have."""
    size = 0
    for number, line in enumerate(lines):
        if size + len(line) > written:
            return number, size
        size += len(line)
    return len(lines), size


def _same(file: IO[bytes], path: Path) -> bool:
    """Whether an open file is what a path leads to."""
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
    """Open a file without waiting; return ``None`` where something else has taken its name meanwhile."""
    descriptor = os.open(path, access | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    return None
