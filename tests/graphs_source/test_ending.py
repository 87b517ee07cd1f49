"""What runs while the process ends is recorded once, as cancelled, and leaves nothing open."""

from __future__ import annotations

from typing import Any, TypedDict

import pytest
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.graph import START, StateGraph

from argus_otel.testing import Observation

from .test_calls import Model
from .test_runs import points


class State(TypedDict):
    key: str


def graph_of(node: Any) -> Any:
    graph = StateGraph(State)
    graph.add_node("node", node)
    graph.add_edge(START, "node")
    return graph.compile(name="ending")


@pytest.fixture
def ended(observed: Observation) -> Observation:
    """The source after a run in which the process began to end within a tool and a model."""

    class Ending(Model):
        def _generate(self, *args: Any, **kwargs: Any) -> Any:
            observed.telemetry.guard.in_flight.cancel_all()
            return super()._generate(*args, **kwargs)

    @tool
    def ask(question: str) -> str:
        """Ask a model."""
        return str(Ending(messages=iter([AIMessage("yes")])).invoke(question).content)

    assert graph_of(lambda _: {"key": ask.invoke({"question": "?"})}).invoke({"key": ""}) == {"key": "yes"}
    return observed


def test_each_is_recorded_once_as_cancelled(ended: Observation) -> None:
    assert points(ended, "graph.node.duration", "graph.outcome") == {("cancelled",): 1}
    assert points(ended, "graph.run.steps", "graph.outcome") == {("cancelled",): 1}
    assert points(ended, "gen_ai.execute_tool.duration", "error.type") == {(None,): 1}
    assert points(ended, "gen_ai.client.inference.duration", "error.type") == {(None,): 1}


def test_nothing_stays_open(ended: Observation) -> None:
    assert ended.value("graph.nodes.active") == ended.value("graph.runs.active") == 0
    assert not ended.telemetry.guard.in_flight
    assert len(ended.spans()) == len({span.context.span_id for span in ended.spans() if span.context}) == 4
