"""The tables of checks: what goes into them, how often, for how long, and how it is erased."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from argus_otel.history.files.transfer import import_files
from argus_otel.history.files.writer import DayFileWriter
from argus_otel.history.record.buffer import EventBuffer
from argus_otel.history.record.stats import Stats
from argus_otel.history.row import Row
from argus_otel.history.store import migrations
from argus_otel.history.store.client import Store
from argus_otel.history.store.erasure import erase
from argus_otel.history.store.schema import Schema
from argus_otel.sources.checks import catalogue as c
from argus_otel.sources.checks.event_ids import change_id, run_id
from argus_otel.sources.checks.history import MODEL, History
from argus_otel.sources.discord.history import MODEL as DISCORD
from argus_otel.telemetry import Event, Telemetry

from .world import MINUTES, World, at, milliseconds

BOTH = Schema((MODEL, DISCORD))
TABLES = ("checks_events", "checks_hourly", "checks_daily", "checks_status")


@pytest.fixture
def tables(database: Callable[[str], Store], request: pytest.FixtureRequest) -> Store:
    store = database("checks_of_" + "".join(letter if letter.isalnum() else "_" for letter in request.node.name)[:80])
    migrations.migrate(store, BOTH)
    return store


def count(store: Store, what: str) -> int:
    return int(store.query(f"select count() from {what}")[0][0])


def summed(store: Store) -> list[int]:
    """How many rows the table of events has, and how many each rollup has counted."""
    rollups = [f"(select sum(count) from {table})" for table in TABLES[1:]]
    [row] = store.query(f"select count(), uniqExact(event_id), {', '.join(rollups)} from checks_events")
    return list(row)


def wanted(rows: list[Row]) -> list[int]:
    runs = sum(row.event == "argus.check.run" for row in rows)
    return [len(rows), len(rows), runs, runs, len(rows) - runs]


def agents(*events: tuple[Event, dict[str, object], float | None, str]) -> list[list[Row]]:
    """The rows of two agents at one location, which are given the same events."""
    made: list[list[Row]] = []
    for service in ("agent-1", "agent-2"):
        stats = Stats(Telemetry(), "exporter:history")
        buffer = EventBuffer(service, {"argus.check.location": "fra1"}, (), str, stats)
        for event in events:
            buffer(*event)  # type: ignore[arg-type]
        made.append(buffer.take())
    return made


SLOT = milliseconds(60)
SAME = (
    (c.RUN_ROW, {"argus.check.name": "shop", "argus.check.slot": SLOT}, 0.25, run_id("shop", "fra1", SLOT, 0)),
    (c.STATUS_ROW, {"argus.check.name": "shop", "argus.check.state": "up"}, None, change_id("shop", "fra1", SLOT, 0)),
)


def test_every_event_of_checks_is_claimed_and_nothing_else(tables: Store) -> None:
    rows = World(1).rows()[:50]
    other = [replace(rows[0], event="bot.level_up", event_id="2c1b0a3e-0000-4000-8000-000000000001")]
    tables.insert([*rows, *other])
    assert (count(tables, "checks_events"), count(tables, "history_unclaimed")) == (50, 1)
    assert count(tables, "discord_events") == 0


def test_columns_have_what_the_attributes_have(tables: Store) -> None:
    [row] = [each for each in World(1).rows() if each.event == "argus.check.run"][:1]
    more = {"http.response.status_code": 503, "error.type": "status", "argus.check.disturbed": True, "later": "x"}
    tables.insert([replace(row, attributes={**row.attributes, **more})])
    columns = (
        "name, type, service, location, agent, toUnixTimestamp64Milli(slot), outcome, error, status, attempts,"
        " disturbed, round(dns, 4), tls, transfer, attributes"
    )
    [found] = tables.query(f"select {columns} from checks_events")
    slot, outcome = row.attributes["argus.check.slot"], row.attributes["argus.check.outcome"]
    expected = (
        "shop",
        "http",
        "web",
        "l0",
        "agent",
        slot,
        outcome,
        "status",
        503,
        row.attributes["argus.check.attempts"],
    )
    assert found[:10] == expected
    assert found[10:] == (True, pytest.approx(row.duration / 4, abs=1e-4), None, None, {"later": "x"})


def test_what_two_agents_send_is_kept_once(tables: Store) -> None:
    first, second = agents(*SAME)
    assert [row.event_id for row in first] == [row.event_id for row in second]
    for rows in (first, second, first + second):
        tables.insert(rows)
    assert summed(tables) == [2, 2, 1, 1, 1]


def test_what_two_agents_write_to_daily_files_is_kept_once(tables: Store, tmp_path: Path) -> None:
    for number, rows in enumerate(agents(*SAME)):
        writer = DayFileWriter(tmp_path / str(number), 1 << 28, 90, lambda _rows, _reason: None)
        writer.append(rows)
        writer.close()
        done = import_files(tables, BOTH, tmp_path / str(number))
        assert (done.rows, done.new) == (2, 2 if number == 0 else 0)
    assert summed(tables) == [2, 2, 1, 1, 1]


def test_daily_files_answer_as_rows_that_were_inserted(
    tables: Store, database: Callable[[str], Store], tmp_path: Path
) -> None:
    rows = World(3).rows()
    writer = DayFileWriter(tmp_path, 1 << 28, 90, lambda _rows, _reason: None)
    for start in range(0, len(rows), 5000):
        writer.append(rows[start : start + 5000])
    writer.close()
    assert import_files(tables, BOTH, tmp_path).new == len(rows)
    assert import_files(tables, BOTH, tmp_path).new == 0
    assert summed(tables) == wanted(rows)
    inserted = database("checks_inserted")
    migrations.migrate(inserted, BOTH)
    inserted.insert(rows)
    one, other = (
        (history.incidents(), history.uptime(by_day=True, until=at(MINUTES)), history.slowest())
        for history in map(History, (tables, inserted))
    )
    assert one == other
    assert all(one)


def test_a_check_is_erased(tables: Store) -> None:
    rows = World(3).rows()
    tables.insert(rows)
    erased = {each.table: each.rows for each in erase(tables, BOTH, "check", "shop")}
    assert erased["checks_events"] == sum(row.attributes["argus.check.name"] == "shop" for row in rows)
    for table in TABLES:
        assert erased[table] > 0
        assert count(tables, f"{table} where name = 'shop'") == 0
    assert summed(tables) == wanted([row for row in rows if row.attributes["argus.check.name"] != "shop"])
    assert {each.rows for each in erase(tables, BOTH, "check", "shop")} == {0}


@pytest.mark.parametrize("name", ["", "a\nb"])
def test_what_is_no_name_is_refused(tables: Store, name: str) -> None:
    with pytest.raises(ValueError, match="is not the name of a check, such as shop"):
        erase(tables, BOTH, "check", name)


def test_changes_are_kept_for_ever_and_runs_for_90_days(tables: Store) -> None:
    ages = migrations.kept(tables, BOTH, migrations.layout(tables))
    assert {subject: age for subject, age in ages.items() if subject.startswith("checks")} == {
        "checks_events": 90 * 24,
        "checks_hourly": 3 * 365 * 24,
        "checks_daily": None,
        "checks_status": None,
    }
    changed = BOTH.parse_ages("checks_events=7d,checks_status=5y")
    assert migrations.migrate(tables, BOTH, keep=changed).kept == {
        "checks_events": 7 * 24,
        "checks_status": 5 * 365 * 24,
    }


def test_what_was_stored_before_the_model_was_known_is_adopted(database: Callable[[str], Store]) -> None:
    store = database("checks_adopted")
    migrations.migrate(store, Schema((DISCORD,)))
    rows = World(1).rows()[:2000]
    store.insert(rows)
    assert count(store, "history_unclaimed") == 2000
    assert migrations.migrate(store, BOTH).adopted == {"checks": 2000}
    assert (summed(store), count(store, "history_unclaimed")) == (wanted(rows), 0)


def test_questions_on_states_outlive_the_rows(tables: Store) -> None:
    tables.insert(World(2).rows())
    history = History(tables)

    def answers() -> list[list[Any]]:
        asking = (history.incidents, history.reliability, history.reachability, history.timeline)
        return [ask(since=at(0), until=at(MINUTES)) for ask in asking]

    before = answers()
    tables.command("truncate table checks_events")
    assert answers() == before
    assert all(before)
    assert all(each.uptime is None for each in history.uptime())
