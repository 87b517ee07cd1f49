"""Imports a directory of daily files into a store: ``argus-otel store import``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from argus_otel.history.store import migrations
from argus_otel.history.store.client import Store
from argus_otel.history.store.errors import StoreError
from argus_otel.history.store.schema import UNCLAIMED, Layout, Schema

from .compression import Lines
from .ingestion import Ingestion, Progress
from .listing import FilesError, listed


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did.

    Attributes
    ----------
    files, rows:
        How many were read.
    new:
        How many rows the store did not have. Rows that others stored meanwhile are among them.
    too_old:
        How many rows were left out, since they are older than the store keeps events: it could not tell whether it has
        counted them before.
    damaged:
        By the name of a file, how many lines or stretches of bytes could not be read.
    """

    files: int
    rows: int
    new: int
    too_old: int
    damaged: Mapping[str, int]


def import_files(store: Store, schema: Schema, directory: Path, progress: Progress | None = None) -> Imported:
    """Import a directory into an open store. It may be repeated, and a bot may still be writing to the directory.

    Raises
    ------
    StoreError
        The directory cannot be read, or the store failed. Running it again imports the rest.
    """
    layout = migrations.ensure(store, schema)
    try:
        files = listed(directory)
    except FilesError as error:
        raise StoreError(str(error)) from error
    if not files:
        raise StoreError(f"{directory} has no daily files of history")
    oldest = _oldest_day(store, schema, layout)
    usable = [file for file in files if file.day > oldest]
    too_old = sum(sum(1 for _ in Lines(file.path)) for file in files if file.day <= oldest)
    before = _rows(store, schema)
    result = Ingestion(store, progress).run((file.path, 0) for file in usable)
    return Imported(len(usable), result.rows, max(0, _rows(store, schema) - before), too_old, result.damaged)


def _oldest_day(store: Store, schema: Schema, layout: Layout) -> date:
    """Return the latest day of which the store may have deleted events."""
    kept = migrations.kept(store, schema, layout)
    tables = {UNCLAIMED, *(model.events for model in schema.models)}
    hours = [kept.get(each.subject) for each in schema.retention if tables.intersection(each.tables)]
    finite = [number for number in hours if number is not None]
    if not finite:
        return date.min
    return (datetime.now(timezone.utc) - timedelta(hours=min(finite))).date()


def _rows(store: Store, schema: Schema) -> int:
    tables = (UNCLAIMED, *(model.events for model in schema.models))
    return sum(int(store.query(f"select count() from {table}")[0][0]) for table in tables)
