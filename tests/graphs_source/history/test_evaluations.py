"""Evaluations in history: a row each, beside their run, once, for how long, and how they are erased."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from langgraph.graph import START, StateGraph

from argus_otel import graphs
from argus_otel.history.files.erasure import erase_from_files
from argus_otel.history.files.transfer import import_files
from argus_otel.history.files.writer import DayFileWriter
from argus_otel.history.row import Row
from argus_otel.history.store import migrations
from argus_otel.history.store.client import Store
from argus_otel.history.store.erasure import erase
from argus_otel.sources.graphs.history import History
from argus_otel.testing import Observation

from .conftest import SCHEMA
from .graphs import State, judged
from .recorded import of, rows_of

EVALUATION = "graph.evaluation"
NAME, SCORE, LABEL = "gen_ai.evaluation.name", "gen_ai.evaluation.score.value", "gen_ai.evaluation.score.label"


def threaded(thread: str) -> Callable[[], object]:
    return lambda: judged().invoke({"question": "?"}, {"configurable": {"thread_id": thread}})


@pytest.fixture
def rows() -> list[Row]:
    """Of two runs on one thread, and one on another."""
    return rows_of(threaded("42"), threaded("42"), threaded("43"))


def holding(compiled: Any) -> Any:
    """Return a graph that has another one in a node, after which it evaluates itself."""
    graph = StateGraph(State)
    graph.add_node("hold", compiled)
    graph.add_node("end", lambda _: graphs.evaluate("whole", label="done"))
    graph.add_edge(START, "hold")
    graph.add_edge("hold", "end")
    return graph.compile(name="outer")


def evaluated(observed: Observation) -> list[dict[str, Any]]:
    return [dict(attributes) for name, attributes, _ in observed.rows if name == EVALUATION]


# -- rows


def test_an_evaluation_is_a_row_of_its_run_and_node(rows: list[Row]) -> None:
    runs = of(rows, "graph.run")
    evaluations = of(rows, EVALUATION)
    assert len(evaluations) == 5 * len(runs)
    for run in runs:
        own = [row for row in evaluations if row.attributes["graph.run.id"] == run.attributes["graph.run.id"]]
        assert {row.attributes["gen_ai.conversation.id"] for row in own} == {run.attributes["gen_ai.conversation.id"]}
        names = ("graph.name", "graph.node.name", "graph.node.number", "graph.step", NAME, SCORE, LABEL, "error.type")
        assert [tuple(row.attributes.get(name) for name in names) for row in own] == [
            ("judged", "search", 0, 1, "grounded", 0.75, "good", None),
            ("judged", "search", 0, 1, "sure", None, "yes", None),
            ("judged", "write", 1, 2, "refuses", 0.0, "fail", None),
            ("judged", "write", 1, 2, "fails", None, None, "KeyError"),
            ("judged", "write", 1, 2, "helpfulness", 0.25, "poor", None),
        ]
        assert all(row.time >= run.time for row in own)


def test_its_time_is_when_it_was_made_and_not_when_its_run_ended() -> None:
    between: list[float] = []

    def work(_: State) -> State:
        between.append(time.time())
        graphs.evaluate("early", score=1)
        between.append(time.time())
        return {"answer": "x"}

    graph = StateGraph(State)
    graph.add_node("work", work)
    graph.add_edge(START, "work")
    [row] = of(rows_of(lambda: graph.compile(name="early").invoke({"question": "?"})), EVALUATION)
    before, after = between
    assert int(before * 1e6) <= row.time <= after * 1e6


def test_in_a_graph_in_a_node_it_has_the_run_and_the_thread_at_the_top() -> None:
    config: Any = {"configurable": {"thread_id": "42"}}
    rows = rows_of(lambda: holding(judged()).invoke({"question": "?"}, config))
    [run] = of(rows, "graph.run")
    found = {str(row.attributes[NAME]): row.attributes for row in of(rows, EVALUATION)}
    assert {each["graph.run.id"] for each in found.values()} == {run.attributes["graph.run.id"]}
    assert {each["gen_ai.conversation.id"] for each in found.values()} == {"42"}
    assert (found["grounded"]["graph.name"], found["grounded"]["graph.node.number"]) == ("judged", 1)
    assert (found["whole"]["graph.name"], found["whole"]["graph.node.name"]) == ("outer", "end")


@pytest.mark.parametrize("content", [False, True])
def test_an_explanation_is_kept_only_if_content_is_asked_for(content: bool) -> None:
    rows = rows_of(threaded("42"), content=content)
    explanations = [row.attributes.get("gen_ai.evaluation.explanation") for row in of(rows, EVALUATION)]
    assert explanations == ["It names 1 Main Street." if content else None, None, None, None, None]
    assert ("Main Street" in repr(rows)) == content


def test_what_is_said_after_the_end_of_a_run_is_beside_it_with_what_rules_find(observed: Observation) -> None:
    async def go() -> None:
        ended = asyncio.Event()
        tasks: list[asyncio.Task[None]] = []

        async def later() -> None:
            await ended.wait()
            graphs.evaluate("helpful", score=0.1)

        async def write(_: Any) -> Any:
            tasks.append(asyncio.create_task(later()))
            return {"answer": "x"}

        graph = StateGraph(State)
        graph.add_node("write", write)
        graph.add_edge(START, "write")
        graphs.graph("late", floor=0.5)
        await graph.compile(name="late").ainvoke({"question": "?"})
        assert evaluated(observed) == []
        ended.set()
        await tasks[0]

    asyncio.run(go())
    assert [name for name, _, _ in observed.rows] == ["graph.run", "graph.node", EVALUATION, "graph.finding"]
    assert len({attributes["graph.run.id"] for _, attributes, _ in observed.rows}) == 1
    [found] = evaluated(observed)
    assert (found["graph.node.name"], found["graph.node.number"], found[SCORE]) == ("write", 0, 0.1)


def test_outside_of_runs_and_without_history_there_is_no_row(observed: Observation) -> None:
    graphs.evaluate("helpful", score=1.0)
    history, observed.telemetry.history = observed.telemetry.history, None
    judged().invoke({"question": "?"})
    observed.telemetry.history = history
    assert observed.rows == []


def test_without_detections_there_are_rows_all_the_same() -> None:
    rows = rows_of(threaded("42"), detections="off")
    assert [len(of(rows, event)) for event in ("graph.run", "graph.node", EVALUATION, "graph.finding")] == [1, 2, 5, 0]


# -- the table


def summed(store: Store) -> tuple[int, int, int]:
    """How many evaluations there are, how many different ones, and how many the rollup has counted."""
    [[rows, ids]] = store.query(f"select count(), uniqExact(event_id) from graphs_events where event = '{EVALUATION}'")
    [[rolled]] = store.query("select sum(count) from graphs_evaluations_hourly")
    return int(rows), int(ids), int(rolled)


def test_columns_have_what_the_attributes_have_and_null_where_nothing_is_known(store: Store) -> None:
    rows = rows_of(threaded("42"), content=True)
    more = {"later": "x"}
    store.insert([replace(row, attributes={**row.attributes, **more}) for row in rows])
    found = store.query(
        "select graph, node, number, step, thread, evaluation, score, label, explanation, error, attributes"
        f" from graphs_events where event = '{EVALUATION}' order by time, number, evaluation"
    )
    assert found == [
        ("judged", "search", 0, 1, "42", "grounded", 0.75, "good", "It names 1 Main Street.", "", more),
        ("judged", "search", 0, 1, "42", "sure", None, "yes", "", "", more),
        ("judged", "write", 1, 2, "42", "refuses", 0.0, "fail", "", "", more),
        ("judged", "write", 1, 2, "42", "fails", None, None, "", "KeyError", more),
        ("judged", "write", 1, 2, "42", "helpfulness", 0.25, "poor", "", "", more),
    ]
    others = store.query(
        f"select distinct evaluation, score, label, explanation from graphs_events where event != '{EVALUATION}'"
    )
    assert others == [("", None, None, "")]


def test_an_evaluation_that_is_sent_twice_is_kept_once(store: Store, rows: list[Row]) -> None:
    for some in (rows, rows, rows + rows):
        store.insert(some)
    assert summed(store) == (15, 15, 15)


def test_the_rollup_counts_scores_and_labels(store: Store, rows: list[Row]) -> None:
    store.insert(rows)
    found = store.query(
        "select node, evaluation, error, sum(count), sum(scored), sum(score_sum), sumMap(labels)"
        " from graphs_evaluations_hourly group by all order by all"
    )
    assert found == [
        ("search", "grounded", "", 3, 3, 2.25, {"good": 3}),
        ("search", "sure", "", 3, 0, 0.0, {"yes": 3}),
        ("write", "fails", "KeyError", 3, 0, 0.0, {}),
        ("write", "helpfulness", "", 3, 3, 0.75, {"poor": 3}),
        ("write", "refuses", "", 3, 3, 0.0, {"fail": 3}),
    ]
    [[hours]] = store.query("select sum(count) from graphs_hourly")
    assert hours == len(of(rows, "graph.run")) + len(of(rows, "graph.node")), "they are neither runs nor nodes"


def test_a_thread_is_erased_with_its_evaluations(store: Store, rows: list[Row]) -> None:
    store.insert(rows)
    erased = {each.table: each.rows for each in erase(store, SCHEMA, "thread", "42")}
    assert erased["graphs_events"] == sum(row.attributes.get("gen_ai.conversation.id") == "42" for row in rows)
    assert erased["graphs_evaluations_hourly"] >= 5
    assert summed(store) == (5, 5, 5)
    assert store.query("select sumMap(labels) from graphs_evaluations_hourly") == [
        ({"good": 1, "yes": 1, "poor": 1, "fail": 1},)
    ]
    assert {each.rows for each in erase(store, SCHEMA, "thread", "42")} == {0}


def test_daily_files_have_them_and_a_thread_is_erased_from_these(store: Store, rows: list[Row], tmp_path: Path) -> None:
    writer = DayFileWriter(tmp_path, 1 << 28, 90, lambda _rows, _reason: None)
    writer.append(rows)
    writer.close()
    erase_from_files(tmp_path, SCHEMA, "thread", "42")
    import_files(store, SCHEMA, tmp_path)
    assert summed(store) == (5, 5, 5)
    [run] = History(store).runs()
    assert [each.label for each in History(store).run(run.id).evaluations] == ["good", "yes", "fail", None, "poor"]


def test_how_long_they_are_kept(store: Store, rows: list[Row]) -> None:
    migrations.migrate(store, SCHEMA, keep=SCHEMA.parse_ages("graphs_events=2h,graphs_evaluations_hourly=2h"))
    # Each age is that of a whole part of a table, which goes at once.
    store.insert(rows)
    store.insert(
        [
            replace(row, event_id=f"00000000-0000-4000-8000-{number:012}", time=row.time - 4 * 3_600_000_000)
            for number, row in enumerate(rows)
        ]
    )
    for table in ("graphs_events", "graphs_evaluations_hourly"):
        store.command(f"optimize table {table} final")
    assert summed(store) == (15, 15, 15)


# -- questions


@pytest.fixture
def history(store: Store, rows: list[Row]) -> History:
    store.insert(rows)
    return History(store)


def test_a_run_comes_back_with_its_evaluations(history: History) -> None:
    for run in history.runs():
        evaluations = history.run(run.id).evaluations
        assert [(each.node, each.number, each.name, each.score, each.label, each.error) for each in evaluations] == [
            ("search", 0, "grounded", 0.75, "good", ""),
            ("search", 0, "sure", None, "yes", ""),
            ("write", 1, "refuses", 0.0, "fail", ""),
            ("write", 1, "fails", None, None, "KeyError"),
            ("write", 1, "helpfulness", 0.25, "poor", ""),
        ]
        assert {each.run for each in evaluations} == {run.id}
        assert all(run.begin <= each.time for each in evaluations)


def test_evaluations_by_graph_name_and_range(history: History) -> None:
    assert len(history.evaluations()) == len(history.evaluations("judged", service="shop")) == 15
    assert history.evaluations("other") == history.evaluations(service="other") == []
    assert {each.name for each in history.evaluations(name="helpfulness")} == {"helpfulness"}
    assert history.evaluations(name="' or 1 = 1 -- ") == []
    times = [each.time for each in history.evaluations(limit=7)]
    assert len(times) == 7
    assert times == sorted(times, reverse=True)
    assert history.evaluations(since=datetime.now(timezone.utc) + timedelta(days=1)) == []


def test_scores_outlive_the_rows(history: History, store: Store) -> None:
    before = history.scores()
    store.command("truncate table graphs_events")
    assert history.scores() == before
    found = {each.name: (each.node, each.evaluations, each.failed, each.mean, each.labels) for each in before}
    assert found == {
        "grounded": ("search", 3, 0, 0.75, {"good": 3}),
        "sure": ("search", 3, 0, None, {"yes": 3}),
        "fails": ("write", 3, 3, None, {}),
        "helpfulness": ("write", 3, 0, 0.25, {"poor": 3}),
        "refuses": ("write", 3, 0, 0.0, {"fail": 3}),
    }
    assert [each.name for each in history.scores(name="sure")] == ["sure"]
    assert history.scores("other") == []
