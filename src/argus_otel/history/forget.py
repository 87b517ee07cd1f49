"""Deletion of what is stored of one guild, or of one user.

Rows are deleted from disk, not just hidden: each statement rewrites the parts that have them, and is done when it
returns. On a large store that takes as long as reading it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from .answers import Forgotten
from .journal import hashed
from .migrations import Layout, check
from .store import Store

Progress = Callable[[str], None]

_TRACES_AT_ONCE = 1000
"""Ids of traces in one statement, whose text a server takes up to 256 KiB of."""

_DONE = "settings mutations_sync = 2, allow_nondeterministic_mutations = 1"

_KEY = "service, cluster, shard, guild_id, event, command, type, outcome, error"

_ROLLUPS = {"hourly": ("hour", "toStartOfHour(time)"), "daily": ("day", "toDate(time)")}


def forget_guild(store: Store, guild: int, progress: Progress | None = None) -> list[Forgotten]:
    """Delete all that is stored of one guild: its history, its part of the rollups, its traces and its logs.

    A trace goes as a whole, with all its spans and logs, where one of its spans is the guild's.

    Parameters
    ----------
    progress:
        Called with what is about to be done.

    Raises
    ------
    ValueError
        0 stands for no guild at all.
    StoreError
        Something could not be deleted. Running it again deletes the rest.
    """
    if guild <= 0:
        raise ValueError(f"{guild} is no guild's id")
    job = _Job(store, check(store), progress or _silent)
    values: dict[str, object] = {"guild": guild}
    found = job.telemetry("GuildId = {guild:UInt64}", "GuildId = {guild:UInt64}", values)
    for data, table in (("history", "history"), ("hourly", "history_hourly"), ("daily", "history_daily")):
        found.append(Forgotten(data, job.delete(table, "guild_id = {guild:UInt64}", values)))
    return found


def forget_user(store: Store, user: int, key: str | None = None, progress: Progress | None = None) -> list[Forgotten]:
    """Delete all that is stored of one user, under the plain id and, with ``key``, under its keyed hash.

    Rollups have no rows of a user, but counts in which the user took part. Those whose raw rows are all still there
    are counted anew without the user. In older ones the sketch that tells users apart is emptied where the user is in
    it: their counts of uses stay, and nobody can be found in them.

    Parameters
    ----------
    key:
        ``ARGUS_HISTORY_USER_KEY``, as it was when the rows were written.
    progress, errors:
        As :func:`forget_guild` has them.
    """
    if user <= 0:
        raise ValueError(f"{user} is no user's id")
    job = _Job(store, check(store), progress or _silent)
    names = [str(user), *([hashed(str(user), key)] if key else [])]
    values: dict[str, object] = {"users": names}
    found = job.telemetry(
        "SpanAttributes['discord.user.id'] in {users:Array(String)}",
        "LogAttributes['discord.user.id'] in {users:Array(String)}",
        values,
    )
    # On a cluster a key's rows may be on any shard, and cannot be taken out and put back in one step.
    anew = [] if job.where.cluster else [job.count_anew(data, values) for data in _ROLLUPS]
    history = job.delete("history", "user in {users:Array(String)}", values)
    for rollup in anew:
        rollup.swap()
    sketches = [job.empty_sketches(data, names) for data in _ROLLUPS]
    changed = [rollup.rows for rollup in anew] or [0] * len(_ROLLUPS)
    found.append(Forgotten("history", history))
    found += [Forgotten(data, rows + sketch) for data, rows, sketch in zip(_ROLLUPS, changed, sketches, strict=True)]
    return found


class _Job:
    """One deletion on one store."""

    def __init__(self, store: Store, where: Layout, progress: Progress) -> None:
        self.store = store
        self.where = where
        self.progress = progress

    def telemetry(self, spans: str, logs: str, values: dict[str, object]) -> list[Forgotten]:
        """Delete the traces with such spans, and the logs that are such or belong to those traces."""
        self.progress("looking for traces")
        # Looked up before anything is deleted: what is deleted first could no longer tell of the rest.
        traces = [row[0] for row in self.store.query(f"select distinct TraceId from otel_traces where {spans}", values)]
        count = {"traces": 0, "logs": self.delete("otel_logs", logs, values)}
        for start in range(0, len(traces), _TRACES_AT_ONCE):
            some: dict[str, object] = {"traces": traces[start : start + _TRACES_AT_ONCE]}
            count["logs"] += self.delete("otel_logs", "TraceId in {traces:Array(String)}", some)
            self.delete("otel_traces_trace_id_ts", "TraceId in {traces:Array(String)}", some)
            count["traces"] += self.delete("otel_traces", "TraceId in {traces:Array(String)}", some)
        return [Forgotten(data, rows) for data, rows in count.items()]

    def delete(self, table: str, which: str, values: dict[str, object]) -> int:
        """Delete rows; return how many there were."""
        self.progress(f"deleting from {table}")
        rows = int(self.store.query(f"select count() from {table} where {which}", values)[0][0])
        if rows:
            self.store.command(
                f"alter table {self.where.stored(table)}{self.where.on_cluster}"
                f" delete where {_spelled(which, values)} {_DONE}"
            )
        return rows

    def count_anew(self, data: str, values: dict[str, object]) -> _Anew:
        """Count, beside a rollup, its rows anew in which a user took part and whose raw rows are all there."""
        self.progress(f"counting history_{data} anew")
        table, (time, bucket) = f"history_{data}", _ROLLUPS[data]
        keys, rows = f"argus_forget_{data}_keys", f"argus_forget_{data}_rows"
        for scratch in (keys, rows):
            self.store.command(f"drop table if exists {scratch}")
        self.store.command(
            f"create table {keys} engine = MergeTree order by tuple() as"
            f" select {time}, {_KEY} from ("
            f"  select {bucket} as {time}, {_KEY}, count() as n from history"
            f"  where ({bucket}, {_KEY}) in"
            f"   (select {bucket}, {_KEY} from history where user in {{users:Array(String)}})"
            f"  group by {time}, {_KEY}) as raw"
            f" join (select {time}, {_KEY}, sum(count) as n from {table} group by {time}, {_KEY}) as rolled"
            f" using ({time}, {_KEY}) where raw.n = rolled.n",
            values,
        )
        self.store.command(f"create table {rows} as {table} engine = MergeTree order by tuple()")
        self.store.command(
            f"insert into {rows} select {bucket} as {time}, {_KEY}, count(), min(time), max(time),"
            " countIf(duration > 0), sum(duration), max(duration),"
            " quantilesTDigestIfState(0.5, 0.9, 0.95, 0.99)(duration, duration > 0), uniqIfState(user, user != '')"
            f" from history where ({bucket}, {_KEY}) in (select * from {keys})"
            " and user not in {users:Array(String)}"
            f" group by {time}, {_KEY}",
            values,
        )
        return _Anew(self.store, table, time, keys, rows, int(self.store.query(f"select count() from {keys}")[0][0]))

    def empty_sketches(self, data: str, names: Sequence[str]) -> int:
        """Empty the sketch of users in the rows of a rollup in which a user is; return how many there were."""
        self.progress(f"emptying sketches in history_{data}")
        table = f"history_{data}"
        # A sketch has somebody where adding them once more makes it no larger.
        has = " or ".join(
            "arrayReduce('uniqIfMerge', [users, initializeAggregation('uniqIfState', {user"
            f"{number}:String}}, toUInt8(1))]) = finalizeAggregation(users)"
            for number in range(len(names))
        )
        which = f"finalizeAggregation(users) > 0 and ({has})"
        values: dict[str, object] = {f"user{number}": name for number, name in enumerate(names)}
        rows = int(self.store.query(f"select count() from {table} where {which}", values)[0][0])
        if rows:
            self.store.command(
                f"alter table {self.where.stored(table)}{self.where.on_cluster}"
                " update users = initializeAggregation('uniqIfState', '', toUInt8(0))"
                f" where {_spelled(which, values)} {_DONE}"
            )
        return rows


@dataclass(frozen=True, slots=True)
class _Anew:
    """Rows of a rollup that were counted anew, and wait to take the place of the old ones."""

    store: Store
    table: str
    time: str
    keys: str
    new: str
    rows: int

    def swap(self) -> None:
        """Put them in the place of the old ones."""
        if self.rows:
            self.store.command(
                f"alter table {self.table} delete where ({self.time}, {_KEY}) in (select * from {self.keys}) {_DONE}"
            )
            self.store.command(f"insert into {self.table} select * from {self.new}")
        for scratch in (self.keys, self.new):
            self.store.command(f"drop table {scratch}")


def _spelled(which: str, values: Mapping[str, object]) -> str:
    """Return a condition with its values in it, as digits: servers of 2024 do not bind any in what rewrites parts.

    Whatever a text has in it, only the hexadecimal digits of its bytes get into the statement.
    """
    return re.sub(r"\{(\w+):[^}]+\}", lambda found: _digits(values[found[1]]), which)


def _digits(value: object) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return f"unhex('{value.encode().hex()}')"
    return f"({', '.join(map(_digits, cast('Sequence[object]', value)))})"


def _silent(_: str) -> None:
    pass
