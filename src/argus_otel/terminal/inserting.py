"""Writes rows into a store or a directory of daily files, for commands that import."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Protocol

from argus_otel.history.files.listing import FilesError
from argus_otel.history.files.writer import DayFileWriter
from argus_otel.history.models import installed_schema
from argus_otel.history.row import Row
from argus_otel.history.store import migrations
from argus_otel.history.store.address import Address
from argus_otel.history.store.client import BUSY_TIMEOUT, Store, connect
from argus_otel.history.store.errors import StoreError

_BATCH = 20_000
_NO_LIMIT = 1 << 62
_DAYS = 36_500


class Target(Protocol):
    """What rows are written to.

    Attributes
    ----------
    store:
        To ask what is there already; ``None`` for files, of which a query leaves out rows that are there twice.
    """

    store: Store | None

    def insert(self, rows: Sequence[Row]) -> None:
        """Write rows; raises :class:`StoreError`."""
        ...


class _StoreTarget:
    def __init__(self, store: Store) -> None:
        self.store: Store | None = store
        self.insert = store.insert


class _FilesTarget:
    def __init__(self, directory: Path) -> None:
        self.store: Store | None = None
        self.writer = DayFileWriter(directory, _NO_LIMIT, _DAYS, lambda _rows, _reason: None)

    def insert(self, rows: Sequence[Row]) -> None:
        if not self.writer.append(rows):
            raise StoreError(f"{self.writer.directory} cannot be written")


@contextmanager
def opened(address: Address) -> Generator[Target]:
    """Open a store, whose tables have to be those of this release, or a directory of files, for writing.

    Raises
    ------
    StoreError
        It cannot be opened, or is missing the tables.
    """
    if address.files is not None:
        target = _FilesTarget(Path(address.files))
        try:
            target.writer.check()
        except FilesError as error:
            raise StoreError(str(error)) from error
        try:
            yield target
        finally:
            target.writer.close()
        return
    with connect(address, busy_timeout=BUSY_TIMEOUT) as store:
        migrations.ensure(store, installed_schema())
        yield _StoreTarget(store)


def batches(rows: Iterable[Row]) -> Generator[list[Row]]:
    """Yield rows, as many together as one insert should have."""
    left = iter(rows)
    while batch := list(islice(left, _BATCH)):
        yield batch
