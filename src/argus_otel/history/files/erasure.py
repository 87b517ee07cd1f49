"""Erases the rows of one reference from daily files, also while processes write to them."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from argus_otel.history.directories import sync_names
from argus_otel.history.record.codec import decoded
from argus_otel.history.row import text_of
from argus_otel.history.store.erasure import identities
from argus_otel.history.store.errors import InUseError, StoreError
from argus_otel.history.store.schema import Schema

from .compression import Compressor, Lines
from .listing import DayFile, FilesError, listed, locked, new_path
from .queryable import remove_cache

_DRAFT = ".erasing"
_WAIT = 10.0
_LINES = 1000


@dataclass(frozen=True, slots=True)
class ErasedFromFiles:
    """What was erased.

    Attributes
    ----------
    rows, files:
        How many rows were deleted, and how many files had them.
    damaged:
        How many lines or stretches of bytes in other files could not be read, and so not be searched.
    """

    rows: int
    files: int
    damaged: int


def erase_from_files(
    directory: Path, schema: Schema, keyword: str, identifier: str, key: str | None = None
) -> ErasedFromFiles:
    """Erase all rows of a reference, as :func:`argus_otel.history.store.erasure.erase` does from a store.

    Each file that has such a row is replaced by one without it. Meanwhile, processes that write to the directory keep
    their rows in memory. What queries have loaded is removed too.

    Raises
    ------
    ValueError
        No model has the reference, or the identifier is none.
    StoreError
        A file cannot be read or replaced. Running it again erases the rest.
    """
    references = [model.references[keyword] for model in schema.models if keyword in model.references]
    if not references:
        raise ValueError(f"no installed source has the reference {keyword!r}")
    wanted = {each.attribute: {str(name) for name in identities(each, identifier, key)} for each in references}
    rows = changed = damaged = 0
    try:
        for draft in directory.glob(f"{_DRAFT}*"):  # of an erasure that was interrupted
            draft.unlink()
        for number, file in enumerate(listed(directory)):
            erased, unreadable = _erase(file, wanted, number)
            rows += erased
            changed += bool(erased)
            damaged += 0 if erased else unreadable
    except FilesError as error:
        raise StoreError(str(error)) from error
    except OSError as error:
        raise StoreError(f"{directory} cannot be changed: {error.strerror or error}") from error
    remove_cache(directory)
    return ErasedFromFiles(rows, changed, damaged)


def _erase(file: DayFile, wanted: dict[str, set[str]], number: int) -> tuple[int, int]:
    """Replace one file by one without some rows; return how many these were, and how much was not readable."""
    directory = file.path.parent
    deadline = time.monotonic() + _WAIT
    while True:
        with locked(directory, shared=False) as free:
            if free:
                return _replace(file, wanted, number)
        if time.monotonic() > deadline:
            raise InUseError(f"{directory} is being written without a pause: run it again")
        time.sleep(0.01)


def _replace(file: DayFile, wanted: dict[str, set[str]], number: int) -> tuple[int, int]:
    lines = Lines(file.path)
    needles = [name.encode() for names in wanted.values() for name in names]
    kept: list[bytes] = []
    erased = 0
    try:
        for line in lines:
            if any(needle in line for needle in needles) and _is_of(line, wanted):
                erased += 1
            else:
                kept.append(line)
    except FileNotFoundError:  # its day has been removed meanwhile
        return 0, 0
    if erased:
        if kept:
            draft = file.path.with_name(f"{_DRAFT}-{file.path.name}")
            _write(draft, kept)
            # A new name: a process that writes to the old one notices, and so does what queries have loaded.
            draft.replace(new_path(file.path.parent, file.day, number))
        file.path.unlink()
        sync_names(file.path.parent)
    return erased, lines.damaged


def _is_of(line: bytes, wanted: dict[str, Collection[str]] | dict[str, set[str]]) -> bool:
    """Whether a line has one of the references; a damaged line that may have one counts as having it."""
    row = decoded(line)
    if row is None:
        return True
    return any(name in row.attributes and text_of(row.attributes[name]) in ids for name, ids in wanted.items())


def _write(path: Path, lines: Iterable[bytes]) -> None:
    compressor = Compressor()
    remaining = list(lines)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for start in range(0, len(remaining), _LINES):
            file.write(compressor.compressed(b"".join(remaining[start : start + _LINES])))
            compressor.written()
        file.write(compressor.end())
        file.flush()
        os.fsync(file.fileno())
