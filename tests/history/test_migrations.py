"""The schema is applied in steps that can be run again, whatever happened before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from argus_otel.history import migrations, retention
from argus_otel.history.address import Address
from argus_otel.history.errors import (
    BusyError,
    ChangedMigrationError,
    HalfAppliedError,
    NewerSchemaError,
    OutdatedSchemaError,
    SchemaMissingError,
    StoreError,
)
from argus_otel.history.migrations import ClusterError, Layout, Migration
from argus_otel.history.retention import KeepError
from argus_otel.history.store import Store, connect
from lab.clickhouse import ClickHouse

from .known import ROWS

Database = Callable[[str], Store]

TABLES = [
    "argus_migrations",
    "history",
    "history_daily",
    "history_daily_view",
    "history_hourly",
    "history_hourly_view",
    "history_inbox",
    "history_view",
    "otel_history_inbox",
    "otel_history_view",
    "otel_logs",
    "otel_traces",
    "otel_traces_trace_id_ts",
    "otel_traces_trace_id_ts_mv",
]
STATEMENTS = sum(len(step.statements(Layout("x"), {})) for step in migrations.migrations())


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
    with pytest.raises(SchemaMissingError, match="create them: argus-otel clickhouse migrate"):
        migrations.check(store)
    told: list[tuple[str, int, int]] = []
    outcome = migrations.migrate(store, progress=lambda *step: told.append(step))
    assert [step.version for step in outcome.applied] == [0, 1, 2, 3, 4]
    assert (outcome.resumed, outcome.kept) == ("", {})
    assert len(told) == STATEMENTS
    assert tables(store) == TABLES
    assert migrations.check(store) == Layout("fresh")


def test_again_is_nothing(store: Store) -> None:
    store.insert(ROWS)
    outcome = migrations.migrate(store)
    assert (outcome.applied, outcome.resumed, outcome.kept) == ((), "", {})
    assert store.query("select count() from history") == [(len(ROWS),)]


def test_on_a_server(server: ClickHouse) -> None:
    with connect(server.dsn("fresh")) as store:
        assert len(migrations.migrate(store).applied) == 5
        assert tables(store) == TABLES
        assert migrations.migrate(store).applied == ()


def test_a_server_is_not_migrated_without_being_asked(server: ClickHouse) -> None:
    with connect(server.dsn("unasked")) as store, pytest.raises(SchemaMissingError):
        migrations.ensure(store)


def test_an_embedded_store_is_migrated_when_it_is_used(database: Database) -> None:
    store = database("used")
    assert migrations.ensure(store) == migrations.ensure(store) == Layout("used")
    assert tables(store) == TABLES


def test_wherever_it_breaks_off_it_can_be_finished(database: Database) -> None:
    """Each statement, and each note in the record, fails once; what comes after finishes all the same."""
    commands = STATEMENTS + 2 * len(migrations.migrations()) - 1
    for at in range(1, commands + 1):
        store = database(f"half_{at}")
        with pytest.raises(BusyError):
            migrations.migrate(Breaking(store, at))
        with pytest.raises((SchemaMissingError, HalfAppliedError, OutdatedSchemaError)) as told:
            migrations.check(store)
        assert "argus-otel clickhouse migrate" in str(told.value)
        outcome = migrations.migrate(store)
        assert bool(outcome.resumed) is isinstance(told.value, HalfAppliedError)
        migrations.check(store)
        assert tables(store) == TABLES
        store.command(f"drop database {store.address.database}")
    migrations.migrate(Breaking(database("whole"), commands + 1))


def test_what_broke_off_is_named(database: Database) -> None:
    store = database("named")
    with pytest.raises(BusyError):
        migrations.migrate(Breaking(store, 9))
    with pytest.raises(HalfAppliedError, match=r"the migration 2 \(rollups\) was begun by .* finish it: argus-otel"):
        migrations.check(store)


def test_a_later_release_was_here(store: Store) -> None:
    later = Migration(99, "of_the_future", "")
    migrations._note(store, later, "applied", Layout(store.address.database))
    for refused in (migrations.check, migrations.migrate, migrations.ensure):
        with pytest.raises(NewerSchemaError, match=r"99 \(of the future\).*does not know; upgrade"):
            refused(store)


def test_something_else_was_applied(store: Store) -> None:
    changed = replace(migrations.migrations()[2], template="something else")
    migrations._note(store, changed, "applied", Layout(store.address.database))
    for refused in (migrations.check, migrations.migrate, migrations.ensure):
        with pytest.raises(ChangedMigrationError, match=r"2 \(rollups\) with the checksum"):
            refused(store)


def test_a_migration_is_missing(store: Store) -> None:
    store.command("alter table argus_migrations delete where version = 4 settings mutations_sync = 2")
    with pytest.raises(OutdatedSchemaError, match=r"lacks 1 migration\(s\).*4 \(history from collector\)"):
        migrations.check(store)
    assert [step.version for step in migrations.migrate(store).applied] == [4]


# -- how long data is kept


def test_retention_is_set_at_first_and_changed_later(database: Database) -> None:
    store = database("kept")
    migrations.migrate(store, keep=retention.parse("traces=3d, history=forever"))
    where = migrations.check(store)
    day, year = 24, 365 * 24
    assert migrations.kept(store, where) == {
        "traces": 3 * day, "logs": 30 * day, "history": None, "hourly": 3 * year, "daily": None,
    }  # fmt: skip
    store.insert(ROWS)
    again = migrations.migrate(store, keep=retention.parse("traces=3d,history=12h,daily=10y,hourly=forever,logs=2w"))
    assert again.kept == {"history": 12, "daily": 10 * year, "hourly": None, "logs": 14 * day}
    assert migrations.kept(store, where) == {
        "traces": 3 * day, "logs": 14 * day, "history": 12, "hourly": None, "daily": 10 * year,
    }  # fmt: skip
    assert migrations.migrate(store).kept == {}


def test_what_is_too_old_goes_and_its_rollups_stay(database: Database) -> None:
    store = database("expired")
    migrations.migrate(store, keep={"history": 24})
    store.insert(ROWS)  # of which the latest is months old
    store.command("optimize table history final")
    assert store.query("select count() from history") == [(0,)]
    assert store.query("select sum(count) from history_daily") == [(len(ROWS),)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("history", "each part has to be NAME=AGE"),
        ("spans=3d", "NAME is one of traces, logs, history, hourly, daily"),
        ("history=3", "a number with h, d, w or y"),
        ("history=0d", "a number with h, d, w or y"),
        ("history=-1d", "a number with h, d, w or y"),
        ("history=51y", "of 50y at most"),
        ("history=1d; drop table history", "a number with h, d, w or y"),
    ],
)
def test_an_age_that_is_none_is_told(text: str, why: str) -> None:
    with pytest.raises(KeepError) as told:
        retention.parse(text)
    assert "--keep has " in str(told.value)
    assert why in str(told.value)


# -- a cluster


def statements(where: Layout) -> list[str]:
    return [statement for step in migrations.migrations() for statement in step.statements(where, {})]


@pytest.mark.parametrize("where", [Layout("argus"), Layout("argus", "prod-1")], ids=["one server", "cluster"])
def test_every_statement_is_one_that_the_engine_can_read(store: Store, where: Layout) -> None:
    for statement in statements(where):
        assert store.query(f"explain ast {statement}"), statement


def test_on_a_cluster_every_host_has_everything() -> None:
    for statement in statements(Layout("argus", "prod")):
        assert " on cluster `prod`" in statement
        if "MergeTree" in statement:
            assert "engine = Replicated" in statement
            assert "_local on cluster" in statement or "argus_migrations" in statement
    distributed = [statement for statement in statements(Layout("argus", "prod")) if "Distributed(" in statement]
    assert len(distributed) == 7
    assert not any("Distributed(" in statement for statement in statements(Layout("argus")))


def test_the_printed_script_makes_the_same_schema(database: Database) -> None:
    """What `argus-otel clickhouse sql` prints, applied by other means, is what `migrate` would have made."""
    store = database("scripted")
    for statement in migrations.script(Layout("scripted"), {}).split(";\n"):
        if statement.strip():
            store.command(statement)
    store.use("scripted")
    migrations.check(store)
    assert migrations.migrate(store).applied == ()
    assert tables(store) == TABLES


def test_tables_on_one_server_are_not_made_a_cluster(store: Store) -> None:
    with pytest.raises(StoreError, match="on one server; use another database"):
        migrations.migrate(store, cluster="prod")
    with pytest.raises(ClusterError, match="name of a cluster"):
        Layout("argus", "x` sync")


def test_a_database_has_a_name_that_needs_no_quotes() -> None:
    assert Address().database == "argus"
