"""The steps of a run whose stream is left, after each of its chunks: those in which a node has begun, and no other."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send, StreamWriter

from argus_otel.testing import Observation

from .running import MODE
from .shapes import State
from .test_callbacks import degraded

__all__ = ["degraded"]  # a fixture

GIVEN: Any = {"n": 0, "log": []}
ALL = 1000
"""More chunks than a stream has."""

STEPS = {
    "row": {"a": 1, "b": 2, "c": 3},
    "fan": {"begin": 1, "left": 2, "right": 2, "join": 3},
    "sends": {"split": 1, "work": 2, "merge": 3},
}
"""In which step each node of a graph runs."""


@dataclass
class Begun:
    """A graph whose nodes note that they have begun."""

    name: str
    nodes: list[str] = field(default_factory=list[str])

    @property
    def steps(self) -> int:
        """In how many steps a node has begun."""
        return len({STEPS[self.name][node] for node in self.nodes})

    def build(self, *, asynchronous: bool) -> Any:
        graph = StateGraph(State)
        for name in STEPS[self.name]:
            graph.add_node(name, self._anode(name) if asynchronous else self._node(name))
        first, *others = STEPS[self.name]
        graph.add_edge(START, first)
        if self.name == "row":
            graph.add_edge("a", "b")
            graph.add_edge("b", "c")
        elif self.name == "fan":
            graph.add_edge("begin", "left")
            graph.add_edge("begin", "right")
            graph.add_edge(["left", "right"], "join")
        else:
            graph.add_conditional_edges("split", lambda _: [Send("work", {"n": each}) for each in range(3)], ["work"])
            graph.add_edge("work", "merge")
        graph.add_edge(others[-1], END)
        return graph.compile(name=self.name)

    def _node(self, name: str) -> Any:
        def node(_: State) -> State:
            self.nodes.append(name)
            return {"log": [name]}

        return node

    def _anode(self, name: str) -> Any:
        async def node(_: State) -> State:
            self.nodes.append(name)
            await asyncio.sleep(0)
            return {"log": [name]}

        return node


Leave = Callable[[Begun, str, int], "list[Any]"]
"""Reads so many chunks of a graph's stream, closes it, and returns them."""


def leave(begun: Begun, mode: str, chunks: int) -> list[Any]:
    graph = begun.build(asynchronous=False)
    with contextlib.closing(graph.stream(GIVEN, stream_mode=mode)) as stream:
        return list(itertools.islice(stream, chunks))


def leave_async(begun: Begun, mode: str, chunks: int) -> list[Any]:
    async def go() -> list[Any]:
        graph = begun.build(asynchronous=True)
        async with contextlib.aclosing(graph.astream(GIVEN, stream_mode=mode)) as stream:
            seen: list[Any] = []
            async for chunk in stream:
                seen.append(chunk)
                if len(seen) == chunks:
                    break
            return seen

    return asyncio.run(go())


WAYS = pytest.mark.parametrize("way", [leave, leave_async], ids=["in a thread", "on a loop"])
GRAPHS = pytest.mark.parametrize("name", STEPS)


def last_run(observed: Observation) -> tuple[str, int]:
    """Return the outcome and the steps of the run that has ended last."""
    attributes = [span for span in observed.spans() if span.name.startswith("invoke_workflow ")][-1].attributes
    assert attributes is not None
    outcome, steps = attributes["graph.outcome"], attributes["graph.run.steps"]
    assert isinstance(outcome, str)
    assert isinstance(steps, int)
    return outcome, steps


def in_all(name: str, mode: str) -> int:
    """Return how many chunks a stream of the graph has."""
    return len(leave(Begun(name), mode, ALL))


def told(name: str, chunks: list[Any], key: str) -> int:
    """Return of the tasks of how many steps LangGraph has told, by a key of what it tells when one begins or ends."""
    return len({STEPS[name][chunk["name"]] for chunk in chunks if key in chunk})


@WAYS
@GRAPHS
@pytest.mark.parametrize("mode", [MODE, "updates", "values"])
def test_a_stream_that_is_left_has_the_steps_in_which_a_node_has_begun(
    observed: Observation, way: Leave, name: str, mode: str
) -> None:
    for chunks in range(1, in_all(name, mode)):
        begun = Begun(name)
        seen = way(begun, mode, chunks)
        assert last_run(observed) == ("abandoned", begun.steps), f"after {chunks} chunks"
        if mode == "tasks":  # LangGraph tells of a task before it begins
            assert told(name, seen, "result") <= begun.steps <= told(name, seen, "triggers")


@WAYS
@GRAPHS
def test_a_stream_that_is_read_to_its_end_has_all_steps(observed: Observation, way: Leave, name: str) -> None:
    begun = Begun(name)
    seen = way(begun, MODE, ALL)
    assert last_run(observed) == ("ok", begun.steps) == ("ok", 3)
    if MODE == "tasks":
        assert told(name, seen, "result") == told(name, seen, "triggers") == 3


