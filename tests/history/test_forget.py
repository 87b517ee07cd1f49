"""What is forgotten is gone, from rows and rollups, traces and logs; and nothing else is."""

from __future__ import annotations

from datetime import date

import pytest

from argus_otel.history.answers import Forgotten
from argus_otel.history.forget import forget_guild, forget_user
from argus_otel.history.journal import hashed
from argus_otel.history.questions import History
from argus_otel.history.store import Store

from .known import ROWS, use

KEY = "a key"
ANN = 80351110224678912
HASH = hashed(str(ANN), KEY)

SPANS = [
    ("t1", "s1", {"discord.guild.id": "1", "discord.user.id": str(ANN)}),
    ("t1", "s2", {}),
    ("t2", "s3", {"discord.guild.id": "2"}),
]
LOGS = [
    ("t1", {}),
    ("", {"discord.guild.id": "1"}),
    ("t2", {"discord.guild.id": "2"}),
    ("", {}),
    ("", {"discord.user.id": HASH}),
]


@pytest.fixture
def full(store: Store) -> Store:
    """A store with the known history, in which Ann's user is a hash, and with traces and logs."""
    store.insert(ROWS)
    store.insert(use("2026-01-05T10:00", 1, "play", 5.0, 5.0, user=HASH))
    store.insert(use("2026-01-05T11:00", 2, "whistle", 1.0, user=str(ANN)))
    for trace, span, attributes in SPANS:
        store.command(
            "insert into otel_traces (Timestamp, TraceId, SpanId, SpanAttributes)"
            " select now64(9), {trace:String}, {span:String},"
            " mapFromArrays({names:Array(String)}, {values:Array(String)})",
            {"trace": trace, "span": span, "names": list(attributes), "values": list(attributes.values())},
        )
    for trace, attributes in LOGS:
        store.command(
            "insert into otel_logs (Timestamp, TraceId, LogAttributes)"
            " select now64(9), {trace:String}, mapFromArrays({names:Array(String)}, {values:Array(String)})",
            {"trace": trace, "names": list(attributes), "values": list(attributes.values())},
        )
    return store


def count(store: Store, what: str) -> int:
    return int(store.query(f"select count() from {what}")[0][0])


def test_a_guild_is_forgotten(full: Store) -> None:
    before = count(full, "history where guild_id = 1")
    others = count(full, "history where guild_id != 1")
    told = {forgotten.data: forgotten.rows for forgotten in forget_guild(full, 1)}
    assert told["history"] == before
    assert (told["traces"], told["logs"]) == (2, 2)
    assert told["hourly"] > 0
    assert told["daily"] > 0
    for table, column in (("history", "guild_id"), ("history_hourly", "guild_id"), ("history_daily", "guild_id")):
        assert count(full, f"{table} where {column} = 1") == 0
    assert count(full, "history") == others
    assert full.query("select sum(count) from history_daily") == [(others,)]
    assert full.query("select TraceId from otel_traces") == [("t2",)]
    assert full.query("select TraceId from otel_traces_trace_id_ts") == [("t2",)]
    assert count(full, "otel_logs") == 3
    assert History(full).guild(1) is None
    assert {forgotten.rows for forgotten in forget_guild(full, 1)} == {0}


def test_a_user_is_forgotten_by_id_and_by_hash(full: Store) -> None:
    total = count(full, "history")
    told = forget_user(full, ANN, KEY)
    assert told == [
        Forgotten("traces", 2),
        Forgotten("logs", 2),
        Forgotten("history", 3),
        Forgotten("hourly", 2),
        Forgotten("daily", 2),
    ]
    assert count(full, "history") == total - 3
    for table in ("history_hourly", "history_daily"):
        assert full.query(f"select sum(count), uniqIfMerge(users) from {table}") == [(total - 3, 6)]
        assert full.query(f"select max(duration_max) from {table} where service = 'bot'") == [(2.0,)]
    [monday] = History(full).volume(until=date(2026, 1, 6), service="bot")
    assert (monday.uses, monday.users) == (5, 3)
    assert count(full, "system.tables where database = currentDatabase() and name like 'argus_forget%'") == 0
    assert {forgotten.rows for forgotten in forget_user(full, ANN, KEY)} == {0}


def test_a_user_whose_raw_rows_have_expired_is_in_no_sketch(full: Store) -> None:
    full.command("truncate table history")
    [(uses, users)] = full.query("select sum(count), uniqIfMerge(users) from history_daily")
    told = {forgotten.data: forgotten.rows for forgotten in forget_user(full, ANN, KEY)}
    assert (told["history"], told["daily"]) == (0, 2)
    # The hash was in one row of the rollup together with Ann's and Bob's names, who are in others too or not.
    [(kept, left)] = full.query("select sum(count), uniqIfMerge(users) from history_daily")
    assert kept == uses
    assert left < users
    assert {forgotten.rows for forgotten in forget_user(full, ANN, KEY)} == {0}


def test_without_the_key_only_the_plain_id_is_found(full: Store) -> None:
    told = {forgotten.data: forgotten.rows for forgotten in forget_user(full, ANN)}
    assert told["history"] == 1
    assert count(full, f"history where user = '{HASH}'") == 2


@pytest.mark.parametrize("forget", [forget_guild, forget_user])
def test_nobody_is_not_forgotten(full: Store, forget: object) -> None:
    """0 is what rows have that have no guild."""
    with pytest.raises(ValueError, match="0 is no"):
        forget(full, 0)  # type: ignore[operator]
