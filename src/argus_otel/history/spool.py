"""Events that wait on disk until they can be delivered.

A directory of segments, each a file of JSON lines. Whoever has a segment open, to write it or to deliver it, holds a
lock on it, which ends with the process: so several processes can share a directory, and what one leaves behind when it
is killed, the next one delivers. What was appended has been synced to the disk. A full directory takes no more events,
which are then dropped and counted: what is in it is never thrown away for newer ones.
"""

from __future__ import annotations

import json
import os
import time
import uuid
import weakref
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import IO, Any

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


class SpoolError(Exception):
    """The directory cannot be used. The message names it, and says why."""


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
        """Remove it, as it has been delivered."""
        if os.name == "nt":  # where no open file can be removed
            self._file.close()
        with suppress(FileNotFoundError):
            self._path.unlink()
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
            They cannot be written, and none of them is.
        """
        lines = [encoded(row) for row in rows]
        try:
            room = self._limit - self.size()
            kept: list[bytes] = []
            for line in lines:
                room -= len(line)
                if room < 0:
                    break
                kept.append(line)
            if kept:
                self._write(b"".join(kept))
        except OSError as error:
            raise SpoolError(f"{self.directory} (ARGUS_HISTORY_SPOOL) cannot be written: {error}") from error
        return len(kept)

    def _write(self, data: bytes) -> None:
        file = self._segment()
        start = file.tell()
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):  # so that nothing is in it twice when it is tried again
                os.ftruncate(file.fileno(), start)
            self.close()
            raise
        if file.tell() >= SEGMENT_SIZE:
            self.close()

    def _segment(self) -> IO[bytes]:
        if self._open is None:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._open, self._open_path = self._begun()
            _sync_directory(self.directory)
        return self._open

    def _begun(self) -> tuple[IO[bytes], Path]:
        while True:
            self._made += 1
            # By age, so that segments are delivered in the order in which they were begun.
            path = self.directory / f"{time.time_ns():020}-{os.getpid()}-{self._made}{SUFFIX}"
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            file = os.fdopen(descriptor, "wb", buffering=0)
            self._files.add(file)
            if lock(file.fileno()):
                return file, path
            file.close()  # another process has claimed it in the moment between: it finds it empty, and removes it

    def close(self) -> None:
        """End the segment that is being written, so that it can be delivered."""
        if self._open is not None:
            self._open.close()
            self._open = self._open_path = None

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
            The directory, or a file in it, cannot be read.
        """
        for path in self._paths():
            if path == self._open_path:
                continue
            segment = self._claimed(path)
            if segment is not None:
                yield segment

    def _claimed(self, path: Path) -> Segment | None:
        try:
            file = path.open("r+b")  # whoever claims it closes it
            self._files.add(file)
        except FileNotFoundError:  # delivered by another process meanwhile
            return None
        except OSError as error:
            raise SpoolError(f"{path} (ARGUS_HISTORY_SPOOL) cannot be read: {error}") from error
        try:
            if not lock(file.fileno()) or not path.exists():
                file.close()
                return None
            return Segment(path, file)
        except OSError as error:
            file.close()
            raise SpoolError(f"{path} (ARGUS_HISTORY_SPOOL) cannot be read: {error}") from error

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
                    known = size, path.read_bytes().count(b"\n")
                except OSError:
                    continue
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
            return sorted(path for path in self.directory.iterdir() if path.suffix == SUFFIX)
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
    """Return the row that a line holds, or ``None`` where it holds none."""
    try:
        facts = json.loads(line)
        row = Row(**{name: fact for name, fact in facts.items() if name in _FIELDS})
        uuid.UUID(row.event_id)
        whole = line.endswith(b"\n") and all(isinstance(getattr(row, name), kind) for name, kind in _TYPES.items())
        in_range = row.shard in range(-1, 2**31) and all(n in range(1 << 64) for n in (row.guild_id, row.channel_id))
        text = {str}.issuperset(type(each) for pair in row.attributes.items() for each in pair)
    except (ValueError, TypeError, AttributeError):
        return None
    # A store would refuse a whole batch for one row that is none.
    return row if whole and in_range and text else None


def _sync_directory(directory: Path) -> None:
    """Have the names in a directory on the disk too, where a system can do that."""
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
