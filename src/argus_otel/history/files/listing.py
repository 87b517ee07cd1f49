"""The names of daily files: ``2026-11-29.01764374400000000000-4711-1.jsonl.gz``, the day, and what makes it unique.

Each file is written by one process and only ever grows. When rows are erased from it, a new file with another name
takes its place. So a name and a number of bytes tell what a reader has seen already.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path

from argus_otel.history.record.locks import lock

SUFFIX = ".jsonl.gz"
LOCK = ".lock"
"""The file whose lock writers share, and which an erasure has for itself."""

_NAME = re.compile(r"(\d{4}-\d\d-\d\d)\.([\w-]+)" + re.escape(SUFFIX))


class FilesError(Exception):
    """The directory cannot be used. The message names it and the reason."""


@dataclass(frozen=True, slots=True)
class DayFile:
    """One daily file.

    Attributes
    ----------
    day:
        When it was written, UTC. A row that began before midnight and ended after it is in the file of its end.
    size:
        In bytes.
    """

    path: Path
    day: date
    size: int


def listed(directory: Path) -> list[DayFile]:
    """Return the daily files of a directory, the oldest first; none if it does not exist.

    Raises
    ------
    FilesError
        The directory cannot be read.
    """
    try:
        with os.scandir(directory) as entries:
            return sorted(_day_files(entries), key=lambda file: file.path.name)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise FilesError(f"{directory} cannot be read: {error.strerror or error}") from error


def _day_files(entries: Iterator[os.DirEntry[str]]) -> Iterator[DayFile]:
    for entry in entries:
        day = _day_of(entry.name)
        with suppress(OSError):  # removed meanwhile
            if day is not None and entry.is_file():
                yield DayFile(Path(entry.path), day, entry.stat().st_size)


def _day_of(name: str) -> date | None:
    found = _NAME.fullmatch(name)
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def today() -> date:
    """Return the day, UTC."""
    return datetime.now(timezone.utc).date()


def new_path(directory: Path, day: date, number: int) -> Path:
    """Return a name that no file has had.

    Parameters
    ----------
    number:
        A different one for each file of this process.
    """
    return directory / f"{day.isoformat()}.{time.time_ns():020}-{os.getpid()}-{number}{SUFFIX}"


@contextmanager
def locked(directory: Path, *, shared: bool) -> Generator[bool]:
    """Hold the directory's lock, and yield whether it could be had: an erasure excludes writers, and they exclude it.

    Raises
    ------
    OSError
        The file of the lock cannot be opened.
    """
    descriptor = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield lock(descriptor, shared=shared)
    finally:
        os.close(descriptor)
