"""What is found of a node with a graph in it, and of answers that were streamed: as without either."""

from __future__ import annotations

import operator
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langgraph.graph import START, StateGraph

from argus_otel.testing import Observation

from .test_calls import answering, asks_for, excused, search
from .test_runs import points


class Outer(TypedDict, total=False):
    docs: list[str]
    messages: Annotated[list[Any], operator.add]


class Inner(TypedDict, total=False):
    docs: list[str]
    language: str


def holding(node: Any, schema: Any = Outer) -> Any:
    graph = StateGraph(schema)
    graph.add_node("hold", node)
    graph.add_edge(START, "hold")
    return graph.compile(name="outer")


def inner(**update: Any) -> Any:
    graph = StateGraph(Inner)
    graph.add_node("inside", lambda _: update)
    graph.add_edge(START, "inside")
    return graph.compile(name="inner")


def found(observed: Observation) -> dict[tuple[Any, ...], float]:
    return points(observed, "graph.detections", "graph.cause.node", "graph.detection.id", "graph.detection.severity")


def test_the_own_keys_of_a_graph_in_a_node_are_not_lost(observed: Observation) -> None:
    holding(inner(docs=["a"], language="French")).invoke({"docs": []})
    assert found(observed) == {}


def test_a_key_of_a_graph_in_a_node_that_is_misspelt_is_found(observed: Observation) -> None:
    class Short(TypedDict, total=False):
        text: str
        doc: list[str]

    graph = StateGraph(Short)
    graph.add_node("inside", lambda _: {"doc": ["a"]})
    graph.add_edge(START, "inside")
    compiled = graph.compile(name="inner")
    holding(lambda _: dict(compiled.invoke({"text": "x"}))).invoke({"messages": []})
    assert ("hold", "unknown_key", "error") in found(observed)


def agent(*messages: Any) -> Any:
    agents = pytest.importorskip("langchain.agents", reason="install langchain>=1: uv sync")
    return agents.create_agent(answering(*messages), tools=[search, excused], name="clerk")


class Conversation(TypedDict, total=False):
    messages: Annotated[list[Any], operator.add]


def test_a_tool_that_there_is_not_is_found_once_in_an_agent_in_a_node(observed: Observation) -> None:
    graph = holding(agent(asks_for("nothing"), AIMessage("done")), Conversation)
    graph.invoke({"messages": [("user", "hello")]})
    assert found(observed) == {("tools", "tool_unknown", "warn"): 1}


def test_a_tool_that_fails_in_an_agent_in_a_node_is_not_one_that_there_is_not(observed: Observation) -> None:
    graph = holding(agent(asks_for("excused"), AIMessage("done")), Conversation)
    graph.invoke({"messages": [("user", "hello")]})
    assert found(observed) == {("tools", "tool_error_passed_on", "warn"): 1}


@pytest.mark.parametrize("message", [AIMessage, AIMessageChunk])
def test_an_answer_that_is_cut_is_found_whether_it_was_streamed_or_not(observed: Observation, message: Any) -> None:
    cut = message("half of an", response_metadata={"finish_reason": "length"})
    holding(lambda _: {"messages": [cut]}).invoke({"docs": []})
    assert found(observed) == {("hold", "answer_cut", "warn"): 1}
