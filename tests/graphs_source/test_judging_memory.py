"""What judging keeps does not grow with the number of runs."""

from __future__ import annotations

import contextlib
import gc
import itertools
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import argus_otel
from argus_otel import graphs
from argus_otel.detections.facts import GraphFacts, NodeFacts
from argus_otel.detections.shapes import shape_of
from argus_otel.settings import Settings
from argus_otel.sources.graphs import catalogue as c
from argus_otel.sources.graphs.habits import GraphHabits
from argus_otel.sources.graphs.source import LangGraphSource
from argus_otel.telemetry import Telemetry
from benchmarks.graphs.judged_graphs import answers_from

from .test_evaluations import in_a_row


def held() -> int:
    """Return how many bytes that our code has allocated are held."""
    gc.collect()
    ours = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, f"{argus_otel.__path__[0]}/*")])
    return sum(each.size for each in ours.statistics("filename"))


def grown(work: Callable[[], object], first: int, then: int) -> int:
    """Return by how many bytes that grows over the runs that follow on the first ones."""
    tracemalloc.start()
    try:
        for _ in range(first):
            work()
        before = held()
        for _ in range(then):
            work()
        return held() - before
    finally:
        tracemalloc.stop()


@pytest.fixture
def source() -> Iterator[LangGraphSource]:
    """A source that exports nothing: what an exporter keeps would be counted."""
    made = LangGraphSource(Telemetry(), Settings.resolve({}), lambda: None)
    made.install()
    yield made
    made.uninstall()


def test_two_thousand_judged_runs(source: LangGraphSource) -> None:
    """Each differs in what it writes and how long it takes; each second one fails, and is found."""
    numbers = itertools.count()

    def search(_: Any) -> Any:
        number = next(numbers)
        graphs.evaluate("length", score=number % 7)
        return {"docs": [str(number)]} if number % 2 else {}

    def good(_: str, update: Any) -> bool:
        return bool(update)

    graphs.graph("judged", validators={"search": good}, floor={"length": 3})
    graph = in_a_row(search=search, write=answers_from("docs"))

    def work() -> None:
        with contextlib.suppress(KeyError):
            graph.invoke({"question": "?"})
        assert source.settle(10), "what waits would be counted"

    for _ in range(1400):  # untraced, since tracing is slow
        work()
    assert grown(work, 200, 400) < 8_000, "twenty bytes a run would be as many"
    assert sum(value for _, value in source.telemetry.points(c.EVALUATIONS)) == 4000
    found = {each["graph.detection.id"]: value for each, value in source.telemetry.points(c.DETECTIONS)}
    assert found["key_missing"] == 1000
    assert found["evaluation_low"] > 1500


@pytest.mark.parametrize("differing", ["nodes", "keys", "graphs", "types", "durations"])
def test_habits_are_bounded(differing: str) -> None:
    """A hundred thousand runs, in each of which something else has another name."""
    habits, numbers = GraphHabits(), itertools.count()

    def learn() -> None:
        number = next(numbers)
        name = {differing: f"x{number}"}
        graph = GraphFacts(name.get("graphs", "graph"))
        shape = shape_of("text")._replace(type=name.get("types", "str"))
        node = NodeFacts(0, name.get("nodes", "node"), graph.name, 1, written={name.get("keys", "key"): shape})
        node.duration = float(number) if differing == "durations" else 1.0
        if habits.count(graph.name, node.duration, number):
            habits.learn_durations(graph.name, {(graph.name, node.node): node.duration})
        habits.learn_writes(graph.name, [node])

    for _ in range(100_000):  # untraced, since tracing is slow
        learn()
    assert grown(learn, 3000, 3000) < 20_000