@WAYS
def test_steps_are_the_same_where_nodes_are_observed_by_callbacks(degraded: Observation, way: Leave) -> None:
    for chunks in range(1, in_all("row", MODE)):
        begun = Begun("row")
        way(begun, MODE, chunks)
        assert last_run(degraded) == ("abandoned", begun.steps), f"after {chunks} chunks"
    way(Begun("row"), MODE, ALL)
    assert last_run(degraded) == ("ok", 3)


def test_a_step_in_the_middle_of_which_a_stream_is_left_is_one(observed: Observation) -> None:
    left = threading.Event()

    def node(_: State, writer: StreamWriter) -> State:
        writer("begun")
        left.wait(10)
        return {}

    graph = StateGraph(State)
    graph.add_node("a", node)
    graph.add_edge(START, "a")
    with contextlib.closing(graph.compile(name="waits").stream(GIVEN, stream_mode="custom")) as stream:
        assert next(stream) == "begun"
        left.set()
    assert last_run(observed) == ("abandoned", 1)


def test_a_step_whose_node_is_cancelled_because_the_stream_is_left_is_one(observed: Observation) -> None:
    async def node(_: State, writer: StreamWriter) -> State:
        writer("begun")
        await asyncio.sleep(60)
        return {}

    graph = StateGraph(State)
    graph.add_node("a", node)
    graph.add_edge(START, "a")

    async def go() -> None:
        async with contextlib.aclosing(graph.compile(name="waits").astream(GIVEN, stream_mode="custom")) as stream:
            assert await anext(stream) == "begun"

    asyncio.run(go())
    assert last_run(observed) == ("abandoned", 1)


@pytest.mark.parametrize("fixture", ["observed", "degraded"])
def test_a_step_whose_node_is_cancelled_is_one(request: pytest.FixtureRequest, fixture: str) -> None:
    observed: Observation = request.getfixturevalue(fixture)

    async def go() -> None:
        begun = asyncio.Event()

        async def node(_: State) -> State:
            begun.set()
            await asyncio.sleep(60)
            return {}

        graph = StateGraph(State)
        graph.add_node("a", node)
        graph.add_edge(START, "a")
        running = asyncio.create_task(graph.compile(name="waits").ainvoke(GIVEN))
        await begun.wait()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    asyncio.run(go())
    assert last_run(observed) == ("cancelled", 1)


def test_a_step_whose_node_ends_the_program_is_one(observed: Observation) -> None:
    def node(_: State) -> State:
        raise KeyboardInterrupt

    graph = StateGraph(State)
    graph.add_node("a", node)
    graph.add_edge(START, "a")
    with pytest.raises(KeyboardInterrupt):
        graph.compile(name="interrupted").invoke(GIVEN)
    assert last_run(observed)[1] == 1


@pytest.mark.parametrize("interrupt", ["interrupt_before", "interrupt_after"])
def test_a_graph_in_a_node_that_stops_has_its_steps(observed: Observation, interrupt: str) -> None:
    inner = StateGraph(State)
    inner.add_node("a", lambda _: {"log": ["a"]})
    inner.add_node("b", lambda _: {"log": ["b"]})
    inner.add_edge(START, "a")
    inner.add_edge("a", "b")
    graph = StateGraph(State)
    graph.add_node(
        "inner", inner.compile(name="inner", **{interrupt: ["b" if interrupt == "interrupt_before" else "a"]})
    )
    graph.add_edge(START, "inner")
    config: Any = {"configurable": {"thread_id": "t"}}
    graph.compile(name="outer", checkpointer=InMemorySaver()).invoke(GIVEN, config)
    runs = {span.name: span.attributes for span in observed.spans() if span.name.startswith("invoke_workflow ")}
    steps = {name.split()[1]: (attributes or {})["graph.run.steps"] for name, attributes in runs.items()}
    assert steps == {"inner": 1, "outer": 1}


def test_a_step_whose_nodes_are_all_taken_from_the_cache_is_one(observed: Observation) -> None:
    if "cache_policy" not in inspect.signature(StateGraph.add_node).parameters:
        pytest.skip("LangGraph before 0.5 has no cache of nodes")
    from langgraph.cache.memory import InMemoryCache
    from langgraph.types import CachePolicy

    graph = StateGraph(State)
    graph.add_node("a", lambda _: {"log": ["a"]})
    graph.add_node("b", lambda _: {"log": ["b"]}, cache_policy=CachePolicy())
    graph.add_edge(START, "a")
    graph.add_edge("a", "b")
    compiled = graph.compile(name="cached", cache=InMemoryCache())
    compiled.invoke(GIVEN)
    with contextlib.closing(compiled.stream(GIVEN, stream_mode="updates")) as stream:
        assert "a" in next(stream)
        assert "b" in next(stream)
    assert last_run(observed) == ("abandoned", 2)
