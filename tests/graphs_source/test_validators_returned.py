"""Validators and gates of what has no keys: tasks and entrypoints of the functional API, and states without keys."""

from __future__ import annotations

import asyncio
import operator
import sys
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command

from argus_otel import graphs
from argus_otel.testing import Observation

from .test_evaluations import detections
from .test_validators import settle

ANSWERS = pytest.mark.parametrize("answer", [{"docs": ["a"], 1: "one"}, "soon", ["a"], None, 0])


class Workflow:
    """A workflow of one task, run in a thread or on an event loop."""

    def __init__(self, *, asynchronous: bool) -> None:
        self._asynchronous = asynchronous

    def run(self, answer: object, final: Callable[[Any], Any] = lambda answer: answer) -> object:
        if not self._asynchronous:

            @task
            def search(_: str) -> object:
                return answer

            @entrypoint()
            def answer_to(question: str) -> object:
                return final(search(question).result())

            answer_to.name = "support"
            return answer_to.invoke("where?")

        @task
        async def asearch(_: str) -> object:
            await asyncio.sleep(0)
            return answer

        @entrypoint()
        async def aanswer_to(question: str) -> object:
            return final(await asearch(question))

        aanswer_to.name = "support"
        return asyncio.run(aanswer_to.ainvoke("where?"))

    @property
    def names(self) -> tuple[str, str]:
        """The names of its task and of its entrypoint."""
        return ("asearch", "aanswer_to") if self._asynchronous else ("search", "answer_to")


@pytest.fixture(params=[False, True], ids=["in a thread", "on a loop"])
def workflow(request: pytest.FixtureRequest) -> Workflow:
    if request.param and sys.version_info < (3, 11):
        pytest.skip("LangGraph's functional API on an event loop needs Python 3.11")
    return Workflow(asynchronous=request.param)


@ANSWERS
@pytest.mark.parametrize("gate", [False, True])
def test_a_validator_is_given_what_a_task_has_returned(
    observed: Observation, workflow: Workflow, answer: object, gate: bool
) -> None:
    seen: list[Any] = []

    def sees(node: str, update: Any) -> bool:
        seen.append((node, update))
        return True

    node, entry = workflow.names
    graphs.graph("support", validators={node: sees, entry: sees}, gate=gate)
    assert workflow.run(answer) == answer
    settle(observed)
    assert seen == [(node, answer), (entry, answer)]


def test_of_an_entrypoint_it_is_given_what_the_caller_gets(observed: Observation, workflow: Workflow) -> None:
    seen: list[Any] = []
    _, entry = workflow.names
    graphs.graph("support", judges={entry: lambda _, update: seen.append(update)})
    assert workflow.run(3, lambda answer: entrypoint.final(value=answer + 1, save="kept for the next run")) == 4
    settle(observed)
    assert seen == [4]


def test_a_gate_stops_a_workflow_at_its_task(observed: Observation, workflow: Workflow) -> None:
    later: list[object] = []
    node, _ = workflow.names
    graphs.graph("support", validators={node: lambda _, update: update != "secret"}, gate=True)
    with pytest.raises(graphs.GateFailed) as raised:
        workflow.run("secret", later.append)
    assert (raised.value.graph, raised.value.node) == ("support", node)
    assert later == []
    assert {(each["graph.detection.id"], each["graph.node.name"]) for each in detections(observed)} >= {
        ("evaluation_low", node)
    }
    assert "secret" not in repr((observed.events, observed.rows, observed.spans()))


class Number(TypedDict):
    n: int


def test_a_task_of_a_graph_is_given_what_it_returned_and_its_node_what_it_wrote(observed: Observation) -> None:
    seen: list[Any] = []

    @task
    def double(n: int) -> int:
        return 2 * n

    def sees(node: str, update: Any) -> None:
        seen.append((node, update))

    graph = StateGraph(Number)
    graph.add_node("call", lambda state: {"n": double(state["n"]).result()})
    graph.add_edge(START, "call")
    graphs.graph("judged", validators={"call": sees, "double": sees}, gate=True)
    graph.compile(name="judged").invoke({"n": 2})
    assert seen == [("double", 4), ("call", {"n": 4})]


def test_a_state_without_keys_is_given_as_it_was_returned(observed: Observation) -> None:
    seen: list[Any] = []
    state: Any = Annotated[list[str], operator.add]
    graph = StateGraph(state)
    graph.add_node("say", lambda _: ["soon"])
    graph.add_edge(START, "say")
    graphs.graph("judged", validators={"say": lambda _, update: seen.append(update)}, gate=True)
    assert graph.compile(name="judged").invoke(["when?"]) == ["when?", "soon"]
    assert seen == [["soon"]]


@pytest.mark.parametrize("goes_to_its_end_by", ["an edge", "a condition", "a command"])
def test_the_end_of_a_graph_is_no_update(observed: Observation, goes_to_its_end_by: str) -> None:
    seen: list[Any] = []
    by_command = goes_to_its_end_by == "a command"
    graph = StateGraph(Number)
    graph.add_node("one", lambda _: Command(update={"n": 1}, goto=END) if by_command else {"n": 1})
    graph.add_edge(START, "one")
    if goes_to_its_end_by == "an edge":
        graph.add_edge("one", END)
    elif not by_command:
        graph.add_conditional_edges("one", lambda _: END, [END])
    graphs.graph("judged", validators={"one": lambda _, update: seen.append(update)}, gate=True)
    graph.compile(name="judged").invoke({"n": 0})
    assert seen == [{"n": 1}]
