"""What a source brings for its history: a :class:`HistoryModel`, named by ``history`` of its specification.

The engine gives every model the same inbox. A model adds typed tables, filled by materialized views, and rollups on
them; it names the columns by which rows are erased, and how long each table is kept. The engine migrates,
deduplicates, expires and erases; queries are the source's own, on :class:`~argus_otel.history.store.query.Queries`.

A model's migrations are files ``0001_name.sql``, ``0002_…``, of templates. Every statement has to be repeatable (``if
not exists``) and has these values to use:

``${database}``, ``${on_cluster}``, ``${cluster}``
    As in ``create table if not exists ${database}.jobs_events${local}${on_cluster}``.
``${local}``
    The suffix of a table that stores rows: empty, or ``_local`` on a cluster, where the table of the name itself is a
    ``Distributed`` one. A statement after the comment ``-- only on a cluster`` makes it.
``${merge_tree}``, ``${aggregating_merge_tree}``, ``${replacing_merge_tree}``
    The engine of a table that stores rows, replicated on a cluster.
``${ttl_TABLE}``
    The ``ttl`` clause of a table of the model's retention; may be empty.
``${rollup_TABLE}``
    The query of a view that fills one of the model's rollups.
``${new_rows}``
    To select from, in the view that fills the model's table of events: the rows of an insert that the model claims and
    has not stored yet. Their columns are those of :data:`~argus_otel.history.store.client.INBOX_COLUMNS`. The table has
    to keep ``time`` and ``event_id``, and to be ordered by ``toStartOfHour(time)`` first. Give ``${new_rows}`` an alias
    and qualify its columns: an unqualified name means the view's own column of that name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]*")


@dataclass(frozen=True, slots=True)
class Retention:
    """How long one kind of data is kept by default.

    Attributes
    ----------
    subject:
        Its name in ``--keep``.
    tables:
        Each table of it, and the SQL of the moment from which a row's age counts.
    default:
        In hours; ``None`` is forever.
    """

    subject: str
    tables: Mapping[str, str]
    default: int | None


@dataclass(frozen=True, slots=True)
class ErasureReference:
    """Something whose rows can be erased: ``argus-otel store forget --KEYWORD ID``.

    Attributes
    ----------
    attribute:
        The attribute that has its id, on rows, spans and log records.
    column:
        The column of the model's tables that has it; rollups may lack it.
    parse:
        Maps what a user types to the value of that column; raises :exc:`ValueError` for a text that is no such id.
    example:
        An id, for ``--help``.
    personal:
        Whether it is a person. Then history has the id or its keyed hash or nothing, as ``ARGUS_HISTORY_USERS`` says;
        rows are erased by both; and rollups have no such column, but may have a sketch.
    """

    attribute: str
    column: str
    parse: Callable[[str], int | str]
    example: str
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Rollup:
    """A table of aggregates of a model's events, by a period and keys.

    Attributes
    ----------
    time:
        The column of the period's start.
    bucket:
        The SQL that makes it of ``time`` of an event.
    keys:
        The other columns by which events are grouped; columns of the table of events too.
    measures:
        The SQL of the aggregated columns that follow, in the order of the table. There has to be a column ``count``.
    sketches:
        By the keyword of a personal reference: the column that counts different people, of the type
        ``AggregateFunction(uniqIf, String, UInt8)``.
    only:
        The SQL condition on the events that are aggregated; empty for all.
    """

    table: str
    time: str
    bucket: str
    keys: tuple[str, ...]
    measures: str
    sketches: Mapping[str, str] = field(default_factory=dict[str, str])
    only: str = ""

    def select(self, events: str, condition: str = "") -> str:
        """Return the SQL that aggregates events, some or all."""
        keys = ", ".join(self.keys)
        where = self.where(condition)
        return (
            f"select {self.bucket} as {self.time}, {keys}, {self.measures} from {events}{where}"
            f" group by {self.time}, {keys}"
        )

    def where(self, condition: str = "") -> str:
        """Return the SQL clause that leaves the events that are aggregated, of those that fulfil a condition."""
        conditions = [f"({each})" for each in (self.only, condition) if each]
        return f" where {' and '.join(conditions)}" if conditions else ""


@dataclass(frozen=True, eq=False)
class HistoryModel:
    """The history of one source.

    Attributes
    ----------
    name:
        The source's. The names of its tables begin with it.
    package:
        The package whose directory ``schema`` has the migrations.
    events:
        The table of events, which the view on the inbox fills.
    prefixes, attributes:
        The events that it claims: those whose name begins with such a word and a dot, and those that have such an
        attribute, such as an event of the program's own code. Events that no model claims are kept by the engine.
    resource:
        Attributes of the resource that rows have to have.
    references:
        By keyword.
    rollups, retention:
        Of its tables.
    others:
        Other tables that views fill, which have the columns of all references too: rows are erased from them as from
        the table of events.
    """

    name: str
    package: str
    events: str
    prefixes: tuple[str, ...]
    attributes: tuple[str, ...] = ()
    resource: tuple[str, ...] = ()
    references: Mapping[str, ErasureReference] = field(default_factory=dict[str, ErasureReference])
    rollups: tuple[Rollup, ...] = ()
    retention: tuple[Retention, ...] = ()
    others: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # These become parts of statements.
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is not a name of letters, digits and underscores")
        tables = {self.events, *self.others, *(rollup.table for rollup in self.rollups)}
        tables.update(table for kept in self.retention for table in kept.tables)
        for table in tables:
            if not _NAME.fullmatch(table) or not table.startswith(f"{self.name}_"):
                raise ValueError(f"the table {table!r} of the model {self.name} has to be called {self.name}_…")
        for name in (*self.prefixes, *self.attributes, *(each.attribute for each in self.references.values())):
            if not _ATTRIBUTE.fullmatch(name):
                raise ValueError(f"{name!r} of the model {self.name} is not a name of events or attributes")

    @property
    def claim(self) -> str:
        """The SQL condition on rows of the inbox that the model claims."""
        conditions = [f"startsWith(event, '{prefix}.')" for prefix in self.prefixes]
        if self.attributes:
            names = ", ".join(f"'{name}'" for name in self.attributes)
            conditions.append(f"hasAny(mapKeys(attributes), [{names}])")
        return f"({' or '.join(conditions)})" if conditions else "false"

    def claims(self, event: str, attributes: Collection[str]) -> bool:
        """Whether the model claims an event of this name and with these attributes, as :attr:`claim` says in SQL."""
        named = any(event.startswith(f"{prefix}.") for prefix in self.prefixes)
        return named or any(name in attributes for name in self.attributes)

    @property
    def personal_attributes(self) -> frozenset[str]:
        """The attributes that have ids of people."""
        return frozenset(each.attribute for each in self.references.values() if each.personal)
