"""Where LangGraph has moved the function that runs a task, callbacks count nodes, and the source is degraded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import version

import pytest

from argus_otel.sources.graphs import nodes
from argus_otel.telemetry import State
from argus_otel.testing import Observation, observe

from .running import Ran, ledger
from .shapes import ASYNC_SHAPES, Shape
from .test_shapes import RUNS, nodes_of, written

pytestmark = pytest.mark.skipif(
    int(version("langgraph").split(".")[0]) < 1, reason="it has not moved in the versions before 1.0, which are out"
)


@pytest.fixture
def degraded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Observation]:
    monkeypatch.setattr(nodes, "_PACKAGE", "langgraph.elsewhere")
    with observe("graphs") as observation:
        yield observation
    assert not observation.points().get("argus.hook.errors"), observation.telemetry.guard.faults


@pytest.mark.parametrize(("shape", "run_shape"), RUNS)
def test_nodes_are_counted_and_the_program_gets_the_same(
    degraded: Observation, shape: Shape, run_shape: Callable[[Shape], Ran]
) -> None:
    with_us = run_shape(shape)
    counted = nodes_of(degraded)
    assert degraded.value("graph.nodes.active") == 0
    degraded.handle.uninstall()
    assert written(with_us) == written(run_shape(shape))
    assert counted
    if shape not in ASYNC_SHAPES and shape.name not in (
        "recovered",
        "exhausted",
    ):  # each attempt is a node, by callbacks
        assert counted == ledger(shape).tasks


def test_the_source_says_that_it_is_degraded_and_why(degraded: Observation, caplog: pytest.LogCaptureFixture) -> None:
    degraded.handle.uninstall()
    degraded.telemetry.health.forget("hook:")
    degraded.handle.install()
    part = degraded.telemetry.health.parts("hook:nodes by callbacks")["hook:nodes by callbacks"]
    assert part.state is State.DEGRADED
    assert "without routes" in part.detail
    (warning,) = [text for text in caplog.messages if "degraded" in text]
    assert "look for a newer argus-otel" in warning


def test_callbacks_are_not_used_where_the_function_is_there(observed: Observation) -> None:
    assert not observed.telemetry.health.parts("hook:nodes by callbacks")
