"""Imports a directory of daily files into a store: ``argus-otel store import``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from argus_otel.history.store import migrations
from argus_otel.history.store.client import Store
from argus_otel.history.store.errors import StoreError
from argus_otel.history.store.schema import UNCLAIMED, Schema

from .ingestion import Ingestion, Progress
from .kept_since import KeptSince
from .listing import FilesError, listed


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did.

    Attributes
    ----------
    files, rows:
        How many were read; rows without those that were left out.
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
    before = _rows(store, schema)
    ingestion = Ingestion(store, progress, kept=KeptSince.of(store, schema, layout))
    result = ingestion.run((file.path, 0) for file in files)
    new = max(0, _rows(store, schema) - before)
    return Imported(len(files), result.rows, new, result.too_old, result.damaged)


def _rows(store: Store, schema: Schema) -> int:
    tables = (UNCLAIMED, *(model.events for model in schema.models))
    return sum(int(store.query(f"select count() from {table}")[0][0]) for table in tables)
