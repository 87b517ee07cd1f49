"""A node lacks a key: which node caused that, in real graphs."""

from __future__ import annotations

import asyncio
import contextlib
import operator
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.tools import tool
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send

from argus_otel import graphs
from argus_otel.testing import Observation
from benchmarks.graphs.judged_graphs import answers_from, writes


class Story(TypedDict, total=False):
    question: str
    docs: list[str]
    summary: str
    answer: str
    log: Annotated[list[str], operator.add]


def invoke(graph: Any) -> None:
    graph.invoke({"question": "?"})


def ainvoke(graph: Any) -> None:
    asyncio.run(graph.ainvoke({"question": "?"}))


def read_stream(graph: Any) -> None:
    assert list(graph.stream({"question": "?"})) is not None


WAYS = pytest.mark.parametrize("way", [invoke, ainvoke, read_stream])


def in_a_row(name: str, **nodes: Any) -> Any:
    graph, before = StateGraph(Story), START
    for each, node in nodes.items():
        graph.add_node(each, node)
        graph.add_edge(before, each)
        before = each
    return graph.compile(name=name)


def cause(observed: Observation, rule: str = "key_missing") -> tuple[Any, ...]:
    """Return the cause of the one finding of a rule: node, kind, path, confidence."""
    (found,) = (
        attributes
        for name, attributes in observed.events
        if name == "graph.detection" and attributes["graph.detection.id"] == rule
    )
    assert found["graph.detection.severity"] == "error"
    return tuple(found[f"graph.{each}"] for each in ("cause.node", "cause.kind", "path", "confidence"))


def fails(graph: Any, way: Callable[[Any], None], error: type[BaseException] = KeyError) -> None:
    with pytest.raises(error):
        way(graph)


@WAYS
def test_the_search_that_found_nothing(observed: Observation, way: Callable[[Any], None]) -> None:
    graph = in_a_row("row", search=writes(), summarise=writes(summary="short"), write=answers_from("docs"))
    fails(graph, way)
    assert cause(observed) == ("search", "missing", "search → summarise → write", "inferred")


@WAYS
def test_a_search_in_a_graph_in_a_node(observed: Observation, way: Callable[[Any], None]) -> None:
    finder = in_a_row("finder", search=writes(), summarise=writes(summary="short"))
    graph = in_a_row("outer", prepare=writes(log=["x"]), find=finder, write=answers_from("docs"))
    fails(graph, way)
    assert cause(observed) == ("search", "missing", "search → find → write", "inferred")


@WAYS
def test_a_writer_in_a_graph_in_a_node(observed: Observation, way: Callable[[Any], None]) -> None:
    writer = in_a_row("writer", plan=writes(log=["x"]), write=answers_from("docs"))
    graph = in_a_row("outer", search=writes(), summarise=writes(summary="short"), report=writer)
    fails(graph, way)
    assert cause(observed) == ("search", "missing", "search → summarise → report → write", "inferred")


@WAYS
def test_a_fan_in_one_branch_of_which_found_nothing(observed: Observation, way: Callable[[Any], None]) -> None:
    graph = StateGraph(Story)
    graph.add_node("split", writes(log=["split"]))  # type: ignore[arg-type]
    graph.add_node("search", writes())  # type: ignore[arg-type]
    graph.add_node("look_up", writes(summary="x"))  # type: ignore[arg-type]
    graph.add_node("write", answers_from("docs"))  # type: ignore[arg-type]
    graph.add_edge(START, "split")
    graph.add_edge("split", "search")
    graph.add_edge("split", "look_up")
    graph.add_edge(["search", "look_up"], "write")
    fails(graph.compile(name="fan in"), way)
    assert cause(observed) == ("search", "missing", "search → write", "inferred")


@WAYS
def test_what_was_sent_to_several_and_came_back_empty(observed: Observation, way: Callable[[Any], None]) -> None:
    graph = StateGraph(Story)
    graph.add_node("split", writes(log=["split"]))  # type: ignore[arg-type]
    graph.add_node("search", writes())  # type: ignore[arg-type]
    graph.add_node("write", answers_from("docs"))  # type: ignore[arg-type]
    graph.add_edge(START, "split")
    graph.add_conditional_edges("split", lambda _: [Send("search", {"question": each}) for each in "ab"], ["search"])
    graph.add_edge("search", "write")
    fails(graph.compile(name="sent"), way)
    assert cause(observed)[:3] == ("search", "missing", "search → write")


@WAYS
def test_a_loop_the_second_pass_of_which_drops_the_key(observed: Observation, way: Callable[[Any], None]) -> None:
    passes: list[list[str]] = [["a"], []]

    def write(state: Any) -> Any:
        if not state["docs"]:
            raise KeyError("docs")
        return {"answer": "x"}

    graph = StateGraph(Story)
    graph.add_node("search", lambda _: {"docs": passes.pop(0)})
    graph.add_node("grade", writes(summary="poor"))  # type: ignore[arg-type]
    graph.add_node("write", write)
    graph.add_edge(START, "search")
    graph.add_edge("search", "grade")
    graph.add_conditional_edges("grade", lambda _: "search" if passes else "write", ["search", "write"])
    fails(graph.compile(name="loop"), way)
    assert cause(observed, "key_empty") == ("search", "empty", "search → grade → write", "observed")
    (step,) = {
        found["graph.cause.step"] for name, found in observed.events if found.get("graph.detection.id") == "key_empty"
    }
    assert step == 3


