"""What is easily counted wrong: nodes that did not run, control flow in tools, names that occur twice, ways to run."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from typing import Any, TypedDict

import pytest
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph import errors
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, interrupt
from opentelemetry.trace import StatusCode

from argus_otel.testing import Observation

from .test_calls import Model
from .test_runs import points, span

THREAD: Any = {"configurable": {"thread_id": "42"}}
RUNS, NODES = "gen_ai.invoke_agent.duration", "graph.node.duration"


class State(TypedDict, total=False):
    question: str
    docs: list[str]
    answer: str


def one(node: Any, **settings: Any) -> StateGraph[Any]:
    graph = StateGraph(State)
    graph.add_node("only", node, **settings)
    graph.add_edge(START, "only")
    return graph


def row(name: str, **settings: Any) -> Any:
    graph = StateGraph(State)
    graph.add_node("search", lambda _: {"docs": ["a"]})
    graph.add_node("write", lambda state: {"answer": f"by {state['docs'][0]}"})
    graph.add_edge(START, "search")
    graph.add_edge("search", "write")
    return graph.compile(name=name, **settings)


def outcomes(observed: Observation) -> list[Any]:
    return [each.attributes["graph.outcome"] for each in observed.spans() if each.parent is None]


def test_a_node_that_is_taken_from_the_cache_is_no_run_of_it(observed: Observation) -> None:
    if "cache_policy" not in inspect.signature(StateGraph.add_node).parameters:
        pytest.skip("this LangGraph has no caches")
    from langgraph.cache.memory import InMemoryCache
    from langgraph.types import CachePolicy

    ran: list[int] = []
    graph = one(lambda _: ran.append(1) or {"answer": "x"}, cache_policy=CachePolicy())
    compiled = graph.compile(name="cached", cache=InMemoryCache())
    assert [compiled.invoke({"question": "?"}) for _ in range(2)] == [{"question": "?", "answer": "x"}] * 2
    assert points(observed, NODES, "graph.node.name") == {("only",): len(ran)} == {("only",): 1}
    assert points(observed, RUNS, "gen_ai.agent.name") == {("cached",): 2}


@tool
def approve(question: str) -> str:
    """Ask somebody."""
    return interrupt(question)


def test_an_interrupt_in_a_tool_is_no_error_of_the_tool(observed: Observation) -> None:
    prebuilt = pytest.importorskip("langgraph.prebuilt")
    call: Any = {"name": "approve", "args": {"question": "?"}, "id": "1"}
    graph = StateGraph(MessagesState)
    graph.add_node("model", lambda _: {"messages": [AIMessage("", tool_calls=[call])]})
    graph.add_node("tools", prebuilt.ToolNode([approve]))
    graph.add_edge(START, "model")
    graph.add_edge("model", "tools")
    compiled = graph.compile(name="asks", checkpointer=InMemorySaver())
    compiled.invoke({"messages": []}, THREAD)
    compiled.invoke(Command(resume="yes"), THREAD)
    assert outcomes(observed) == ["interrupted", "ok"]
    assert points(observed, "gen_ai.execute_tool.duration", "error.type") == {(None,): 2}
    assert not [each for each in observed.spans() if each.status.status_code is StatusCode.ERROR]


@pytest.mark.filterwarnings("ignore:NodeInterrupt is deprecated")
@pytest.mark.parametrize("name", ["NodeInterrupt", "GraphDrained"])
def test_control_flow_that_a_node_raises_is_no_error(observed: Observation, name: str) -> None:
    kind = getattr(errors, name, None)
    if kind is None:
        pytest.skip("this LangGraph does not have it")

    def stop(_: State) -> State:
        raise kind("later")

    with contextlib.suppress(kind):
        one(stop).compile(name="stops", checkpointer=InMemorySaver()).invoke({"question": "?"}, THREAD)
    assert points(observed, NODES, "graph.outcome", "error.type") == {("interrupted", None): 1}
    assert not [each for each in observed.spans() if each.status.status_code is StatusCode.ERROR]


def test_a_node_that_takes_too_long_has_failed(observed: Observation) -> None:
    if "timeout" not in inspect.signature(StateGraph.add_node).parameters:
        pytest.skip("this LangGraph has no timeouts of nodes")

    async def wait(_: State) -> State:
        await asyncio.Event().wait()
        return {}

    with pytest.raises(errors.NodeTimeoutError):
        asyncio.run(one(wait, timeout=0.02).compile(name="late").ainvoke({"question": "?"}))
    assert outcomes(observed) == ["error"]
    assert points(observed, NODES, "graph.outcome", "error.type") == {("error", "langgraph.errors.NodeTimeoutError"): 1}


def test_nodes_of_one_name_in_two_graphs_are_told_apart(observed: Observation) -> None:
    graph = StateGraph(State)
    graph.add_node("first", row("one"))
    graph.add_node("second", row("other"))
    graph.add_edge(START, "first")
    graph.add_edge("first", "second")
    graph.compile(name="both").invoke({"question": "?"})
    assert points(observed, NODES, "graph.name", "graph.node.name") == {
        ("both", "first"): 1,
        ("both", "second"): 1,
        ("one", "search"): 1,
        ("one", "write"): 1,
        ("other", "search"): 1,
        ("other", "write"): 1,
    }


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_create_react_agent_is_an_agent(observed: Observation) -> None:
    prebuilt = pytest.importorskip("langgraph.prebuilt")
    agent = prebuilt.create_react_agent(Model(messages=iter([AIMessage("done")])), [approve], name="clerk")
    agent.invoke({"messages": [("user", "hello")]})
    assert span(observed, "invoke_agent clerk").parent is None
    assert points(observed, RUNS, "gen_ai.operation.name", "gen_ai.agent.name") == {("invoke_agent", "clerk"): 1}


async def _events(graph: Any) -> None:
    async for _ in graph.astream_events({"question": "?"}, version="v2"):
        pass


async def _stream(graph: Any) -> None:
    async for _ in graph.astream({"question": "?"}, stream_mode=["updates", "values"]):
        pass


@pytest.mark.parametrize(
    ("use", "times"),
    [
        (lambda graph: graph.batch([{"question": "?"}] * 3), 3),
        (lambda graph: asyncio.run(graph.abatch([{"question": "?"}] * 3)), 3),
        (lambda graph: list(graph.stream({"question": "?"}, stream_mode=["updates", "debug"])), 1),
        (lambda graph: asyncio.run(_stream(graph)), 1),
        (lambda graph: asyncio.run(_events(graph)), 1),
        (lambda graph: (graph | (lambda state: state["answer"])).invoke({"question": "?"}), 1),
    ],
    ids=["batch", "abatch", "stream", "astream", "astream_events", "in a chain"],
)
def test_each_way_to_run_a_graph_is_so_many_runs(observed: Observation, use: Any, times: int) -> None:
    use(row("used"))
    assert points(observed, RUNS, "gen_ai.agent.name") == {("used",): times}
    assert points(observed, NODES, "graph.node.name") == {("search",): times, ("write",): times}
    by_id = {each.context.span_id: each.name for each in observed.spans()}
    assert {by_id.get(each.parent.span_id) for each in observed.spans() if each.parent} == {"invoke_workflow used"}


@pytest.mark.parametrize("where", ["interrupt_before", "interrupt_after"])
def test_a_run_that_stops_beside_a_node_waits(observed: Observation, where: str) -> None:
    graph = row("stops", checkpointer=InMemorySaver(), **{where: ["search"]})
    graph.invoke({"question": "?"}, THREAD)
    graph.invoke(None, THREAD)
    assert outcomes(observed) == ["interrupted", "ok"]
    assert points(observed, NODES, "graph.node.name", "graph.outcome") == {("search", "ok"): 1, ("write", "ok"): 1}


def test_a_run_goes_on_from_a_checkpoint_with_another_state(observed: Observation) -> None:
    """The example of the documentation."""
    graph = row("support", checkpointer=InMemorySaver())
    graph.invoke({"question": "?"}, THREAD)
    before = next(each for each in graph.get_state_history(THREAD) if each.next == ("write",))
    changed = graph.update_state(before.config, {"docs": ["another one"]})
    result = graph.invoke(None, changed)
    assert result["docs"] == ["another one"]
    assert result["answer"] in ("by another one", "by a"), "LangGraph 0.6 takes what the node has written before"
    assert outcomes(observed) == ["ok", "ok"]
    again = result["answer"] == "by another one"
    assert points(observed, NODES, "graph.node.name") == {("search",): 1, ("write",): 1 + again}
    roots = [each for each in observed.spans() if each.parent is None]
    assert {each.attributes["gen_ai.conversation.id"] for each in roots} == {"42"}
