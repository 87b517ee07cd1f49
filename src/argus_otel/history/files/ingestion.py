"""Brings the rows of daily files into a store. Rows that the store has already are left out by their ids."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from argus_otel.history.record.codec import decoded
from argus_otel.history.row import Row
from argus_otel.history.store.client import BLOCK, Store
from argus_otel.history.store.errors import StatementRefusedError, StoreError

from .compression import Lines
from .kept_since import KeptSince

Progress = Callable[[int, int], None]
"""Called with the number of rows and of compressed bytes that were read so far."""

_BATCH_SIZE = 16 << 20

# As the writer begins each line.
_TIME = re.compile(rb'\{"time":(-?\d{1,19})[,}]')

# The engine reads so small a number as seconds. It is a clock that was never set.
_NEAR_1970 = re.compile(rb'"time":-?\d{1,10}[,}]')


@dataclass(slots=True)
class Ingested:
    """What was read.

    Attributes
    ----------
    rows:
        How many rows, including those that the store had already.
    too_old:
        How many rows were left out because of their age.
    damaged:
        By the name of a file: how many lines, or stretches of bytes, could not be read. Other files are left out.
    """

    rows: int = 0
    too_old: int = 0
    damaged: dict[str, int] = field(default_factory=dict[str, int])


class Ingestion:
    """Reads files into a store, in batches that may have lines of several files.

    Parameters
    ----------
    stored:
        Called when all lines of some files are in the store: for each file, by its name, where a later reading may
        start, and how much of it was read.
    kept:
        Says which rows are too old, and left out. By default all are read.
    """

    def __init__(
        self,
        store: Store,
        progress: Progress | None = None,
        stored: Callable[[Mapping[str, tuple[int, int]]], None] | None = None,
        kept: KeptSince | None = None,
    ) -> None:
        self.result = Ingested()
        self._store = store
        self._progress = progress
        self._stored = stored
        self._kept = kept
        self._lines: dict[str, list[bytes]] = {}
        self._number = self._size = 0
        self._bytes = 0
        self._read: dict[str, tuple[int, int]] = {}

    def run(self, files: Iterable[tuple[Path, int]]) -> Ingested:
        """Read files from the given bytes on, and insert their rows.

        Raises
        ------
        StoreError
            A file cannot be read, or the store failed. Doing all of it again is safe.
        """
        for path, start in files:
            lines = Lines(path, start)
            before = self._bytes
            try:
                for line in lines:
                    self._add(path.name, line, before + lines.position - start)
            except FileNotFoundError:  # its day has been removed meanwhile
                continue
            except OSError as error:
                raise StoreError(f"{path} cannot be read: {error.strerror or error}") from error
            self._bytes = before + lines.position - start
            self._count_damage(path.name, lines.damaged)
            self._read[path.name] = lines.resume, lines.position
        self._flush(self._bytes)
        return self.result

    def _add(self, name: str, line: bytes, read: int) -> None:
        if self._kept is not None and _is_too_old(line, self._kept):
            self.result.too_old += 1
            return
        self._lines.setdefault(name, []).append(line)
        self._number += 1
        self._size += len(line)
        if self._number >= BLOCK or self._size >= _BATCH_SIZE:
            self._flush(read)

    def _flush(self, read: int) -> None:
        if self._lines:
            self._insert()
            self._lines, self._number, self._size = {}, 0, 0
        if self._stored:
            self._stored(self._read)
        self._read = {}
        if self._progress:
            self._progress(self.result.rows, read)

    def _insert(self) -> None:
        lines = b"".join(line for each in self._lines.values() for line in each)
        # The writer escapes all other characters. The engine is less strict with damaged lines than we are.
        if lines.isascii() and not _NEAR_1970.search(lines):
            try:
                self._store.insert_lines(lines)
            except StatementRefusedError:
                pass
            else:
                self.result.rows += self._number
                return
        rows: list[Row] = []
        for name, each in self._lines.items():
            found = [row for row in map(decoded, each) if row is not None]
            self._count_damage(name, len(each) - len(found))
            rows += found
        self._store.insert(rows)
        self.result.rows += len(rows)

    def _count_damage(self, name: str, number: int) -> None:
        if number:
            self.result.damaged[name] = self.result.damaged.get(name, 0) + number


def _is_too_old(line: bytes, kept: KeptSince) -> bool:
    """Whether a line has a row that is too old; a damaged line has none."""
    found = _TIME.match(line)
    if kept.latest is None or (found and int(found[1]) >= kept.latest):
        return False
    row = decoded(line)
    return row is not None and kept.is_too_old(row)
