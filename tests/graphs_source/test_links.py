"""A node's span is linked to those of the nodes that led to it."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send

from argus_otel.testing import Observation

from .running import run, run_async
from .shapes import SHAPES, Shape


class State(TypedDict):
    items: Annotated[list[str], operator.add]


def wrote(name: str) -> Any:
    return lambda _: {"items": [name]}


def links(observed: Observation) -> dict[str, list[str]]:
    """Return the nodes that each node's span is linked to, in order."""
    spans = [span for span in observed.spans() if span.name.startswith("invoke_node ")]
    names = {span.context.span_id: span.name.removeprefix("invoke_node ") for span in spans}
    return {names[span.context.span_id]: sorted(names[link.context.span_id] for link in span.links) for span in spans}


def test_a_node_is_linked_to_the_one_before_it(observed: Observation) -> None:
    graph = StateGraph(State)
    graph.add_node("first", wrote("first"))
    graph.add_node("second", wrote("second"))
    graph.add_edge(START, "first")
    graph.add_edge("first", "second")
    graph.compile().invoke({"items": []})
    assert links(observed) == {"first": [], "second": ["first"]}


def test_a_node_that_waits_for_several_is_linked_to_all(observed: Observation) -> None:
    graph = StateGraph(State)
    for name in ("start", "left", "right", "join"):
        graph.add_node(name, wrote(name))
    graph.add_edge(START, "start")
    graph.add_edge("start", "left")
    graph.add_edge("start", "right")
    graph.add_edge(["left", "right"], "join")
    graph.compile().invoke({"items": []})
    assert links(observed) == {"start": [], "left": ["start"], "right": ["start"], "join": ["left", "right"]}


def test_a_node_that_something_was_sent_to_is_linked_to_the_sender(observed: Observation) -> None:
    graph = StateGraph(State)
    graph.add_node("plan", wrote("plan"))
    graph.add_node("work", wrote("work"))
    graph.add_edge(START, "plan")
    graph.add_conditional_edges("plan", lambda _: [Send("work", {"items": []})], ["work"])
    graph.compile().invoke({"items": []})
    assert links(observed) == {"plan": [], "work": ["plan"]}


def test_a_node_that_a_command_leads_to_is_linked_to_its_node(observed: Observation) -> None:
    def decide(_: State) -> Command[Any]:
        return Command(goto="other", update={"items": ["decide"]})

    graph = StateGraph(State)
    graph.add_node("decide", decide, destinations=("other",))
    graph.add_node("other", wrote("other"))
    graph.add_edge(START, "decide")
    graph.add_edge("other", END)
    graph.compile().invoke({"items": []})
    assert links(observed) == {"decide": [], "other": ["decide"]}


def test_a_loop_is_linked_to_its_last_visit(observed: Observation) -> None:
    graph = StateGraph(State)
    graph.add_node("again", wrote("x"))
    graph.add_edge(START, "again")
    graph.add_conditional_edges("again", lambda state: "again" if len(state["items"]) < 3 else END, ["again", END])
    graph.compile().invoke({"items": []})
    spans = sorted(
        (span for span in observed.spans() if span.name == "invoke_node again"), key=lambda span: span.start_time or 0
    )
    assert [[link.context.span_id for link in span.links] for span in spans] == [
        [], [spans[0].context.span_id], [spans[1].context.span_id],
    ]  # fmt: skip


@pytest.mark.parametrize("runs", [run, run_async], ids=["sync", "async"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_history_names_the_nodes_that_spans_are_linked_to(
    shape: Shape, runs: Callable[[Shape], object], observed: Observation
) -> None:
    runs(shape)
    spans = {span.context.span_id: span for span in observed.spans() if span.name.startswith("invoke_node ")}
    linked = Counter(
        (span.name, *sorted(spans[link.context.span_id].name for link in span.links)) for span in spans.values()
    )
    rows: dict[tuple[Any, str], Any] = {
        (row["graph.run.id"], str(row["graph.node.number"])): row
        for name, row, _ in observed.rows
        if name == "graph.node"
    }

    def span_name(run_id: object, number: str) -> str:
        return f"invoke_node {rows[run_id, number]['graph.node.name']}"

    after = Counter(
        (
            span_name(run_id, number),
            *sorted(span_name(run_id, each) for each in filter(None, row.get("graph.node.after", "").split(","))),
        )
        for (run_id, number), row in rows.items()
    )
    assert sum(after.values()) > 0
    assert after == linked
