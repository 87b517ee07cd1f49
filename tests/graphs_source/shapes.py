"""Graphs of every shape, each built anew for each run, with what it is given. All of them in plain LangGraph."""

from __future__ import annotations

import asyncio
import inspect
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, RetryPolicy, Send, interrupt


class State(TypedDict, total=False):
    n: int
    log: Annotated[list[str], operator.add]


class Odd(TypedDict, total=False):
    value: Any


@dataclass(frozen=True)
class Shape:
    """A graph, and how it is run.

    Attributes
    ----------
    build:
        Makes the graph.
    inputs:
        What it is given, one run after the other on the same thread.
    raises:
        The class of the exception that the last run ends with.
    config:
        Its configuration, besides the thread.
    """

    name: str
    build: Callable[[], Any]
    inputs: tuple[Any, ...] = ({"n": 0, "log": []},)
    raises: type[BaseException] | None = None
    config: dict[str, Any] = field(default_factory=dict[str, Any])

    def __str__(self) -> str:
        return self.name


def says(text: str) -> Callable[[State], State]:
    """Return a node that adds a word to the log."""

    def node(_: State) -> State:
        return {"log": [text]}

    return node


def line() -> Any:
    graph = StateGraph(State)
    for name in "abc":
        graph.add_node(name, says(name))
    graph.add_edge(START, "a")
    graph.add_edge("a", "b")
    graph.add_edge("b", "c")
    graph.add_edge("c", END)
    return graph.compile(name="line")


def branch() -> Any:
    graph = StateGraph(State)
    graph.add_node("ask", says("ask"))
    graph.add_node("yes", says("yes"))
    graph.add_node("no", says("no"))
    graph.add_edge(START, "ask")
    graph.add_conditional_edges("ask", lambda state: "no" if state["n"] else "yes", ["yes", "no"])
    return graph.compile(name="branch")


def loop() -> Any:
    graph = StateGraph(State)
    graph.add_node("count", lambda state: {"n": state["n"] + 1, "log": ["count"]})
    graph.add_edge(START, "count")
    graph.add_conditional_edges("count", lambda state: END if state["n"] >= 3 else "count", ["count", END])
    return graph.compile(name="loop")


def endless() -> Any:
    graph = StateGraph(State)
    graph.add_node("count", lambda state: {"n": state["n"] + 1})
    graph.add_edge(START, "count")
    graph.add_edge("count", "count")
    return graph.compile(name="endless")


def parallel() -> Any:
    graph = StateGraph(State)
    for name in ("begin", "left", "right", "join"):
        graph.add_node(name, says(name))
    graph.add_edge(START, "begin")
    graph.add_edge("begin", "left")
    graph.add_edge("begin", "right")
    graph.add_edge(["left", "right"], "join")
    return graph.compile(name="parallel")


def fan_out() -> Any:
    graph = StateGraph(State)
    graph.add_node("split", says("split"))
    graph.add_node("work", lambda state: {"log": [f"work {state['n']}"]})
    graph.add_edge(START, "split")
    graph.add_conditional_edges("split", lambda _: [Send("work", {"n": each}) for each in range(5)], ["work"])
    return graph.compile(name="fan out")


def subgraph() -> Any:
    graph = StateGraph(State)
    graph.add_node("before", says("before"))
    graph.add_node("inner", line())
    graph.add_edge(START, "before")
    graph.add_edge("before", "inner")
    return graph.compile(name="outer")


def called_inside() -> Any:
    inner = line()

    def call(state: State) -> State:
        return {"log": inner.invoke({"n": state["n"], "log": []})["log"]}

    async def acall(state: State) -> State:
        return {"log": (await inner.ainvoke({"n": state["n"], "log": []}))["log"]}

    from langchain_core.runnables import RunnableLambda

    graph = StateGraph(State)
    graph.add_node("call", RunnableLambda(call, acall))
    graph.add_edge(START, "call")
    return graph.compile(name="caller")


def goto() -> Any:
    graph = StateGraph(State)
    graph.add_node("choose", lambda _: Command(update={"log": ["choose"]}, goto="chosen"), destinations=("chosen",))
    graph.add_node("chosen", says("chosen"))
    graph.add_edge(START, "choose")
    return graph.compile(name="goto")


def handed_to_parent() -> Any:
    inner = StateGraph(State)
    inner.add_node("leave", lambda _: Command(graph=Command.PARENT, update={"log": ["leave"]}, goto="after"))
    inner.add_edge(START, "leave")
    graph = StateGraph(State)
    graph.add_node("inner", inner.compile(name="inner"), destinations=("after",))
    graph.add_node("after", says("after"))
    graph.add_edge(START, "inner")
    return graph.compile(name="parent")


