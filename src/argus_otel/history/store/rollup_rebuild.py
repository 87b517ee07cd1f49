"""Rebuilds rows of a rollup from the events that are left."""

from __future__ import annotations

from collections.abc import Mapping

from .client import Store
from .model import Rollup

_DONE = "settings mutations_sync = 2, allow_nondeterministic_mutations = 1"


class RollupRebuild:
    """Rows of a rollup, rebuilt beside it without some events, which then replace the old ones.

    Only rows whose events are all still stored are rebuilt: of others, counts would be lost.

    Parameters
    ----------
    condition:
        Of the events that are left out.
    values:
        For the placeholders of the condition.

    Attributes
    ----------
    rows:
        How many rows were rebuilt, including those of which nothing is left.
    """

    def __init__(self, store: Store, events: str, rollup: Rollup, condition: str, values: Mapping[str, object]) -> None:
        self._store = store
        self._table = rollup.table
        self._key = f"{rollup.time}, {', '.join(rollup.keys)}"
        self._keys, self._rebuilt = f"argus_erase_{rollup.table}_keys", f"argus_erase_{rollup.table}_rows"
        event_key = f"{rollup.bucket}, {', '.join(rollup.keys)}"
        for scratch in (self._keys, self._rebuilt):
            store.command(f"drop table if exists {scratch}")
        affected = f"({event_key}) in (select {event_key} from {events}{rollup.where(condition)})"
        store.command(
            f"create table {self._keys} engine = MergeTree order by tuple() as select {self._key}"
            f" from (select {rollup.bucket} as {rollup.time}, {', '.join(rollup.keys)}, count() as n from {events}"
            f" {rollup.where(affected)} group by {self._key}) as raw"
            f" join (select {self._key}, sum(count) as n from {rollup.table} group by {self._key}) as rolled"
            f" using ({self._key}) where raw.n = rolled.n",
            values,
        )
        store.command(f"create table {self._rebuilt} as {rollup.table} engine = MergeTree order by tuple()")
        left = f"({event_key}) in (select * from {self._keys}) and not ({condition})"
        store.command(f"insert into {self._rebuilt} {rollup.select(events, left)}", values)
        self.rows = int(store.query(f"select count() from {self._keys}")[0][0])

    def swap(self) -> None:
        """Replace the old rows."""
        if self.rows:
            self._store.command(
                f"alter table {self._table} delete where ({self._key}) in (select * from {self._keys}) {_DONE}"
            )
            self._store.command(f"insert into {self._table} select * from {self._rebuilt}")
        for scratch in (self._keys, self._rebuilt):
            self._store.command(f"drop table {scratch}")
