"""Where LangGraph has moved the function that runs a task, callbacks count nodes, and the source is degraded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any, cast

import pytest
from langgraph.graph import START, StateGraph

from argus_otel import graphs
from argus_otel.sources.graphs import nodes
from argus_otel.sources.graphs.callbacks import LOST
from argus_otel.telemetry import State
from argus_otel.testing import Observation, observe

from .history.graphs import State as History
from .history.graphs import lookup, nested
from .running import Ran, ledger, run
from .shapes import ASYNC_SHAPES, SHAPES, Shape
from .test_shapes import RUNS, nodes_of, written
from .test_validators import settle

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
    assert part.detail == f"{LOST}. Look for a newer argus-otel"
    (warning,) = [text for text in caplog.messages if "degraded" in text]
    assert part.detail in warning


def lost(observed: Observation) -> dict[str, bool]:
    """Run a graph with everything that callbacks do not see, and return what of it is not observed, by the words."""
    ran: list[str] = []

    def refuses(node: str, _: Any) -> bool:
        ran.append(node)
        return False

    def work(state: History) -> History:
        lookup.invoke({"word": "parcel"})
        graphs.evaluate("helpful", score=0.1)
        return cast("History", nested([]).invoke({"question": state["question"]}))

    graph = StateGraph(History)
    graph.add_node("work", work)
    graph.add_node("write", lambda _: {"answer": "soon"})
    graph.add_edge(START, "work")
    graph.add_edge("work", "write")
    node = {"write": refuses}
    graphs.graph("judged", must_write={"write": ["docs"]}, validators=node, judges={"work": refuses}, gate=True)
    stopped = False
    try:
        graph.compile(name="judged").invoke({"question": "?"})
    except graphs.GateFailed:
        stopped = True
    run(next(shape for shape in SHAPES if shape.name == "recovered"))
    settle(observed)
    spans, metrics = observed.spans(), observed.points()
    names = {span.context.span_id: span.name for span in spans}
    above = {span.name: names[span.parent.span_id] for span in spans if span.parent is not None}
    (evaluation,) = [attributes for name, attributes in observed.events if "helpful" in attributes.values()]
    rows = [(name, attributes) for name, attributes, _ in observed.rows]
    return {
        "Gates stop nothing": not stopped,
        "validators": "write" not in ran,
        "judges do not run": "work" not in ran,
        "Rules on nodes find nothing": not any(
            "key_missing" in each.values() or "no_update" in each.values() for _, each in rows
        ),
        "no routes": not metrics.get("graph.routes"),
        "failed attempts": not metrics.get("graph.node.failed_attempts"),
        "keys": not any("graph.keys.written" in (span.attributes or {}) for span in spans),
        "links between nodes": not any(span.links for span in spans if span.name.startswith("invoke_node ")),
        "rows of nodes in history": "graph.node" not in [name for name, _ in rows],
        "What a node calls": above["execute_tool lookup"] == "invoke_workflow judged",
        "or evaluates": "graph.node.name" not in evaluation,
        "tools for none": not any(each.get("graph.run.tool_calls") for _, each in rows),
        "a graph in a node is a run of its own": any(
            each["graph.name"] == "support" for name, each in rows if name == "graph.run"
        ),
    }


def test_what_it_says_is_lost_is_lost(degraded: Observation) -> None:
    told = lost(degraded)
    assert told == dict.fromkeys(told, True)
    assert [words for words in told if words not in LOST] == []


def test_nothing_of_it_is_lost_otherwise(observed: Observation) -> None:
    told = lost(observed)
    assert told == dict.fromkeys(told, False)


def test_callbacks_are_not_used_where_the_function_is_there(observed: Observation) -> None:
    assert not observed.telemetry.health.parts("hook:nodes by callbacks")
