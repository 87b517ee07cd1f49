"""The tables of graphs: what goes into them, once, for how long, and how it is erased."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from argus_otel.history.files.erasure import erase_from_files
from argus_otel.history.files.transfer import import_files
from argus_otel.history.files.writer import DayFileWriter
from argus_otel.history.row import Row
from argus_otel.history.store import migrations
from argus_otel.history.store.client import Store, connect
from argus_otel.history.store.erasure import erase
from argus_otel.history.store.schema import Schema
from argus_otel.sources.checks.history import MODEL as CHECKS
from argus_otel.sources.graphs.history import MODEL, History
from lab.clickhouse import ClickHouse

from .conftest import SCHEMA
from .graphs import WIDE, nested, wide, working
from .recorded import of, rows_of


def threaded(thread: str, graph: Any) -> Callable[[], object]:
    return lambda: graph.invoke({"question": "?"}, {"configurable": {"thread_id": thread}})


@pytest.fixture
def rows() -> list[Row]:
    """Of two threads: a run that failed and one that was healthy on the first, one on the second, one on none."""
    return rows_of(
        threaded("42", nested()),
        threaded("42", nested(["a"])),
        threaded("43", nested(["a", "b"])),
        lambda: working().invoke({"question": "?"}),
    )


def count(store: Store, what: str) -> int:
    return int(store.query(f"select count() from {what}")[0][0])


def summed(store: Store) -> tuple[int, int, int]:
    """How many rows there are, how many different ones, and how many the rollup has counted."""
    [[rows, ids]] = store.query("select count(), uniqExact(event_id) from graphs_events")
    [[rolled]] = store.query("select sum(count) from graphs_hourly")
    return int(rows), int(ids), int(rolled)


def wanted(rows: list[Row]) -> tuple[int, int, int]:
    return len(rows), len(rows), len(rows) - len(of(rows, "graph.finding"))


def test_every_row_is_claimed_and_nothing_else(store: Store, rows: list[Row]) -> None:
    other = replace(rows[0], event="shop.sale", event_id="2c1b0a3e-0000-4000-8000-000000000001")
    store.insert([*rows, other])
    assert (count(store, "graphs_events"), count(store, "history_unclaimed")) == (len(rows), 1)


def test_what_is_sent_twice_is_kept_once(store: Store, rows: list[Row]) -> None:
    for some in (rows, rows, rows + rows):
        store.insert(some)
    assert summed(store) == wanted(rows)


def test_columns_have_what_the_attributes_have(store: Store) -> None:
    rows = rows_of(threaded("42", working()), threaded("43", nested()))
    more = {"later": "x"}
    store.insert([replace(row, attributes={**row.attributes, **more}) for row in rows])
    [run] = store.query(
        "select graph, thread, operation, outcome, steps, nodes, inference_calls, tool_calls, input_tokens,"
        " output_tokens, findings, errors, length(trace_id), service, attributes from graphs_events"
        " where event = 'graph.run' and thread = '42'"
    )
    assert run == (
        "working", "42", "invoke_workflow", "ok", 1, 2, 2, 2, 20, 4, 1, 0, 32, "shop", more
    )  # fmt: skip
    [node] = store.query(
        "select graph, number, above, step, attempts, outcome, after, routes, keys, types, lengths, tools, began > 0,"
        " attributes from graphs_events where event = 'graph.node' and node = 'think'"
    )
    assert node == ("thinker", 1, 0, 1, 1, "ok", [], ["__end__"], ["answer"], ["str"], [3], [], True, more)
    [finding] = store.query(
        "select graph, rule, severity, node, step, number, key, cause_node, cause_step, cause_kind, path, confidence,"
        " attributes from graphs_events where rule = 'key_missing'"
    )
    assert finding == (
        "support", "key_missing", "error", "write", 3, 4, "docs", "fetch", 1, "misnamed", "fetch → search → write",
        "observed", {**more, "graph.detection.layer": "structural"},
    )  # fmt: skip
    [unknown] = store.query(
        "select input_tokens, output_tokens from graphs_events where event = 'graph.run' and errors"
    )
    assert unknown == (None, None)


def test_keys_that_were_left_out_are_told_of(store: Store) -> None:
    store.insert(rows_of(lambda: wide(60, sends=2).invoke(WIDE)))
    [[keys, types, lengths]] = store.query("select keys, types, lengths from graphs_events where node = 'fill'")
    assert (keys[0], types[0], lengths[0]) == ("a_key_of_some_length_0", "int", -1)
    assert (keys[-1], types[-1], lengths[-1]) == ("…", "", -1)
    assert len(keys) == len(types) == len(lengths)


def test_the_rollup_counts_runs_and_nodes(store: Store, rows: list[Row]) -> None:
    store.insert(rows)
    found = store.query(
        "select graph, node, outcome, error, sum(count), round(sum(duration_sum), 6), sum(input_tokens)"
        " from graphs_hourly where graph in ('support', 'working') group by all order by all"
    )
    seconds = {
        (row.attributes.get("graph.node.name", ""), row.attributes["graph.outcome"]): 0.0
        for row in rows
        if row.event != "graph.finding" and row.attributes["graph.name"] == "support"
    }
    for row in rows:
        if row.event != "graph.finding" and row.attributes["graph.name"] == "support":
            seconds[row.attributes.get("graph.node.name", ""), row.attributes["graph.outcome"]] += row.duration
    assert [(each[:5], each[6]) for each in found] == [
        (("support", "", "error", "KeyError", 1), 0),
        (("support", "", "ok", "", 2), 0),
        (("support", "fetch", "ok", "", 3), 0),
        (("support", "search", "ok", "", 3), 0),
        (("support", "write", "error", "KeyError", 1), 0),
        (("support", "write", "ok", "", 2), 0),
        (("working", "", "ok", "", 1), 20),
        (("working", "work", "ok", "", 1), 0),
    ]
    for each in found[:6]:
        assert each[5] == pytest.approx(seconds[each[1], each[2]], abs=2e-6)


def test_daily_files_answer_as_rows_that_were_inserted(
    store: Store, server: ClickHouse, rows: list[Row], tmp_path: Path
) -> None:
    # Of other numbers, the engine reads the last digit from JSON otherwise than from a column.
    rows = [replace(row, duration=(1 + round(row.duration * 1024)) / 1024) for row in rows]
    writer = DayFileWriter(tmp_path, 1 << 28, 90, lambda _rows, _reason: None)
    writer.append(rows)
    writer.close()
    assert import_files(store, SCHEMA, tmp_path).new == len(rows)
    assert import_files(store, SCHEMA, tmp_path).new == 0
    assert summed(store) == wanted(rows)
    with connect(server.dsn("graphs_inserted")) as other:
        migrations.migrate(other, SCHEMA)
        other.insert(rows)
        one, two = (
            (history.runs(), [history.run(run.id) for run in history.runs()], history.findings(), history.nodes())
            for history in map(History, (store, other))
        )
        assert one == two
        assert all(one)


def test_a_thread_is_erased_from_every_table(store: Store, rows: list[Row]) -> None:
    store.insert(rows)
    gone = [row for row in rows if row.attributes.get("gen_ai.conversation.id") == "42"]
    left = [row for row in rows if row not in gone]
    assert len(gone) > 8
    for name, value in (("t1", "42"), ("t2", "43")):
        store.command(
            "insert into otel_traces (Timestamp, TraceId, SpanId, SpanAttributes)"
            " select now64(9), {trace:String}, 's', map('gen_ai.conversation.id', {thread:String})",
            {"trace": name, "thread": value},
        )
    erased = {each.table: each.rows for each in erase(store, SCHEMA, "thread", "42")}
    assert erased["graphs_events"] == len(gone)
    assert erased["otel_traces"] == 1
    assert erased["graphs_hourly"] > 0
    assert summed(store) == wanted(left)
    assert store.query("select distinct thread from graphs_events order by all") == [("",), ("43",)]
    [[failed]] = store.query("select sum(count) from graphs_hourly where outcome = 'error'")
    assert failed == 0
    assert {each.rows for each in erase(store, SCHEMA, "thread", "42")} == {0}


def test_of_a_rollup_whose_rows_have_expired_nothing_is_lost(store: Store, rows: list[Row]) -> None:
    store.insert(rows)
    store.command("truncate table graphs_events")
    before = store.query("select * from graphs_hourly order by all")
    assert {each.rows for each in erase(store, SCHEMA, "thread", "42")} == {0}
    assert store.query("select * from graphs_hourly order by all") == before


def test_a_thread_is_erased_from_daily_files(rows: list[Row], tmp_path: Path) -> None:
    writer = DayFileWriter(tmp_path, 1 << 28, 90, lambda _rows, _reason: None)
    writer.append(rows)
    writer.close()
    done = erase_from_files(tmp_path, SCHEMA, "thread", "42")
    assert done.rows == sum(row.attributes.get("gen_ai.conversation.id") == "42" for row in rows)


def test_what_is_no_thread_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="a thread has an id"):
        erase(store, SCHEMA, "thread", "")


def test_how_long_rows_are_kept(store: Store) -> None:
    ages = migrations.kept(store, SCHEMA, migrations.layout(store))
    assert {subject: age for subject, age in ages.items() if subject.startswith("graphs")} == {
        "graphs_events": 90 * 24,
        "graphs_hourly": 3 * 365 * 24,
        "graphs_evaluations_hourly": 3 * 365 * 24,
    }
    changed = SCHEMA.parse_ages("graphs_events=7d")
    assert migrations.migrate(store, SCHEMA, keep=changed).kept == {"graphs_events": 7 * 24}


def test_rows_that_are_too_old_go_and_the_rollup_stays(store: Store, rows: list[Row]) -> None:
    migrations.migrate(store, SCHEMA, keep=SCHEMA.parse_ages("graphs_events=1h"))
    # Each age is that of a whole part of the table, which goes at once.
    store.insert(rows)
    store.insert(
        [
            replace(row, event_id=f"00000000-0000-4000-8000-{number:012}", time=row.time - 7_200_000_000)
            for number, row in enumerate(rows)
        ]
    )
    store.command("optimize table graphs_events final")
    assert count(store, "graphs_events") == len(rows)
    [[rolled]] = store.query("select sum(count) from graphs_hourly")
    assert rolled == 2 * wanted(rows)[2]


def test_what_was_stored_before_the_model_was_known_is_adopted(server: ClickHouse, rows: list[Row]) -> None:
    with connect(server.dsn("graphs_adopted")) as store:
        migrations.migrate(store, Schema((CHECKS,)))
        store.insert(rows)
        assert count(store, "history_unclaimed") == len(rows)
        assert migrations.migrate(store, Schema((CHECKS, MODEL))).adopted == {"graphs": len(rows)}
        assert summed(store) == wanted(rows)


def test_summaries_outlive_the_rows(store: Store, rows: list[Row]) -> None:
    store.insert(rows)
    before = History(store).nodes()
    store.command("truncate table graphs_events")
    assert History(store).nodes() == before
    assert len(before) > 4
