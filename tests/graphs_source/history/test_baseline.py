"""Drift of real graphs: what has changed since healthy runs, and that nothing is told where nothing has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from argus_otel.history.store.client import Store
from argus_otel.history.store.errors import NotFoundError
from argus_otel.sources.graphs.history import History

from . import graphs
from .graphs import Changing
from .recorded import rows_of

BEFORE, AFTER = 30, 12

Told = dict[tuple[str, str, str], tuple[float, float]]


class Drifting:
    """A graph that runs healthily, changes, and runs again."""

    def __init__(self, store: Store, service: str) -> None:
        self.graph = Changing()
        self.history = History(store)
        self._store = store
        self._service = service

    def runs(self, times: int) -> None:
        rows = rows_of(lambda: self.graph.run(times))
        self._store.insert([replace(row, service=self._service) for row in rows])

    def told(self, *, latency: bool = False, **more: Any) -> Told:
        """Return what has drifted. Graphs that take milliseconds are slower whenever the machine has other work."""
        found = self.history.baseline("changing", recent=AFTER, service=self._service, **more)
        return {
            (each.rule, each.node, each.subject): (each.then, each.now)
            for each in found
            if latency == (each.rule == "baseline_latency")
        }


@pytest.fixture
def drifting(shared: Store, request: pytest.FixtureRequest) -> Drifting:
    made = Drifting(shared, request.node.name)
    made.runs(BEFORE)
    return made


@pytest.fixture
def waiting(shared: Store, request: pytest.FixtureRequest) -> Drifting:
    """A graph that waits longer than the machine may be busy."""
    made = Drifting(shared, request.node.name)
    made.graph.seconds = 0.06
    made.runs(12)
    return made


def test_where_nothing_has_changed_nothing_is_told(drifting: Drifting) -> None:
    drifting.runs(AFTER)
    assert drifting.told() == {}


def test_a_key_is_gone(drifting: Drifting) -> None:
    drifting.graph.docs = None
    drifting.runs(AFTER)
    assert drifting.told() == {("baseline_key", "search", "docs"): (1.0, 0.0)}


def test_a_key_that_was_never_usual_is_not_missed(shared: Store, request: pytest.FixtureRequest) -> None:
    drifting = Drifting(shared, request.node.name)
    for docs in (None, ["a"]) * 8:
        drifting.graph.docs = docs
        drifting.runs(2)
    drifting.graph.docs = None
    drifting.runs(AFTER)
    assert drifting.told() == {}


def test_a_class_is_new(drifting: Drifting) -> None:
    drifting.runs(AFTER - 3)
    drifting.graph.docs = "Error: connection refused"
    drifting.runs(3)
    # An annotation forbids it: these runs are not healthy, and the last ones need not be.
    assert drifting.told() == {("baseline_type", "search", "docs: str"): (0.0, 0.25)}


def test_a_class_of_runs_that_were_not_healthy_is_new_all_the_same(drifting: Drifting) -> None:
    drifting.graph.docs = "Error: connection refused"
    drifting.runs(AFTER + 15)
    assert drifting.told() == {("baseline_type", "search", "docs: str"): (0.0, 1.0)}


def test_another_length_is_no_other_class(drifting: Drifting) -> None:
    drifting.graph.docs = ["a"] * 500
    drifting.runs(AFTER)
    assert drifting.told() == {}


def test_a_route_is_taken_more_often(drifting: Drifting) -> None:
    drifting.graph.cached = True
    drifting.runs(AFTER)
    told = drifting.told()
    assert told["baseline_route", "search", "write"] == (0.0, 1.0)
    assert told["baseline_route", "search", "ask"] == (1.0, 0.0)
    assert {rule for rule, *_ in told} == {"baseline_route"}


def test_a_route_that_one_run_takes_half_the_time_does_not_drift(shared: Store, request: pytest.FixtureRequest) -> None:
    drifting = Drifting(shared, request.node.name)
    for cached in (False, True) * 10:
        drifting.graph.cached = cached
        drifting.runs(2)
    for cached in (True, True, False, True):
        drifting.graph.cached = cached
        drifting.runs(AFTER // 4)
    assert drifting.told() == {}  # 75 % of 12 instead of 50 %


def test_an_error_is_new(drifting: Drifting) -> None:
    drifting.graph.error = TimeoutError("no answer")
    drifting.runs(3)
    drifting.graph.error = None
    drifting.runs(AFTER - 3)
    assert drifting.told() == {("baseline_error", "", "TimeoutError"): (0.0, 0.25)}


def test_an_error_that_happened_before_is_not_new(drifting: Drifting) -> None:
    drifting.graph.error = TimeoutError("no answer")
    drifting.runs(1)  # a run that is not healthy, but known
    drifting.graph.error = None
    drifting.runs(AFTER - 1)
    drifting.graph.error = TimeoutError("no answer")
    drifting.runs(1)
    assert drifting.told() == {}


def test_more_tokens_are_taken(drifting: Drifting) -> None:
    drifting.graph.tokens = 200
    drifting.runs(AFTER)
    assert drifting.told() == {("baseline_cost", "", "tokens"): (120.0, 220.0)}


def test_some_more_tokens_are_no_drift(drifting: Drifting) -> None:
    drifting.graph.tokens = 150
    drifting.runs(AFTER)
    assert drifting.told() == {}


def test_a_node_is_slower(waiting: Drifting) -> None:
    waiting.graph.seconds = 0.2
    waiting.runs(AFTER)
    told = waiting.told(latency=True)
    assert told.keys() == {("baseline_latency", "", "duration"), ("baseline_latency", "search", "duration")}
    then, now = told["baseline_latency", "search", "duration"]
    assert 0.06 <= then * 1.02 < 0.13 < 0.2 <= now * 1.02
    assert waiting.told() == {}


def test_a_few_slow_runs_are_no_drift(waiting: Drifting) -> None:
    waiting.graph.seconds = 0.2
    waiting.runs(AFTER // 4)
    waiting.graph.seconds = 0.06
    waiting.runs(AFTER - AFTER // 4)
    assert waiting.told(latency=True) == {}


def test_a_graph_in_a_node_drifts_too(shared: Store) -> None:
    def run(docs: list[str] | None, times: int) -> None:
        rows = rows_of(*[lambda: graphs.nested(docs).invoke({"question": "?"})] * times)
        shared.insert([replace(row, service="nested") for row in rows])

    run(["a"], 12)
    run(None, 6)
    found = History(shared).baseline("support", recent=6, service="nested")
    assert {(each.rule, each.node, each.subject) for each in found if each.unit == "share"} == {
        ("baseline_key", "fetch", "docs"),
        ("baseline_key", "search", "docs"),
        ("baseline_error", "", "KeyError"),
    }


@pytest.mark.parametrize("before", [0, 9])
def test_too_few_runs_are_told_of(shared: Store, request: pytest.FixtureRequest, before: int) -> None:
    drifting = Drifting(shared, request.node.name)
    drifting.runs(AFTER + before)
    with pytest.raises(
        NotFoundError, match=f"before the last 12, history has {before} healthy ones, and 10 are needed"
    ):
        drifting.told()


def test_only_so_many_runs_are_compared_and_only_in_a_range(drifting: Drifting) -> None:
    drifting.graph.docs = None
    drifting.runs(15)
    drifting.graph.docs = ["a"]
    drifting.runs(AFTER)
    assert drifting.told(earlier=15) == {}  # they are without the key
    with pytest.raises(NotFoundError):
        drifting.history.baseline("changing", since=drifting.history.runs()[0].begin.replace(year=2100))


def test_no_runs_at_all(shared: Store) -> None:
    with pytest.raises(NotFoundError, match="too few runs of 'no such graph' to compare"):
        History(shared).baseline("no such graph")
