"""What rules find in real graphs, and what they must not."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable
from typing import Any

import pytest
from langgraph.errors import GraphRecursionError
from langgraph.graph import START, StateGraph
from opentelemetry import trace

from argus_otel import graphs
from argus_otel.testing import Observation, observe
from benchmarks.graphs import more_judged_graphs
from benchmarks.graphs.judged_graphs import BROKEN, HEALTHY, UNNAMED, Judged, Support, declare, writes

from . import shapes
from .running import run, run_async
from .shapes import SHAPES, Shape
from .test_calls import agent, asks_for
from .test_runs import points
from .test_validators import settle


def found(observed: Observation) -> dict[str, set[tuple[Any, Any]]]:
    """Return what was found by rule: (severity, the node that caused it)."""
    results: dict[str, set[tuple[Any, Any]]] = {}
    for name, attributes in observed.events:
        if name == "graph.detection":
            cause = attributes.get("graph.cause.node", attributes.get("graph.node.name"))
            rule = str(attributes["graph.detection.id"])
            results.setdefault(rule, set()).add((attributes["graph.detection.severity"], cause))
    return results


MANY_HEALTHY = (*HEALTHY, *more_judged_graphs.HEALTHY)
MANY_BROKEN = (*BROKEN, *more_judged_graphs.BROKEN)


def test_there_are_nine_healthy_graphs_and_eight_broken_ones_and_more() -> None:
    assert (len(HEALTHY), len(BROKEN)) == (9, 8)
    many = [*MANY_HEALTHY, *MANY_BROKEN]
    assert len({graph.name for graph in many}) == len(many)
    assert all(graph.healthy for graph in MANY_HEALTHY)
    assert not any(graph.healthy for graph in MANY_BROKEN)


def judge(graph: Judged) -> None:
    pytest.importorskip(graph.needs, reason="install langchain>=1: uv sync")
    compiled = graph.build()
    with contextlib.nullcontext() if graph.raises is None else pytest.raises(graph.raises):
        graph.run(compiled)
    if graph.then and sys.version_info < (3, 11):
        return  # LangGraph's interrupt() on an event loop needs Python 3.11
    with contextlib.nullcontext() if graph.raises is None else pytest.raises(graph.raises):
        asyncio.run(graph.arun(compiled))


def told(observed: Observation) -> dict[str, set[tuple[Any, Any]]]:
    """Return what was found and is not only for information."""
    return {rule: each for rule, each in found(observed).items() if {severity for severity, _ in each} != {"info"}}


@pytest.mark.parametrize("graph", MANY_HEALTHY, ids=str)
def test_no_error_is_found_in_a_healthy_graph(observed: Observation, graph: Judged) -> None:
    judge(graph)
    assert told(observed) == {rule: {("warn", cause) for cause in graph.causes} for rule in graph.rules}


@pytest.mark.parametrize("graph", MANY_HEALTHY, ids=str)
def test_nothing_is_found_in_a_healthy_graph_that_keeps_what_is_declared(observed: Observation, graph: Judged) -> None:
    declare(graph.declared)
    judge(graph)
    settle(observed)
    assert told(observed) == {}


@pytest.mark.parametrize("graph", MANY_BROKEN, ids=str)
def test_what_is_wrong_is_found_with_its_cause(observed: Observation, graph: Judged) -> None:
    judge(graph)
    assert told(observed).keys() == graph.rules
    assert {node for each in told(observed).values() for _, node in each} - {None} == graph.causes
    counted = points(observed, "graph.detections", "graph.detection.id", "graph.detection.severity")
    assert {rule for rule, severity in counted if severity != "info"} == graph.rules


@pytest.mark.parametrize("graph", MANY_BROKEN, ids=str)
def test_what_is_wrong_is_found_where_it_is_declared(observed: Observation, graph: Judged) -> None:
    declare(graph.declared)
    judge(graph)
    settle(observed)
    assert told(observed)


@pytest.mark.parametrize("graph", [each for each in BROKEN if not each.rules], ids=str)
def test_what_no_rule_can_find_by_names_and_shapes_is_found_by_a_declared_validator(
    observed: Observation, graph: Judged
) -> None:
    declare(graph.declared)
    judge(graph)
    settle(observed)
    assert found(observed)["evaluation_low"] == {("error", node) for node in graph.declared.validators}


def test_validators_find_nothing_in_what_is_right(observed: Observation) -> None:
    right = writes(docs=["a document"], score=0.5, note='{"price": 4.5}')
    for validate in [each for graph in MANY_BROKEN for each in graph.declared.validators.values()]:
        graphs.graph("judged", validators={"right": validate})
        judge(Judged("right", {"right": right}))
        settle(observed)
    assert not found(observed)


def test_an_exception_that_names_no_key_has_no_cause_that_anyone_may_guess(observed: Observation) -> None:
    judge(UNNAMED)
    assert not found(observed)


@pytest.mark.parametrize("shape", [each for each in SHAPES if each.raises is None], ids=str)
def test_no_error_is_found_in_any_shape_that_ends_well(observed: Observation, shape: Shape) -> None:
    run(shape)
    run_async(shape) if shape.name != "functional" else None
    severities = {severity for each in found(observed).values() for severity, _ in each}
    assert "error" not in severities
    if shape.name != "unknown key":
        assert "warn" not in severities


def test_a_swallowed_limit_is_found(observed: Observation) -> None:
    with contextlib.suppress(GraphRecursionError):
        shapes.endless().invoke({"n": 0}, {"recursion_limit": 6})
    assert found(observed)["limit_reached"] == {("error", None)}
    (root,) = [span for span in observed.spans() if span.parent is None]
    assert root.attributes is not None
    assert root.attributes["graph.detections"] == ("limit_reached",)


def test_a_loop_without_progress_that_leads_to_the_limit_is_found(observed: Observation) -> None:
    graph = StateGraph(Support)
    graph.add_node("poll", writes(note="waiting"))  # type: ignore[arg-type]
    graph.add_edge(START, "poll")
    graph.add_edge("poll", "poll")
    with contextlib.suppress(GraphRecursionError):
        graph.compile(name="polls").invoke({"question": "?"}, {"recursion_limit": 5})
    assert found(observed)["no_progress"] == {("error", "poll")}


def test_a_key_that_the_thread_has_already_is_not_missing(observed: Observation) -> None:
    from langgraph.checkpoint.memory import InMemorySaver

    def write(state: Any) -> Any:
        if state["note"] == "fail":
            raise KeyError("docs")
        return {"answer": "ok"}

    graph = StateGraph(Support)
    graph.add_node("write", write)
    graph.add_edge(START, "write")
    compiled = graph.compile(name="threads", checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "t"}}
    compiled.invoke({"docs": ["a"], "note": "first"}, config)
    with pytest.raises(KeyError):
        compiled.invoke({"note": "fail"}, config)
    assert "key_missing" not in found(observed), "its thread has it"


def test_an_event_is_in_the_trace_of_its_node(observed: Observation) -> None:
    seen: list[Any] = []
    observed.telemetry.add_event_sink(lambda _, attributes, span: seen.append((attributes, span)))
    judge(BROKEN[0])
    nodes = {span.context.span_id: span.name for span in observed.spans()}
    (names,) = (
        {nodes[span.span_id] for attributes, span in seen if attributes["graph.detection.id"] == "key_missing"},
    )
    assert names == {"invoke_node write"}
    assert not trace.get_current_span().get_span_context().is_valid


def test_a_tool_that_failed_and_a_tool_that_there_is_not(observed: Observation) -> None:
    with pytest.raises(ConnectionError):
        agent(asks_for("broken")).invoke({"messages": [("user", "hello")]})
    from langchain_core.messages import AIMessage

    agent(asks_for("made_up"), AIMessage("done")).invoke({"messages": [("user", "hello")]})
    assert found(observed)["tool_unknown"] == {("warn", "tools")}
    assert "made_up" not in repr(observed.events)


def test_habits_tell_who_should_have_written_a_key(observed: Observation) -> None:
    healthy, broken = writes(docs=["a"]), writes(note="nothing")
    node = [healthy]

    def read(state: Any) -> Any:
        return {"answer": str(len(state["docs"]))}

    graph = StateGraph(Support)
    graph.add_node("prepare", writes(note="x"))  # type: ignore[arg-type]
    graph.add_node("search", lambda state: node[0](state))  # type: ignore[arg-type, return-value]
    graph.add_node("read", read)
    graph.add_edge(START, "prepare")
    graph.add_edge("prepare", "search")
    graph.add_edge("search", "read")
    compiled = graph.compile(name="habits")
    for _ in range(6):
        compiled.invoke({"question": "?"})
    assert not found(observed)
    node[0] = broken
    with pytest.raises(KeyError):
        compiled.invoke({"question": "?"})
    assert found(observed)["key_missing"] == {("error", "search")}


# -- declarations


@pytest.fixture
def declared() -> Callable[..., None]:
    return graphs.graph


def test_a_declared_key_is_an_error_and_names_who_left_it_out(
    observed: Observation, declared: Callable[..., None]
) -> None:
    declared("judged", reads={"write": ["docs"]}, must_write={"search": ["docs"]})
    judge(HEALTHY[1])
    assert found(observed)["key_empty"] == {("error", "search")}


def test_what_may_be_empty_is_not_found(observed: Observation, declared: Callable[..., None]) -> None:
    declared("judged", reads={"write": ["docs"]}, allow_empty=["docs"], ignore=["no_update"])
    for graph in HEALTHY[:2]:
        judge(Judged("a search", {"search": writes(docs=[]), **graph.nodes}))
    assert not found(observed)


def test_wrong_declarations_are_told(declared: Callable[..., None]) -> None:
    with pytest.raises(TypeError, match=r"reads\['write'\] is a text; write a list of names, such as \['docs'\]"):
        declared("judged", reads={"write": "docs"})
    with pytest.raises(ValueError, match="there is no rule key_emty"):
        declared("judged", ignore=["key_emty"])
    with pytest.raises(TypeError, match="reads is a dictionary by the names of nodes, not list"):
        declared("judged", reads=["docs"])
    with pytest.raises(TypeError, match=r"must_write\['write'\] is a list of names, not int"):
        declared("judged", must_write={"write": 3})
    with pytest.raises(TypeError, match="validators is a dictionary by the names of nodes, not function"):
        declared("judged", validators=lambda _, __: True)
    with pytest.raises(TypeError, match=r"the name of a graph is a text, that of compile\(name=…\), not CompiledState"):
        declared(HEALTHY[0].build(), reads={"write": ["docs"]})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"reads": {"wrtie": ["docs"]}}, "the node wrtie (did you mean write?)"),
        ({"must_write": {"write": ["dcos", "docs"]}}, "the key dcos (did you mean docs?)"),
        ({"allow_empty": ["zzz"]}, "the key zzz"),
        ({"validators": {"rank": lambda _, __: True}}, "the node rank"),
        ({"judges": {"rank": lambda _, __: None}, "reads": {"rank": ["zzz"]}}, "the node rank, the key zzz"),
    ],
)
def test_names_that_a_graph_does_not_have_are_told_once(
    declared: Callable[..., None], caplog: pytest.LogCaptureFixture, given: dict[str, Any], told: str
) -> None:
    declared("judged", **given)
    with observe("graphs") as observed:
        for _ in range(2):
            judge(HEALTHY[0])
        assert not observed.points().get("argus.hook.errors")
        nodes = sorted(HEALTHY[0].nodes)
        (message,) = [each.getMessage() for each in caplog.records if "has no such node or key" in each.getMessage()]
        assert message.startswith(f"argus-otel: graphs.graph('judged') names {told}, and the graph has no such node")
        assert f"its nodes are {', '.join(nodes)}, and the keys of its state answer, " in message
        caplog.clear()
        declared("judged", reads={nodes[0]: ["docs"]})
        judge(HEALTHY[0])
        assert not caplog.records


def test_a_graph_of_the_functional_api_writes_no_state(observed: Observation) -> None:
    run(next(shape for shape in SHAPES if shape.name == "functional"))
    assert not found(observed)
