"""Erasure deletes the rows of one guild or user from events, rollups, traces and logs, and no others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from argus_otel.history.record.pseudonyms import hashed
from argus_otel.history.store import migrations
from argus_otel.history.store.client import Store
from argus_otel.history.store.erasure import Erased, erase
from argus_otel.history.store.schema import Schema
from argus_otel.sources.discord.history import History

from .dataset import ROWS, SCHEMA, row, use

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


def test_a_guild_is_erased(full: Store) -> None:
    before = count(full, "discord_events where guild_id = 1")
    others = count(full, "discord_events where guild_id != 1")
    erased = {each.table: each.rows for each in erase(full, SCHEMA, "guild", "1")}
    assert erased["discord_events"] == before
    assert (erased["otel_traces"], erased["otel_logs"], erased["history_unclaimed"]) == (2, 2, 0)
    for table in ("discord_hourly", "discord_daily"):
        assert erased[table] > 0
        assert count(full, f"{table} where guild_id = 1") == 0
    assert count(full, "discord_events where guild_id = 1") == 0
    assert count(full, "discord_events") == others
    assert full.query("select sum(count) from discord_daily") == [(others,)]
    assert full.query("select TraceId from otel_traces") == [("t2",)]
    assert full.query("select TraceId from otel_traces_trace_id_ts") == [("t2",)]
    assert count(full, "otel_logs") == 3
    assert History(full).guild(1) is None
    assert {each.rows for each in erase(full, SCHEMA, "guild", "1")} == {0}


def test_a_user_is_erased_by_id_and_by_hash(full: Store) -> None:
    total = count(full, "discord_events")
    assert erase(full, SCHEMA, "user", str(ANN), KEY) == [
        Erased("otel_traces", 2),
        Erased("otel_logs", 2),
        Erased("history_unclaimed", 0),
        Erased("discord_events", 3),
        Erased("discord_hourly", 2),
        Erased("discord_daily", 2),
    ]
    assert count(full, "discord_events") == total - 3
    for table in ("discord_hourly", "discord_daily"):
        assert full.query(f"select sum(count), uniqIfMerge(users) from {table}") == [(total - 3, 6)]
        assert full.query(f"select max(duration_max) from {table} where service = 'bot'") == [(2.0,)]
    [monday] = History(full).volume(until=date(2026, 1, 6), service="bot")
    assert (monday.uses, monday.users) == (5, 3)
    assert count(full, "system.tables where database = currentDatabase() and name like 'argus_erase%'") == 0
    assert {each.rows for each in erase(full, SCHEMA, "user", str(ANN), KEY)} == {0}


def test_a_user_whose_events_have_expired_is_in_no_sketch(full: Store) -> None:
    full.command("truncate table discord_events")
    [(uses, users)] = full.query("select sum(count), uniqIfMerge(users) from discord_daily")
    erased = {each.table: each.rows for each in erase(full, SCHEMA, "user", str(ANN), KEY)}
    assert (erased["discord_events"], erased["discord_daily"]) == (0, 2)
    # The hash was in one row of the rollup together with Ann's and Bob's names, who are in others too or not.
    [(kept, left)] = full.query("select sum(count), uniqIfMerge(users) from discord_daily")
    assert kept == uses
    assert left < users
    assert {each.rows for each in erase(full, SCHEMA, "user", str(ANN), KEY)} == {0}


def test_without_the_key_only_the_plain_id_is_found(full: Store) -> None:
    erased = {each.table: each.rows for each in erase(full, SCHEMA, "user", str(ANN))}
    assert erased["discord_events"] == 1
    assert count(full, f"discord_events where user = '{HASH}'") == 2


@pytest.mark.parametrize("keyword", ["guild", "user"])
def test_an_id_of_none_is_refused(full: Store, keyword: str) -> None:
    """0 is the guild of rows that have none."""
    with pytest.raises(ValueError, match="'0' is not an id"):
        erase(full, SCHEMA, keyword, "0")


def test_a_reference_that_no_source_has_is_refused(full: Store) -> None:
    with pytest.raises(ValueError, match="no installed source has the reference 'thread'"):
        erase(full, SCHEMA, "thread", "1")


def test_events_that_arrived_before_their_model_are_erased_too(database: Callable[[str], Store]) -> None:
    store = database("erased_unclaimed")
    migrations.migrate(store, Schema())
    store.insert([*use("2026-01-05T10:00", 1, "play", 1.0, user=HASH), row("2026-01-05T10:00", 2, "shop.sale")])
    migrations.migrate(store, SCHEMA)
    migrations.check(store, SCHEMA)
    # As on a cluster, where a host may learn of a claim a moment later.
    store.command(
        "insert into history_unclaimed (time, event, event_id, attributes) select now64(6), 'shop.sale',"
        " generateUUIDv4(), map('discord.user.id', {user:String}, 'discord.guild.id', '7')",
        {"user": HASH},
    )
    erased = {each.table: each.rows for each in erase(store, SCHEMA, "user", str(ANN), KEY)}
    assert (erased["history_unclaimed"], erased["discord_events"]) == (1, 1)
    assert count(store, "history_unclaimed") == 0
    assert store.query("select guild_id from discord_events") == [(2,)]
