"""A tool that there is not is found where it is answered, and not again where an old answer is returned."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.messages import AIMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Send
from pydantic import BaseModel

from argus_otel.testing import Observation

from .test_calls import asks_for, search
from .test_runs import points

ToolNode = pytest.importorskip(
    "langgraph.prebuilt", exc_type=ImportError, reason="this LangGraph has no prebuilt nodes, or those of another one"
).ToolNode


class AsMapping(TypedDict, total=False):
    messages: Annotated[list[Any], add_messages]


@dataclass
class AsObject:
    messages: Annotated[list[Any], add_messages] = field(default_factory=list[Any])


class AsModel(BaseModel):
    messages: Annotated[list[Any], add_messages] = []


def messages_of(state: Any) -> list[Any]:
    if isinstance(state, list):
        return list(state)
    return list(state["messages"] if isinstance(state, dict) else state.messages)


def conversation(schema: Any, *asked: str) -> Any:
    """Return a graph whose model asks for tools in turn, and whose other node returns all messages of the thread."""
    turns = iter(asked)

    def model(_: Any) -> Any:
        return {"messages": [asks_for(next(turns))]}

    def trim(state: Any) -> Any:
        return {"messages": [*messages_of(state), AIMessage("done")]}

    def tools(state: Any) -> Any:
        return {"messages": [*messages_of(state), *ToolNode([search]).invoke(messages_of(state)[-1:])]}

    graph = StateGraph(schema)
    graph.add_node("model", model)
    graph.add_node("tools", tools)
    graph.add_node("trim", trim)
    graph.add_edge(START, "model")
    graph.add_edge("model", "tools")
    graph.add_edge("tools", "trim")
    return graph.compile(name="conversation", checkpointer=InMemorySaver())


def found(observed: Observation) -> dict[tuple[Any, ...], float]:
    every = points(observed, "graph.detections", "graph.cause.node", "graph.detection.id")
    return {key: count for key, count in every.items() if key[1] == "tool_unknown"}


@pytest.mark.parametrize("schema", [AsMapping, AsObject, AsModel])
def test_an_old_answer_is_no_new_one(observed: Observation, schema: Any) -> None:
    graph = conversation(schema, "made_up", "search", "search")
    config: Any = {"configurable": {"thread_id": "t"}}
    for _ in range(3):
        graph.invoke({"messages": [("user", "hello")]}, config)
    assert found(observed) == {("tools", "tool_unknown"): 1}


def test_each_new_answer_is_one(observed: Observation) -> None:
    graph = conversation(AsMapping, "made_up", "search", "invented")
    config: Any = {"configurable": {"thread_id": "t"}}
    for _ in range(3):
        graph.invoke({"messages": [("user", "hello")]}, config)
    assert found(observed) == {("tools", "tool_unknown"): 2}


@pytest.mark.parametrize("whole", [False, True])
def test_what_a_node_is_sent_is_given_to_it(observed: Observation, whole: bool) -> None:
    old, new = (ToolMessage("no such tool", tool_call_id="1", status="error") for _ in range(2))

    def work(sent: Any) -> Any:
        return {"messages": [*messages_of(sent), new, AIMessage("done")]}

    graph = StateGraph(AsMapping)
    graph.add_node("split", lambda _: None)
    graph.add_node("work", work)
    graph.add_edge(START, "split")
    graph.add_conditional_edges("split", lambda _: [Send("work", [old] if whole else {"messages": [old]})], ["work"])
    graph.compile(name="sends").invoke({"messages": []})
    assert found(observed) == {("work", "tool_unknown"): 1}


def test_a_copy_of_an_old_answer_is_no_new_one(observed: Observation) -> None:
    def copies(state: Any) -> Any:
        return {"messages": [*(each.model_copy() for each in messages_of(state)), AIMessage("done")]}

    graph = StateGraph(AsMapping)
    graph.add_node("copies", copies)
    graph.add_edge(START, "copies")
    graph.compile(name="copies").invoke({"messages": [ToolMessage("no", tool_call_id="1", status="error")]})
    assert found(observed) == {}
