"""The schema is applied in steps that can be run again, whatever happened before."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from argus_otel.history.store import migrations
from argus_otel.history.store.address import Address
from argus_otel.history.store.client import Store, connect
from argus_otel.history.store.errors import (
    BusyError,
    ChangedMigrationError,
    HalfAppliedError,
    NewerSchemaError,
    OutdatedSchemaError,
    SchemaMissingError,
    StatementRefusedError,
    StoreError,
)
from argus_otel.history.store.retention import KeepError
from argus_otel.history.store.schema import ClusterError, Layout, Migration, Schema
from argus_otel.sources.discord.history import MODEL
from lab.clickhouse import ClickHouse

from .dataset import ROWS, SCHEMA, row

Database = Callable[[str], Store]

TABLES = [
    "argus_claims",
    "argus_migrations",
    "discord_daily",
    "discord_daily_view",
    "discord_events",
    "discord_events_view",
    "discord_hourly",
    "discord_hourly_view",
    "history_inbox",
    "history_unclaimed",
    "history_unclaimed_view",
    "otel_history_inbox",
    "otel_history_view",
    "otel_logs",
    "otel_traces",
    "otel_traces_trace_id_ts",
    "otel_traces_trace_id_ts_mv",
]
STATEMENTS = sum(len(SCHEMA.statements(step, Layout("x"), {})) for step in SCHEMA.migrations)
STEPS = [("", 0), ("", 1), ("", 2), ("", 3), ("discord", 1), ("discord", 2), ("discord", 3)]


def tables(store: Store) -> list[str]:
    found = store.query(
        "select name from system.tables where database = {database:String} order by name",
        {"database": store.address.database},
    )
    return [name for (name,) in found]


class Breaking(Store):
    """A store whose connection breaks before a statement that changes something, counted from 1."""

    def __init__(self, store: Store, at: int) -> None:
        super().__init__(store.address, store._client, store.version)
        self._left = at

    def command(self, statement: str, parameters: Mapping[str, object] | None = None) -> None:
        self._left -= 1
        if self._left == 0:
            raise BusyError("the connection broke")
        super().command(statement, parameters)


def test_a_fresh_store(database: Database) -> None:
    store = database("fresh")
    with pytest.raises(SchemaMissingError, match="create them: argus-otel store migrate"):
        migrations.check(store, SCHEMA)
    told: list[tuple[str, int, int]] = []
    outcome = migrations.migrate(store, SCHEMA, progress=lambda *step: told.append(step))
    assert [(step.model, step.version) for step in outcome.applied] == STEPS
    assert (outcome.resumed, outcome.kept) == ("", {})
    assert len(told) == STATEMENTS
    assert tables(store) == TABLES
    assert migrations.check(store, SCHEMA) == Layout("fresh")


def test_again_is_nothing(store: Store) -> None:
    store.insert(ROWS)
    outcome = migrations.migrate(store, SCHEMA)
    assert (outcome.applied, outcome.resumed, outcome.kept) == ((), "", {})
    assert store.query("select count() from discord_events") == [(len(ROWS),)]


def test_on_a_server(server: ClickHouse) -> None:
    with connect(server.dsn("fresh")) as store:
        assert len(migrations.migrate(store, SCHEMA).applied) == len(STEPS)
        assert tables(store) == TABLES
        assert migrations.migrate(store, SCHEMA).applied == ()


def test_a_server_is_not_migrated_without_being_asked(server: ClickHouse) -> None:
    with connect(server.dsn("unasked")) as store, pytest.raises(SchemaMissingError):
        migrations.ensure(store, SCHEMA)


def test_an_embedded_store_is_migrated_when_it_is_used(database: Database) -> None:
    store = database("used")
    assert migrations.ensure(store, SCHEMA) == migrations.ensure(store, SCHEMA) == Layout("used")
    assert tables(store) == TABLES


@pytest.mark.timeout(400)  # it migrates as often as there are statements
def test_wherever_it_breaks_off_it_can_be_finished(database: Database) -> None:
    """Each statement, and each note in the record, fails once; what comes after finishes all the same."""
    commands = STATEMENTS + 2 * len(STEPS) - 1 + len(SCHEMA.models)
    for at in range(1, commands + 1):
        store = database(f"half_{at}")
        with pytest.raises(BusyError):
            migrations.migrate(Breaking(store, at), SCHEMA)
        with pytest.raises((SchemaMissingError, HalfAppliedError, OutdatedSchemaError)) as told:
            migrations.check(store, SCHEMA)
        assert "argus-otel store migrate" in str(told.value)
        outcome = migrations.migrate(store, SCHEMA)
        assert bool(outcome.resumed) is isinstance(told.value, HalfAppliedError)
        migrations.check(store, SCHEMA)
        assert tables(store) == TABLES
        store.command(f"drop database {store.address.database}")
    migrations.migrate(Breaking(database("whole"), commands + 1), SCHEMA)


def test_what_broke_off_is_named(database: Database) -> None:
    store = database("named")
    with pytest.raises(BusyError):
        migrations.migrate(Breaking(store, 24), SCHEMA)
    with pytest.raises(
        HalfAppliedError, match=r"the migration discord 2 \(rollups\) was started by .* finish it: argus-otel"
    ):
        migrations.check(store, SCHEMA)


def test_a_later_release_was_here(store: Store) -> None:
    later = Migration("discord", 99, "of_the_future", "")
    migrations._note(store, later, "applied", Layout(store.address.database))
    for refused in (migrations.check, migrations.migrate, migrations.ensure):
        with pytest.raises(NewerSchemaError, match=r"discord 99 \(of the future\).*does not know; upgrade"):
            refused(store, SCHEMA)


def test_something_else_was_applied(store: Store) -> None:
    changed = replace(SCHEMA.migrations[5], template="something else")
    migrations._note(store, changed, "applied", Layout(store.address.database))
    for refused in (migrations.check, migrations.migrate, migrations.ensure):
        with pytest.raises(ChangedMigrationError, match=r"discord 2 \(rollups\) with the checksum"):
            refused(store, SCHEMA)


def test_a_migration_is_missing(store: Store) -> None:
    store.command("alter table argus_migrations delete where model = '' and version = 3 settings mutations_sync = 2")
    with pytest.raises(OutdatedSchemaError, match=r"lacks 1 migration\(s\).*3 \(inbox from collector\)"):
        migrations.check(store, SCHEMA)
    assert [(step.model, step.version) for step in migrations.migrate(store, SCHEMA).applied] == [("", 3)]


# -- models


def test_a_store_without_models_keeps_every_event(database: Database) -> None:
    store = database("bare")
    assert [step.model for step in migrations.migrate(store, Schema()).applied] == [""] * 4
    migrations.check(store, Schema())
    store.insert([*ROWS, *ROWS[:3]])
    assert store.query("select count() from history_unclaimed") == [(len(ROWS),)]


def test_a_model_that_comes_later_adopts_its_events(database: Database) -> None:
    store = database("later")
    migrations.migrate(store, Schema())
    store.insert([*ROWS, row("2026-01-05T10:00", 0, "job.done")])
    with pytest.raises(OutdatedSchemaError, match=r"lacks 3 migration\(s\).*discord 1 \(events\)"):
        migrations.check(store, SCHEMA)
    assert migrations.migrate(store, SCHEMA).adopted == {"discord": len(ROWS)}
    store.insert(ROWS)
    for table, rows in {"discord_events": len(ROWS), "history_unclaimed": 1}.items():
        assert store.query(f"select count() from {table}") == [(rows,)]
    assert store.query("select sum(count) from discord_hourly") == [(len(ROWS),)]
    assert migrations.migrate(store, SCHEMA).adopted == {}


def test_a_store_may_have_models_that_are_not_installed_here(store: Store) -> None:
    """Their events stay theirs, and nothing of them is in the way."""
    assert migrations.ensure(store, Schema()) == migrations.check(store, SCHEMA)
    assert migrations.migrate(store, Schema()).applied == ()
    store.insert(ROWS)
    assert store.query("select count() from history_unclaimed") == [(0,)]
    assert store.query("select count() from discord_events") == [(len(ROWS),)]


def test_claims_that_are_not_recorded_yet_are_recorded(store: Store) -> None:
    store.command("truncate table argus_claims")
    with pytest.raises(OutdatedSchemaError, match="which events the model discord claims; apply it: argus-otel store"):
        migrations.check(store, SCHEMA)
    store.insert(ROWS)
    assert migrations.migrate(store, SCHEMA).adopted == {"discord": len(ROWS)}
    assert store.query("select count() from discord_events") == [(len(ROWS),)]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"name": "Dis cord"}, "is not a name of letters"),
        ({"events": "events"}, "has to be called discord_"),
        ({"prefixes": ("a'b",)}, "is not a name of events or attributes"),
        ({"attributes": ("a b",)}, "is not a name of events or attributes"),
    ],
)
def test_names_of_a_model_that_cannot_be_part_of_a_statement_are_refused(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        replace(MODEL, **wrong)


# -- how long data is kept


def test_retention_is_set_at_first_and_changed_later(database: Database) -> None:
    store = database("kept")
    migrations.migrate(store, SCHEMA, keep=SCHEMA.parse_ages("traces=3d, discord_events=forever"))
    where = migrations.check(store, SCHEMA)
    day, year = 24, 365 * 24
    assert migrations.kept(store, SCHEMA, where) == {
        "traces": 3 * day, "logs": 30 * day, "unclaimed": 400 * day, "discord_events": None,
        "discord_hourly": 3 * year, "discord_daily": None,
    }  # fmt: skip
    store.insert(ROWS)
    ages = "traces=3d,discord_events=12h,discord_daily=10y,discord_hourly=forever,logs=2w,unclaimed=1h"
    again = migrations.migrate(store, SCHEMA, keep=SCHEMA.parse_ages(ages))
    assert again.kept == {
        "discord_events": 12, "discord_daily": 10 * year, "discord_hourly": None, "logs": 14 * day, "unclaimed": 1,
    }  # fmt: skip
    assert migrations.kept(store, SCHEMA, where) == {
        "traces": 3 * day, "logs": 14 * day, "unclaimed": 1, "discord_events": 12,
        "discord_hourly": None, "discord_daily": 10 * year,
    }  # fmt: skip
    assert migrations.migrate(store, SCHEMA).kept == {}


def test_what_is_too_old_goes_and_its_rollups_stay(database: Database) -> None:
    store = database("expired")
    migrations.migrate(store, SCHEMA, keep={"discord_events": 24})
    store.insert(ROWS)  # of which the latest is months old
    store.command("optimize table discord_events final")
    assert store.query("select count() from discord_events") == [(0,)]
    assert store.query("select sum(count) from discord_daily") == [(len(ROWS),)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("history", "each part has to be NAME=AGE"),
        ("spans=3d", "NAME is one of traces, logs, unclaimed, discord_events, discord_hourly, discord_daily"),
        ("logs=3", "a number with h, d, w or y"),
        ("logs=0d", "a number with h, d, w or y"),
        ("logs=-1d", "a number with h, d, w or y"),
        ("logs=51y", "of 50y at most"),
        ("logs=1d; drop table history", "a number with h, d, w or y"),
    ],
)
def test_an_age_that_is_none_is_told(text: str, why: str) -> None:
    with pytest.raises(KeepError) as told:
        SCHEMA.parse_ages(text)
    assert "--keep has " in str(told.value)
    assert why in str(told.value)


# -- a cluster


def statements(where: Layout) -> list[str]:
    return [statement for step in SCHEMA.migrations for statement in SCHEMA.statements(step, where, {})]


@pytest.mark.parametrize("where", [Layout("argus"), Layout("argus", "prod-1")], ids=["one server", "cluster"])
def test_every_statement_is_one_that_the_engine_can_read(store: Store, where: Layout) -> None:
    for statement in statements(where):
        assert store.query(f"explain ast {statement}"), statement
    with pytest.raises(StatementRefusedError, match="Syntax error"):
        store.query("explain ast create tabel argus.events (time DateTime)")


def test_on_a_cluster_every_host_has_everything() -> None:
    for statement in statements(Layout("argus", "prod")):
        assert " on cluster `prod`" in statement
        if "MergeTree" in statement:
            assert "engine = Replicated" in statement
            assert (
                "_local on cluster" in statement or "engine = ReplicatedMergeTree('/clickhouse/tables/all/" in statement
            )
    distributed = re.findall(
        r"Distributed\('prod', 'argus', '(\w+)_local'", "".join(statements(Layout("argus", "prod")))
    )
    assert sorted(distributed) == [
        "discord_daily",
        "discord_events",
        "discord_hourly",
        "history_inbox",
        "history_unclaimed",
        "otel_logs",
        "otel_traces",
        "otel_traces_trace_id_ts",
    ]
    assert not any("Distributed(" in statement for statement in statements(Layout("argus")))


def test_the_printed_script_makes_the_same_schema(database: Database) -> None:
    """What `argus-otel store sql` prints, applied by other means, is what `migrate` would have made."""
    store = database("scripted")
    for statement in migrations.script(SCHEMA, Layout("scripted"), {}).split(";\n"):
        if statement.strip():
            store.command(statement)
    store.use("scripted")
    migrations.check(store, SCHEMA)
    assert migrations.migrate(store, SCHEMA).applied == ()
    assert tables(store) == TABLES


def test_tables_on_one_server_are_not_made_a_cluster(store: Store) -> None:
    with pytest.raises(StoreError, match="on one server; use another database"):
        migrations.migrate(store, SCHEMA, cluster="prod")
    with pytest.raises(ClusterError, match="name of a cluster"):
        Layout("argus", "x` sync")


def test_a_database_has_a_name_that_needs_no_quotes() -> None:
    assert Address().database == "argus"
