"""What judging keeps does not grow with the number of runs."""

from __future__ import annotations

import contextlib
import gc
import itertools
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from argus_otel import graphs
from argus_otel.detections.facts import GraphFacts, NodeFacts, RunFacts
from argus_otel.detections.shapes import shape_of
from argus_otel.sources.graphs.habits import GraphHabits
from argus_otel.sources.graphs.source import LangGraphSource
from argus_otel.testing import Observation

from .judged_graphs import answers_from
from .test_evaluations import EVALUATION, in_a_row
from .test_runs import points


def grown(work: Callable[[], object], first: int, then: int) -> int:
    """Return by how many bytes memory grows over the runs that follow on the first ones."""
    tracemalloc.start()
    try:
        for _ in range(first):
            work()
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(then):
            work()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return after - before


def test_two_thousand_judged_runs(observed: Observation) -> None:
    """Each differs in what it writes and how long it takes; each second one fails, and is found."""
    observed.telemetry.rates.override({"graphs": 0.0})
    numbers, runs = itertools.count(), itertools.count(1)
    source = observed.handle.source
    assert isinstance(source, LangGraphSource)

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
        observed.events.clear()
        observed.rows.clear()
        if next(runs) % 64 == 0:
            source.settle(10)

    for _ in range(1400):  # untraced, since tracing is slow
        work()
    assert grown(work, 200, 400) < 20_000, "fifty bytes a run would be as many"
    assert points(observed, "graph.evaluations", *EVALUATION)[("judged", "length", None, None)] == 2000
    found = points(observed, "graph.detections", "graph.detection.id")
    assert found[("key_missing",)] == 1000
    assert found[("evaluation_low",)] > 1500


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
        habits.learn(RunFacts(graph, {graph.name: graph}, [node], duration=node.duration, tokens=number))

    for _ in range(100_000):  # untraced, since tracing is slow
        learn()
    assert grown(learn, 3000, 3000) < 20_000
