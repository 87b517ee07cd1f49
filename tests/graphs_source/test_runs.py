"""How runs and nodes end, where they lead, and what is linked to what."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from argus_otel.testing import Observation

from . import shapes
from .running import Ran, config_of, run, run_async
from .shapes import SHAPES, Shape, State

BOTH = pytest.mark.parametrize("run_shape", [run, run_async], ids=["in a thread", "on a loop"])
BY_NAME = {shape.name: shape for shape in SHAPES}


def points(observed: Observation, metric: str, *names: str) -> dict[tuple[Any, ...], float]:
    """Return the points of a metric by these attributes."""
    return {tuple(found.get(name) for name in names): value for found, value in observed.points().get(metric, ())}


def span(observed: Observation, name: str) -> Any:
    (found,) = [each for each in observed.spans() if each.name == name]
    return found


# -- outcomes


@BOTH
@pytest.mark.parametrize(
    ("name", "outcomes"),
    [
        ("line", ["ok"]),
        ("endless", ["limit"]),
        ("recovered", ["ok"]),
        ("exhausted", ["error"]),
        ("fails", ["error"]),
        ("asks", ["interrupted", "ok"]),
        ("stops before", ["interrupted", "ok"]),
        ("asks inside", ["interrupted", "ok"]),
        ("handed to parent", ["ok"]),
    ],
)
def test_a_run_ends_as_its_graph_does(
    observed: Observation, run_shape: Callable[[Shape], Ran], name: str, outcomes: list[str]
) -> None:
    run_shape(BY_NAME[name])
    roots = [each for each in observed.spans() if each.parent is None]
    assert [each.attributes["graph.outcome"] for each in roots] == outcomes
    failed = [each.status.status_code is StatusCode.ERROR for each in roots]
    assert failed == [outcome in ("error", "limit") for outcome in outcomes]


@BOTH
def test_a_node_that_is_tried_again_is_one_node_with_its_failed_attempts(
    observed: Observation, run_shape: Callable[[Shape], Ran]
) -> None:
    run_shape(BY_NAME["recovered"])
    node = span(observed, "invoke_node flaky")
    assert (node.attributes["graph.attempts"], node.attributes["graph.outcome"]) == (3, "ok")
    assert node.status.status_code is StatusCode.UNSET
    failed = points(observed, "graph.node.failed_attempts", "graph.node.name", "error.type")
    assert failed == {("flaky", "ValueError"): 2}


@BOTH
def test_attempts_that_all_fail_are_one_failed_node(observed: Observation, run_shape: Callable[[Shape], Ran]) -> None:
    run_shape(BY_NAME["exhausted"])
    node = span(observed, "invoke_node flaky")
    assert (node.attributes["graph.attempts"], node.attributes["error.type"]) == (3, "ValueError")
    assert points(observed, "graph.node.failed_attempts", "error.type") == {("ValueError",): 3}


@BOTH
def test_an_interrupt_is_no_error_and_the_run_that_resumes_it_is_linked_to_it(
    observed: Observation, run_shape: Callable[[Shape], Ran]
) -> None:
    run_shape(BY_NAME["asks"])
    first, second = (each for each in observed.spans() if each.parent is None)
    assert [link.context.span_id for link in second.links] == [first.context.span_id]
    assert {first.attributes["gen_ai.conversation.id"], second.attributes["gen_ai.conversation.id"]} == {"thread"}
    assert points(observed, "graph.interrupts", "graph.node.name") == {("ask",): 1}
    assert observed.value("graph.resumes") == 1
    assert not [each for each in observed.spans() if each.status.status_code is StatusCode.ERROR]


@BOTH
def test_a_node_that_is_cancelled_and_its_run_are_no_errors(
    observed: Observation, run_shape: Callable[[Shape], Ran]
) -> None:
    if run_shape is run:
        pytest.skip("a thread cannot be cancelled")
    begun = asyncio.Event()

    async def wait(_: State) -> State:
        begun.set()
        await asyncio.sleep(60)
        return {}

    graph = StateGraph(State)
    graph.add_node("wait", wait)
    graph.add_edge(START, "wait")
    compiled = graph.compile(name="waits")

    async def go() -> None:
        running = asyncio.create_task(compiled.ainvoke({"n": 0}))
        await begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(go())
    assert {each.attributes["graph.outcome"] for each in observed.spans()} == {"cancelled"}
    assert {each.status.status_code for each in observed.spans()} == {StatusCode.UNSET}


def test_a_stream_that_is_left_is_abandoned(observed: Observation) -> None:
    for _ in shapes.line().stream({"n": 0, "log": []}):
        break
    root = span(observed, "invoke_workflow line")
    assert root.attributes["graph.outcome"] == "abandoned"
    assert root.status.status_code is StatusCode.UNSET
    assert observed.value("graph.runs.active") == 0


def test_an_asynchronous_stream_that_is_left_is_abandoned(observed: Observation) -> None:
    async def go() -> None:
        stream = shapes.line().astream({"n": 0, "log": []})
        async for _ in stream:
            break
        await stream.aclose()

    asyncio.run(go())
    assert span(observed, "invoke_workflow line").attributes["graph.outcome"] == "abandoned"
    assert observed.value("graph.runs.active") == 0


def test_an_asynchronous_stream_that_is_only_forgotten_is_abandoned(observed: Observation) -> None:
    async def go() -> None:
        async for _ in shapes.line().astream({"n": 0, "log": []}):
            break

    asyncio.run(go())  # which closes what is left of generators
    assert span(observed, "invoke_workflow line").attributes["graph.outcome"] == "abandoned"
    assert observed.value("graph.runs.active") == 0


# -- where they lead


@BOTH
@pytest.mark.parametrize(
    ("name", "routes"),
    [
        ("line", {("a", "b"): 1, ("b", "c"): 1, ("c", "__end__"): 1}),
        ("branch", {("ask", "yes"): 1, ("yes", "__end__"): 1}),
        ("loop", {("count", "count"): 2, ("count", "__end__"): 1}),
        ("fan out", {("split", "work"): 5, ("work", "__end__"): 5}),
        (
            "parallel",
            {
                ("begin", "left"): 1,
                ("begin", "right"): 1,
                ("left", "join"): 1,
                ("right", "join"): 1,
                ("join", "__end__"): 1,
            },
        ),
        (
            "subgraph",
            {("before", "inner"): 1, ("inner", "__end__"): 1, ("a", "b"): 1, ("b", "c"): 1, ("c", "__end__"): 1},
        ),
        ("goto", {("choose", "chosen"): 1, ("chosen", "__end__"): 1}),
    ],
)
def test_routes_are_counted(
    observed: Observation, run_shape: Callable[[Shape], Ran], name: str, routes: dict[tuple[str, str], int]
) -> None:
    run_shape(BY_NAME[name])
    assert points(observed, "graph.routes", "graph.node.name", "graph.route") == routes


@BOTH
def test_a_run_has_the_steps_of_its_nodes(observed: Observation, run_shape: Callable[[Shape], Ran]) -> None:
    run_shape(BY_NAME["parallel"])
    assert span(observed, "invoke_workflow parallel").attributes["graph.run.steps"] == 3
    steps = {each.name.split()[1]: each.attributes.get("graph.step") for each in observed.spans() if each.parent}
    assert steps == {"begin": 1, "left": 2, "right": 2, "join": 3}


@BOTH
def test_keys_that_are_written_are_named_and_values_are_not(
    observed: Observation, run_shape: Callable[[Shape], Ran]
) -> None:
    run_shape(BY_NAME["loop"])
    for each in observed.spans():
        if each.parent is not None:
            assert each.attributes["graph.keys.written"] == ("n", "log")


# -- traces


def test_a_users_own_span_is_under_its_node(observed: Observation) -> None:
    seen: list[Any] = []

    def node(_: State) -> State:
        seen.append(trace.get_current_span().get_span_context().span_id)
        return {}

    graph = StateGraph(State)
    graph.add_node("one", node)
    graph.add_node("two", node)
    graph.add_edge(START, "one")
    graph.add_edge(START, "two")
    graph.compile(name="spans").invoke({"n": 0})
    assert set(seen) == {each.context.span_id for each in observed.spans() if each.name.startswith("invoke_node")}


@BOTH
def test_a_graph_in_a_graph_is_under_its_node(observed: Observation, run_shape: Callable[[Shape], Ran]) -> None:
    for name, node in (("subgraph", "invoke_node inner"), ("called inside", "invoke_node call")):
        run_shape(BY_NAME[name])
        inner, above = (
            [each for each in observed.spans() if each.name == wanted][-1] for wanted in ("invoke_workflow line", node)
        )
        assert inner.parent.span_id == above.context.span_id


def test_sixty_runs_at_once_never_mix(observed: Observation) -> None:
    barrier = threading.Barrier(20, timeout=20)

    def wait(state: State) -> State:
        if state["n"] < 20:
            barrier.wait()
        return {"log": [f"run {state['n']}"]}

    graph = StateGraph(State)
    graph.add_node("first", wait)
    graph.add_node("second", shapes.says("second"))
    graph.add_edge(START, "first")
    graph.add_edge("first", "second")
    compiled = graph.compile(name="many", checkpointer=InMemorySaver())

    def one(number: int) -> None:
        given: Any = {"n": number, "log": []}
        assert compiled.invoke(given, {"configurable": {"thread_id": str(number)}})["log"][0] == f"run {number}"

    async def many() -> None:
        config = [{"configurable": {"thread_id": f"loop {number}"}} for number in range(30)]
        await asyncio.gather(*(compiled.ainvoke({"n": 99, "log": []}, each) for each in config))

    with ThreadPoolExecutor(30) as pool:
        list(pool.map(one, range(30)))
    asyncio.run(many())
    roots = {each.context.span_id: each for each in observed.spans() if each.parent is None}
    assert len(roots) == 60
    children: dict[int, list[str]] = {}
    for each in observed.spans():
        if each.parent is not None:
            children.setdefault(each.parent.span_id, []).append(each.name)
    assert all(sorted(names) == ["invoke_node first", "invoke_node second"] for names in children.values())
    assert children.keys() == roots.keys()


def test_a_thread_that_waits_is_resumed_once(observed: Observation) -> None:
    shape = BY_NAME["asks"]
    graph, config = shape.build(), config_of(shape)
    for given in (*shape.inputs, {"n": 1, "log": []}, Command(resume="again")):
        graph.invoke(given, config)
    assert observed.value("graph.resumes") == 2
    roots = [each for each in observed.spans() if each.parent is None]
    assert [len(each.links) for each in roots] == [0, 1, 0, 1]


def test_hooks_that_are_taken_out_leave_langgraph_as_it_was(observed: Observation) -> None:
    import langgraph.pregel
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.tools import BaseTool

    observed.handle.uninstall()
    for function in (langgraph.pregel.Pregel.stream, BaseChatModel.stream, BaseTool.run):
        assert "argus_otel" not in function.__code__.co_filename  # type: ignore[attr-defined]
    run(BY_NAME["line"])
    assert not observed.spans()


# -- history


def test_history_has_a_row_for_each_run_and_node_without_values(observed: Observation) -> None:
    shape = BY_NAME["called inside"]
    began = perf_counter()
    run(shape)
    took = perf_counter() - began
    names = [name for name, _, _ in observed.rows]
    assert names.count("graph.run") == 1
    assert names.count("graph.node") == 4
    (row,) = [(attributes, seconds) for name, attributes, seconds in observed.rows if name == "graph.run"]
    attributes, seconds = row
    assert (attributes["graph.name"], attributes["graph.outcome"], attributes["graph.run.nodes"]) == ("caller", "ok", 4)
    root = span(observed, "invoke_workflow caller")
    assert attributes["graph.run.trace_id"] == f"{root.context.trace_id:032x}"
    assert seconds is not None
    assert 0 < seconds <= took
    nodes = [attributes for name, attributes, _ in observed.rows if name == "graph.node"]
    assert {each["graph.run.id"] for each in nodes} == {attributes["graph.run.id"]}
    inner = {each["graph.node.name"]: each for each in nodes if each["graph.name"] == "line"}
    assert (inner["b"]["graph.node.after"], inner["b"]["graph.node.above"]) == (str(inner["a"]["graph.node.number"]), 0)
    assert inner["a"]["graph.node.shapes"] == "log:list:1"
