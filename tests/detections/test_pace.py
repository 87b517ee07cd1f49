"""Rules that compare a run with what is usual."""

from __future__ import annotations

import pytest

from argus_otel.detections.findings import Severity
from argus_otel.detections.rule import Habits

from .runs import Building
from .test_rules import found

INFO = Severity.INFO


@pytest.mark.parametrize(
    ("duration", "usual", "expected"),
    [(3.1, 1.0, True), (3.0, 1.0, False), (0.09, 0.01, False), (0.11, 0.01, True), (100.0, None, False)],
)
def test_a_node_and_a_run_that_take_long(duration: float, usual: float | None, expected: bool) -> None:
    run = Building()
    run.node("search", {"docs": ["x"]}, duration=duration)
    usually = {} if usual is None else {("support", "search"): usual}
    assert found(run, Habits(durations=usually)) == ({("slow", INFO, "search", "")} if expected else set())
    run.run.duration = duration
    assert found(run, Habits(duration=usual)) == ({("long_run", INFO, "", "")} if expected else set())


def test_another_nodes_durations_do_not_count() -> None:
    run = Building()
    run.node("search", {"docs": ["x"]}, duration=9.0)
    assert found(run, Habits(durations={("other", "search"): 1.0, ("support", "write"): 1.0})) == set()


@pytest.mark.parametrize(("tokens", "usual", "expected"), [(301, 100.0, True), (300, 100.0, False), (999, None, False)])
def test_a_run_that_costs_much(tokens: int, usual: float | None, expected: bool) -> None:
    run = Building()
    run.node("search", {"docs": ["x"]})
    run.run.tokens = tokens
    assert found(run, Habits(tokens=usual)) == ({("costly", INFO, "", "")} if expected else set())
