"""What a run leaves in history: its rows, which have names, classes and lengths, and no value."""

from __future__ import annotations

import json
from typing import Any

from argus_otel.detections.facts import CUT
from argus_otel.sources.graphs import catalogue as c

from ..running import config_of
from ..shapes import SHAPES
from .graphs import WIDE, nested, wide, working
from .recorded import of, rows_of

KINDS = ("input", "output")
SECRET = "the parcel of 1 Main Street"


def test_a_run_has_a_row_and_each_of_its_nodes_and_findings() -> None:
    rows = rows_of(lambda: nested().invoke({"question": SECRET}, {"configurable": {"thread_id": "42"}}))
    (run,) = of(rows, "graph.run")
    nodes, findings = of(rows, "graph.node"), of(rows, "graph.finding")
    assert [row.attributes["graph.node.name"] for row in nodes] == ["fetch", "search", "look", "rank", "write"]
    assert {row.attributes["graph.run.id"] for row in rows} == {run.attributes["graph.run.id"]}
    assert {row.attributes["gen_ai.conversation.id"] for row in rows} == {"42"}
    assert run.attributes["graph.outcome"] == "error"
    assert run.attributes["graph.run.errors"] == len(
        [row for row in findings if row.attributes["graph.detection.severity"] == "error"]
    )
    assert run.attributes["graph.run.nodes"] == 5
    (missing,) = [row for row in findings if row.attributes["graph.detection.id"] == "key_missing"]
    (write,) = [row for row in nodes if row.attributes["graph.node.name"] == "write"]
    assert missing.attributes["graph.node.number"] == write.attributes["graph.node.number"]
    assert write.attributes["graph.outcome"] == "error"
    assert {row.attributes["graph.attempts"] for row in nodes} == {1}, "none has a retry policy"


def test_a_node_begins_after_its_run_and_ends_before_it() -> None:
    rows = rows_of(lambda: nested(["x"]).invoke({"question": "?"}))
    (run,) = of(rows, "graph.run")
    begins: dict[Any, Any] = {row.attributes["graph.node.name"]: row for row in of(rows, "graph.node")}
    for row in begins.values():
        began = row.attributes["graph.node.began"]
        assert 0 < began < began + row.duration < run.duration
        assert run.time <= row.time
    order = sorted(begins, key=lambda name: begins[name].attributes["graph.node.began"])
    assert order == ["fetch", "search", "look", "rank", "write"]


def test_no_value_of_the_state_and_no_message_is_in_a_row() -> None:
    rows = rows_of(
        lambda: nested([SECRET]).invoke({"question": SECRET}),
        lambda: nested().invoke({"question": SECRET}),
        lambda: working().invoke({"question": SECRET}),
    )
    text = json.dumps([dict(row.attributes) for row in rows])
    for secret in (SECRET, "Main", "parcel", "no parcel", "a word", "two"):
        assert secret not in text


def test_every_attribute_is_in_the_catalogue() -> None:
    rows = rows_of(*(lambda shape=shape: shape.build().invoke(shape.inputs[0], config_of(shape)) for shape in SHAPES))
    known = {event.name: set(event.attributes) for event in c.CATALOGUE.events}
    assert {row.event for row in rows} == {"graph.run", "graph.node", "graph.finding"}
    for row in rows:
        assert row.attributes.keys() <= known[row.event], row.event
    described = {attribute.name for attribute in (*c.CATALOGUE.span_attributes,)}
    metrics = {attribute.name for metric in c.CATALOGUE.metrics for attribute in metric.attributes}
    assert {name for row in rows for name in row.attributes} <= described | metrics


def test_calls_and_tokens_of_graphs_in_nodes_count_too() -> None:
    rows = rows_of(lambda: working().invoke({"question": "?"}))
    (run,) = of(rows, "graph.run")
    names = ("graph.run.inference_calls", "graph.run.tool_calls", *(f"gen_ai.usage.{kind}_tokens" for kind in KINDS))
    assert [run.attributes[name] for name in names] == [2, 2, 20, 4]
    (work,) = [row for row in of(rows, "graph.node") if row.attributes["graph.node.name"] == "work"]
    assert work.attributes["graph.node.tools"] == "lookup,broken!"


def test_tokens_that_nobody_has_reported_are_unknown() -> None:
    rows = rows_of(lambda: nested(["x"]).invoke({"question": "?"}))
    (run,) = of(rows, "graph.run")
    assert "gen_ai.usage.input_tokens" not in run.attributes
    assert run.attributes["graph.run.inference_calls"] == 0


def test_a_list_that_is_too_long_ends_between_two_names() -> None:
    rows = rows_of(lambda: wide(60).invoke(WIDE))
    (fill,) = of(rows, "graph.node")
    shapes = str(fill.attributes["graph.node.shapes"])
    assert len(shapes) <= 500
    *whole, last = shapes.split(",")
    assert last == CUT
    assert whole == [f"a_key_of_some_length_{number}:int" for number in range(len(whole))]
    assert len(whole) > 10


def test_a_route_that_many_go_is_named_once_and_without_what_separates_names() -> None:
    rows = rows_of(lambda: wide(3, sends=40).invoke(WIDE))
    (fill,) = [row for row in of(rows, "graph.node") if row.attributes["graph.node.name"] == "fill"]
    assert fill.attributes["graph.route"] == "work; hard"
    assert len(of(rows, "graph.node")) == 41


def test_without_detections_runs_are_kept_all_the_same() -> None:
    rows = rows_of(lambda: nested().invoke({"question": "?"}), detections="off")
    assert [len(of(rows, event)) for event in ("graph.run", "graph.node", "graph.finding")] == [1, 5, 0]
    (run,) = of(rows, "graph.run")
    assert run.attributes["graph.run.findings"] == 0
