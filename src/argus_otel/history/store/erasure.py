"""Erases the rows of one reference, such as a person, from everything that a store has.

Rows are deleted from disk, not hidden: each statement rewrites the parts that have them, and has done so when it
returns. On a large store that takes as long as reading it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from argus_otel.history.record.pseudonyms import hashed

from .client import Store
from .migrations import check
from .model import ErasureReference, HistoryModel, Rollup
from .rollup_rebuild import RollupRebuild
from .schema import UNCLAIMED, Layout, Schema

Progress = Callable[[str], None]

_TRACES_AT_ONCE = 1000
"""The most trace ids in one statement: a server accepts a text of 256 KiB."""

_DONE = "settings mutations_sync = 2, allow_nondeterministic_mutations = 1"


@dataclass(frozen=True, slots=True)
class Erased:
    """The rows that were erased from one table.

    Attributes
    ----------
    rows:
        How many rows were deleted. Rows of rollups in which a person took part were rebuilt, or lost their sketch.
    """

    table: str
    rows: int


def erase(
    store: Store,
    schema: Schema,
    keyword: str,
    identifier: str,
    key: str | None = None,
    progress: Progress | None = None,
) -> list[Erased]:
    """Erase all rows of a reference: from traces, logs, unclaimed events, and the tables of each model that has it.

    A trace is deleted as a whole, with all its spans and logs, if one of its spans has the reference.

    A person is looked for by the plain id and, with ``key``, by its keyed hash. Rollups have no rows of a person, nor
    of a reference whose column they lack, but counts in which it took part. Rows of rollups whose events are all still
    stored are rebuilt without it. In older ones the sketch that counts different people is emptied if the person is in
    it: other counts stay, and no person can be found in them.

    Parameters
    ----------
    keyword:
        The reference's, such as ``user``.
    key:
        ``ARGUS_HISTORY_USER_KEY``, as it was when the rows were written.
    progress:
        Called with a description of the next step.

    Raises
    ------
    ValueError
        No model has the reference, or the identifier is none.
    StoreError
        A statement failed. Running it again erases the rest.
    """
    models = [(model, model.references[keyword]) for model in schema.models if keyword in model.references]
    if not models:
        raise ValueError(f"no installed source has the reference {keyword!r}")
    job = _Erasure(store, check(store, schema), progress or (lambda _: None))
    attributes = {reference.attribute: identities(reference, identifier, key) for _, reference in models}
    erased = [each for attribute, values in attributes.items() for each in job.telemetry(attribute, values)]
    for model, reference in models:
        values = identities(reference, identifier, key)
        erased += job.model(model, keyword, reference, values)
    return erased


def identities(reference: ErasureReference, identifier: str, key: str | None) -> list[int | str]:
    """Return the values that a column may have for an identifier: of a person the id and, with a key, its hash.

    Raises
    ------
    ValueError
        The identifier is none.
    """
    value = reference.parse(identifier)
    return [value, hashed(str(value), key)] if reference.personal and key else [value]


class _Erasure:
    """One erasure in one store."""

    def __init__(self, store: Store, where: Layout, progress: Progress) -> None:
        self._store = store
        self._where = where
        self._progress = progress

    def telemetry(self, attribute: str, identities: Sequence[int | str]) -> list[Erased]:
        """Erase from traces and their logs, other logs, and unclaimed events, by an attribute."""
        values: dict[str, object] = {"values": [str(identity) for identity in identities], "attribute": attribute}
        having = "[{attribute:String}] in {values:Array(String)}"
        self._progress("looking for traces")
        # Before the first deletion, after which the ids could no longer be looked up.
        select = f"select distinct TraceId from otel_traces where SpanAttributes{having}"
        traces = [row[0] for row in self._store.query(select, values)]
        count = {"otel_traces": 0, "otel_logs": self._delete("otel_logs", f"LogAttributes{having}", values)}
        for start in range(0, len(traces), _TRACES_AT_ONCE):
            some: dict[str, object] = {"traces": traces[start : start + _TRACES_AT_ONCE]}
            count["otel_logs"] += self._delete("otel_logs", "TraceId in {traces:Array(String)}", some)
            self._delete("otel_traces_trace_id_ts", "TraceId in {traces:Array(String)}", some)
            count["otel_traces"] += self._delete("otel_traces", "TraceId in {traces:Array(String)}", some)
        count[UNCLAIMED] = self._delete(UNCLAIMED, f"attributes{having}", values)
        return [Erased(table, rows) for table, rows in count.items()]

    def model(
        self, model: HistoryModel, keyword: str, reference: ErasureReference, identities: Sequence[int | str]
    ) -> list[Erased]:
        """Erase from the tables of a model."""
        values: dict[str, object] = {"values": list(identities)}
        kind = "String" if isinstance(identities[0], str) else "UInt64"
        condition = f"{reference.column} in {{values:Array({kind})}}"
        of_column = {rollup.table for rollup in model.rollups if reference.column in rollup.keys}
        rebuilds = [
            None if rollup.table in of_column else self._rebuild(model, rollup, condition, values)
            for rollup in model.rollups
        ]
        tables = (model.events, *model.others)
        erased = [Erased(table, self._delete(table, condition, values)) for table in tables]
        for rollup, rebuild in zip(model.rollups, rebuilds, strict=True):
            changed = self._delete(rollup.table, condition, values) if rollup.table in of_column else 0
            if rebuild is not None:
                rebuild.swap()
                changed = rebuild.rows
            if keyword in rollup.sketches:
                changed += self._empty_sketches(rollup.table, rollup.sketches[keyword], identities)
            erased.append(Erased(rollup.table, changed))
        return erased

    def _rebuild(
        self, model: HistoryModel, rollup: Rollup, condition: str, values: dict[str, object]
    ) -> RollupRebuild | None:
        """Rebuild the rows of a rollup in which a reference took part, beside it; not on a cluster.

        There the rows of one key may be on any shard, and cannot be replaced in one step.
        """
        if self._where.cluster:
            return None
        self._progress(f"rebuilding {rollup.table}")
        return RollupRebuild(self._store, model.events, rollup, condition, values)

    def _delete(self, table: str, condition: str, values: dict[str, object]) -> int:
        """Delete rows; return how many there were."""
        self._progress(f"deleting from {table}")
        rows = int(self._store.query(f"select count() from {table} where {condition}", values)[0][0])
        if rows:
            self._store.command(
                f"alter table {self._where.stored(table)}{self._where.on_cluster}"
                f" delete where {_inlined(condition, values)} {_DONE}"
            )
        return rows

    def _empty_sketches(self, table: str, sketch: str, identities: Sequence[int | str]) -> int:
        """Empty the sketch in the rows of a rollup in which a person is; return how many rows there were."""
        self._progress(f"emptying sketches in {table}")
        # A person is in a sketch if adding them again does not enlarge it.
        contains = " or ".join(
            f"arrayReduce('uniqIfMerge', [{sketch}, initializeAggregation('uniqIfState', {{person"
            f"{number}:String}}, toUInt8(1))]) = finalizeAggregation({sketch})"
            for number in range(len(identities))
        )
        condition = f"finalizeAggregation({sketch}) > 0 and ({contains})"
        values: dict[str, object] = {f"person{number}": str(name) for number, name in enumerate(identities)}
        rows = int(self._store.query(f"select count() from {table} where {condition}", values)[0][0])
        if rows:
            self._store.command(
                f"alter table {self._where.stored(table)}{self._where.on_cluster}"
                f" update {sketch} = initializeAggregation('uniqIfState', '', toUInt8(0))"
                f" where {_inlined(condition, values)} {_DONE}"
            )
        return rows


def _inlined(condition: str, values: Mapping[str, object]) -> str:
    """Return a condition with its values in it, as digits: servers of 2024 bind none in statements that rewrite parts.

    Of a text, only the hexadecimal digits of its bytes get into the statement.
    """
    return re.sub(r"\{(\w+):[^}]+\}", lambda found: _digits(values[found[1]]), condition)


def _digits(value: object) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return f"unhex('{value.encode().hex()}')"
    return f"({', '.join(map(_digits, cast('Sequence[object]', value)))})"
