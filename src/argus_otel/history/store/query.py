"""What the queries of every model share: a connection, a range of time, and statements in files of SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from importlib import resources
from string import Template
from types import TracebackType
from typing import Any, TypeVar

from argus_otel.history.models import installed_schema

from .address import Address, parse
from .client import BUSY_TIMEOUT, Store, connect
from .migrations import ensure
from .time_range import TimeRange

T = TypeVar("T")
Q = TypeVar("Q", bound="Queries")


@dataclass(frozen=True, slots=True)
class QueryContext:
    """A statement's range of time, its template's words, and the values that the engine binds.

    Attributes
    ----------
    package:
        The package whose directory ``sql`` has the statements.
    words:
        For ``${…}`` in a statement: SQL of the source's own, never input.
    values:
        For ``{name:Type}`` in a statement: input, which the engine binds.
    """

    package: str
    range: TimeRange
    words: Mapping[str, str]
    values: Mapping[str, object]

    @property
    def bound(self) -> dict[str, object]:
        """All values that the engine binds; the range is ``since`` and ``until``, in seconds since 1970."""
        return {"since": self.range.since, "until": self.range.until, **self.values}

    def sql(self, name: str, **words: str) -> str:
        """Return a statement of the directory ``sql``, or a part of one, with its words filled in."""
        return Template(Template(_text(self.package, name)).safe_substitute(words)).substitute(self.words)


@cache
def _text(package: str, name: str) -> str:
    return (resources.files(package) / "sql" / f"{name}.sql").read_text(encoding="utf-8")


class Queries:
    """Base class of a source's queries. Made by :meth:`open`.

    Attributes
    ----------
    store:
        For statements of your own.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    @classmethod
    def open(cls: type[Q], address: str | Address, progress: Callable[[int, int], None] | None = None) -> Q:
        """Open a store, and check that its tables are those of this release and the installed sources.

        Parameters
        ----------
        address:
            ``clickhouse://user:password@host:8123/database``, ``clickhouses://…``, ``chdb:DIRECTORY`` or
            ``files:DIRECTORY``. Files are loaded into an embedded store first, where an engine has to be installed.
        progress:
            While files are loaded, called with the number of rows and of compressed bytes that were read.

        Raises
        ------
        StoreError
            It cannot be opened, or is missing the tables.
        """
        schema = installed_schema()
        if isinstance(address, str):
            address = parse(address)
        if address.files is not None:
            from argus_otel.history.files.queryable import open_files

            return cls(open_files(address, schema, progress))
        store = connect(address, busy_timeout=BUSY_TIMEOUT, create=False)
        try:
            ensure(store, schema)
        except BaseException:
            store.close()
            raise
        return cls(store)

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def __enter__(self: Q) -> Q:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _select(self, result: type[T], query: str, context: QueryContext, **words: str) -> list[T]:
        """Run a query, and make a result of each row."""
        return [result(*row) for row in self._rows(query, context, **words)]

    def _rows(self, query: str, context: QueryContext, **words: str) -> list[tuple[Any, ...]]:
        rows = self.store.query(context.sql(query, **words), context.bound)
        return [tuple(map(_with_zone, row)) for row in rows]


def _with_zone(value: Any) -> Any:
    """Return a moment with its time zone, which the client leaves out; any other value unchanged."""
    return value.replace(tzinfo=timezone.utc) if isinstance(value, datetime) and value.tzinfo is None else value