def _flaky(failures: int) -> Any:
    left = [failures]

    def flaky(_: State) -> State:
        if left[0]:
            left[0] -= 1
            raise ValueError("not yet")
        return {"log": ["flaky"]}

    policy = RetryPolicy(max_attempts=3, initial_interval=0.001, backoff_factor=1, jitter=False, retry_on=ValueError)
    graph = StateGraph(State)
    named = "retry_policy" if "retry_policy" in inspect.signature(graph.add_node).parameters else "retry"  # before 0.5
    graph.add_node("flaky", flaky, **{named: policy})  # type: ignore[arg-type]
    graph.add_edge(START, "flaky")
    return graph.compile(name="flaky")


def fails() -> Any:
    def fail(_: State) -> State:
        raise KeyError("docs")

    graph = StateGraph(State)
    graph.add_node("well", says("well"))
    graph.add_node("fail", fail)
    graph.add_edge(START, "well")
    graph.add_edge("well", "fail")
    return graph.compile(name="fails")


def asks() -> Any:
    def ask(_: State) -> State:
        return {"log": [interrupt("may I?")]}

    graph = StateGraph(State)
    graph.add_node("prepare", says("prepare"))
    graph.add_node("ask", ask)
    graph.add_node("act", says("act"))
    graph.add_edge(START, "prepare")
    graph.add_edge("prepare", "ask")
    graph.add_edge("ask", "act")
    return graph.compile(name="asks", checkpointer=InMemorySaver())


def stops_before() -> Any:
    graph = StateGraph(State)
    graph.add_node("prepare", says("prepare"))
    graph.add_node("act", says("act"))
    graph.add_edge(START, "prepare")
    graph.add_edge("prepare", "act")
    return graph.compile(name="stops", checkpointer=InMemorySaver(), interrupt_before=["act"])


def asks_inside() -> Any:
    inner = StateGraph(State)
    inner.add_node("ask", lambda _: {"log": [interrupt("inside?")]})
    inner.add_edge(START, "ask")
    graph = StateGraph(State)
    graph.add_node("inner", inner.compile(name="inner"))
    graph.add_edge(START, "inner")
    return graph.compile(name="asks inside", checkpointer=InMemorySaver())


def functional() -> Any:
    @task
    def double(number: int) -> int:
        return 2 * number

    @entrypoint()
    def workflow(number: int) -> int:
        first, second = double(number), double(number + 1)
        return first.result() + second.result()

    return workflow


def functional_async() -> Any:
    @task
    async def double(number: int) -> int:
        await asyncio.sleep(0)
        return 2 * number

    @entrypoint()
    async def workflow(number: int) -> int:
        return sum(await asyncio.gather(double(number), double(number + 1)))

    return workflow


def odd_keys() -> Any:
    def node(_: Odd) -> Odd:
        value: dict[Any, Any] = {1: "int", ("a", 2): "tuple", "surrogate": "\ud800"}
        value["cycle"] = value
        return {"value": value}

    graph = StateGraph(Odd)
    graph.add_node("odd", node)
    graph.add_edge(START, "odd")
    return graph.compile(name="odd")


def unknown_key() -> Any:
    graph = StateGraph(State)
    graph.add_node("typo", lambda _: {"log": ["typo"], "lgo": ["lost"]})
    graph.add_edge(START, "typo")
    return graph.compile(name="unknown key")


def _limit() -> type[BaseException]:
    from langgraph.errors import GraphRecursionError

    return GraphRecursionError


SHAPES = (
    Shape("line", line),
    Shape("branch", branch),
    Shape("loop", loop),
    Shape("endless", endless, raises=_limit(), config={"recursion_limit": 6}),
    Shape("parallel", parallel),
    Shape("fan out", fan_out),
    Shape("subgraph", subgraph),
    Shape("called inside", called_inside),
    Shape("goto", goto),
    Shape("handed to parent", handed_to_parent),
    Shape("recovered", lambda: _flaky(2)),
    Shape("exhausted", lambda: _flaky(9), raises=ValueError),
    Shape("fails", fails, raises=KeyError),
    Shape("asks", asks, ({"n": 0, "log": []}, Command(resume="yes"))),
    Shape("stops before", stops_before, ({"n": 0, "log": []}, None)),
    Shape("asks inside", asks_inside, ({"n": 0, "log": []}, Command(resume="yes"))),
    Shape("functional", functional, (3,)),
    Shape("odd keys", odd_keys, ({"value": None},)),
    Shape("unknown key", unknown_key),
)
"""Shapes that run in threads and on an event loop alike."""

ASYNC_SHAPES = (Shape("functional, async", functional_async, (3,)),)