@WAYS
def test_a_command_that_hands_over(observed: Observation, way: Callable[[Any], None]) -> None:
    graph = StateGraph(Story)
    graph.add_node("search", lambda _: Command(update={}, goto="summarise"), destinations=("summarise",))
    graph.add_node("summarise", lambda _: Command(update={"summary": "x"}, goto="write"), destinations=("write",))
    graph.add_node("write", answers_from("docs"))  # type: ignore[arg-type]
    graph.add_edge(START, "search")
    fails(graph.compile(name="hands over"), way)
    assert cause(observed) == ("search", "missing", "search → summarise → write", "inferred")


@WAYS
def test_a_command_that_hands_over_to_the_graph_above(observed: Observation, way: Callable[[Any], None]) -> None:
    inner = StateGraph(Story)
    inner.add_node("search", lambda _: Command(graph=Command.PARENT, update={"doc": ["lost"]}, goto="write"))
    inner.add_edge(START, "search")
    graph = StateGraph(Story)
    graph.add_node("find", inner.compile(name="finder"), destinations=("write",))
    graph.add_node("write", answers_from("docs"))  # type: ignore[arg-type]
    graph.add_edge(START, "find")
    fails(graph.compile(name="hands up"), way)
    assert cause(observed)[0] == "search"


@WAYS
def test_a_key_error_of_the_nodes_own_making(observed: Observation, way: Callable[[Any], None]) -> None:
    """All have done their work, and the key is none of the state's, or is there."""

    def colour(_: Any) -> Any:
        raise KeyError("colour")

    fails(in_a_row("own", search=writes(docs=["a"]), write=colour), way)
    assert not [name for name, _ in observed.events if name == "graph.detection"], "nobody but the node has failed"

    def again(state: Any) -> Any:
        assert state["docs"]
        return {"answer": {}["docs"]}

    fails(in_a_row("own", search=writes(docs=["a"]), write=again), way)
    assert not [name for name, _ in observed.events if name == "graph.detection"]


@WAYS
def test_who_has_always_written_the_key(observed: Observation, way: Callable[[Any], None]) -> None:
    searches: list[dict[str, Any]] = [{"docs": ["a"]}] * 6
    graph = in_a_row(
        "habit",
        prepare=writes(),
        search=lambda _: searches.pop() if searches else {"summary": "nothing"},
        write=answers_from("docs"),
    )
    for _ in range(6):
        way(graph)
    fails(graph, way)
    assert cause(observed) == ("search", "missing", "search → write", "inferred")


@WAYS
def test_who_was_declared_to_write_the_key(observed: Observation, way: Callable[[Any], None]) -> None:
    graphs.graph("declared", must_write={"search": ["docs"]})
    graph = in_a_row("declared", prepare=writes(), search=writes(summary="x"), write=answers_from("docs"))
    fails(graph, way)
    assert cause(observed) == ("search", "missing", "search → write", "declared")


@WAYS
def test_who_was_declared_to_write_it_in_a_graph_in_a_node(observed: Observation, way: Callable[[Any], None]) -> None:
    graphs.graph("finder", must_write={"search": ["docs"]})
    finder = in_a_row("finder", prepare=writes(log=["x"]), search=writes(summary="x"))
    fails(in_a_row("outer", find=finder, write=answers_from("docs")), way)
    assert cause(observed) == ("search", "missing", "search → find → write", "declared")
    (no_update,) = (
        found["graph.node.name"] for _, found in observed.events if found.get("graph.detection.id") == "no_update"
    )
    assert no_update == "search", "what is declared of a graph holds where it is a node of another one"


@tool
def look_up(question: str) -> str:
    """Look something up."""
    raise TimeoutError(question)


@WAYS
def test_a_node_that_swallowed_a_tools_failure(observed: Observation, way: Callable[[Any], None]) -> None:
    def search(_: Any) -> Any:
        with contextlib.suppress(TimeoutError):
            return {"docs": [look_up.invoke({"question": "?"})]}
        return {"summary": "sorry"}

    fails(in_a_row("swallows", prepare=writes(log=["x"]), search=search, write=answers_from("docs")), way)
    assert cause(observed) == ("search", "swallowed", "search → write", "inferred")


@WAYS
def test_a_node_that_swallowed_a_models_failure(observed: Observation, way: Callable[[Any], None]) -> None:
    model = FakeListChatModel(responses=["x"], error_on_chunk_number=0)

    def search(_: Any) -> Any:
        with contextlib.suppress(Exception):
            return {"docs": [chunk.content for chunk in model.stream("?")]}
        return {"summary": "sorry"}

    fails(in_a_row("swallows", prepare=writes(log=["x"]), search=search, write=answers_from("docs")), way)
    assert cause(observed) == ("search", "swallowed", "search → write", "inferred")


@WAYS
def test_a_model_that_answered_when_it_was_asked_again_has_not_failed(
    observed: Observation, way: Callable[[Any], None]
) -> None:
    failing = FakeListChatModel(responses=["x"], error_on_chunk_number=0)
    model = FakeListChatModel(responses=["fine"])

    def search(_: Any) -> Any:
        with contextlib.suppress(Exception):
            list(failing.stream("?"))
        return {"summary": model.invoke("?").content}

    fails(in_a_row("recovers", prepare=writes(log=["x"]), search=search, write=answers_from("docs")), way)
    assert cause(observed)[:2] == ("write", "own")


def test_the_end_of_a_graph_is_no_node(observed: Observation) -> None:
    graph = StateGraph(Story)
    graph.add_node("search", writes())  # type: ignore[arg-type]
    graph.add_conditional_edges("search", lambda _: END, [END])
    graph.add_edge(START, "search")
    invoke(graph.compile(name="ends"))
    assert {found["graph.detection.id"] for name, found in observed.events if name == "graph.detection"} == {
        "no_update"
    }
