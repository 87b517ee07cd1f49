"""The comparison of the ledgers with the support agent's metrics tells what differs, on either side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from argus_otel.demo.graphs.agreement import compare
from argus_otel.demo.graphs.cast import FAULTY, HEALTHY, Case
from argus_otel.demo.graphs.ledger import Deed
from argus_otel.demo.row import Row
from argus_otel.scrape.exposition import parse

EXPOSITION = """\
# TYPE graph_run_steps histogram
graph_run_steps_bucket{graph_name="support",graph_outcome="ok",le="+Inf"} 2.0
graph_run_steps_count{graph_name="support",graph_outcome="ok"} 2.0
graph_run_steps_sum{graph_name="support",graph_outcome="ok"} 6.0
# TYPE graph_node_duration_seconds histogram
graph_node_duration_seconds_bucket{graph_name="support",graph_node_name="sort",graph_outcome="ok",le="+Inf"} 2.0
graph_node_duration_seconds_count{graph_name="support",graph_node_name="sort",graph_outcome="ok"} 2.0
graph_node_duration_seconds_sum{graph_name="support",graph_node_name="sort",graph_outcome="ok"} 0.1
# TYPE graph_routes_total counter
graph_routes_total{graph_name="support",graph_node_name="sort",graph_route="look_up"} 2.0
graph_routes_total{graph_name="support",graph_node_name="look_up",graph_route="write"} 2.0
# TYPE graph_detections_total counter
graph_detections_total{graph_name="support",graph_cause_node="look_up",graph_detection_id="key_empty",graph_detection_severity="error"} 1.0
graph_detections_total{graph_name="support",graph_cause_node="write",graph_detection_id="slow",graph_detection_severity="info"} 1.0
# TYPE gen_ai_execute_tool_duration_seconds histogram
gen_ai_execute_tool_duration_seconds_bucket{gen_ai_tool_name="find_order",gen_ai_tool_type="function",error_type="ToolException",le="+Inf"} 1.0
gen_ai_execute_tool_duration_seconds_count{gen_ai_tool_name="find_order",gen_ai_tool_type="function",error_type="ToolException"} 1.0
gen_ai_execute_tool_duration_seconds_sum{gen_ai_tool_name="find_order",gen_ai_tool_type="function",error_type="ToolException"} 0.1
# TYPE gen_ai_client_inference_duration_seconds histogram
gen_ai_client_inference_duration_seconds_bucket{gen_ai_request_model="writer-1",le="+Inf"} 2.0
gen_ai_client_inference_duration_seconds_count{gen_ai_request_model="writer-1"} 2.0
gen_ai_client_inference_duration_seconds_sum{gen_ai_request_model="writer-1"} 0.1
gen_ai_client_inference_duration_seconds_bucket{gen_ai_request_model="writer-1",error_type="openai.RateLimitError",le="+Inf"} 1.0
gen_ai_client_inference_duration_seconds_count{gen_ai_request_model="writer-1",error_type="openai.RateLimitError"} 1.0
gen_ai_client_inference_duration_seconds_sum{gen_ai_request_model="writer-1",error_type="openai.RateLimitError"} 0.1
# TYPE gen_ai_client_inference_time_to_first_chunk_seconds histogram
gen_ai_client_inference_time_to_first_chunk_seconds_bucket{gen_ai_request_model="writer-1",le="+Inf"} 1.0
gen_ai_client_inference_time_to_first_chunk_seconds_count{gen_ai_request_model="writer-1"} 1.0
gen_ai_client_inference_time_to_first_chunk_seconds_sum{gen_ai_request_model="writer-1"} 0.1
# TYPE gen_ai_client_inference_time_per_output_chunk_seconds histogram
gen_ai_client_inference_time_per_output_chunk_seconds_bucket{gen_ai_request_model="writer-1",le="+Inf"} 6.0
gen_ai_client_inference_time_per_output_chunk_seconds_count{gen_ai_request_model="writer-1"} 6.0
gen_ai_client_inference_time_per_output_chunk_seconds_sum{gen_ai_request_model="writer-1"} 0.1
# TYPE gen_ai_client_inference_usage_input_tokens_total counter
gen_ai_client_inference_usage_input_tokens_total{gen_ai_request_model="writer-1"} 12.0
# TYPE gen_ai_client_inference_usage_output_tokens_total counter
gen_ai_client_inference_usage_output_tokens_total{gen_ai_request_model="writer-1"} 5.0
# TYPE graph_usage_unreported_total counter
graph_usage_unreported_total{gen_ai_request_model="writer-1"} 1.0
"""  # noqa: E501
COUNTS = {
    "runs": {"support: ok": 2},
    "nodes": {"support / sort: ok": 2},
    "routes": {"sort → look_up": 2},
    "tool calls": {"find_order, failed": 1},
}
DEEDS = (
    Deed("writer-1", 0, 500),
    Deed("writer-1", 1, 200, 7, 12, 5),
    Deed("writer-1", 0, 200),
    *(Deed("writer-1", attempt, 429) for attempt in range(3)),
)
EMPTY = next(case for case in FAULTY if case.findings[0].rule == "key_empty")
CASES = (HEALTHY[0], EMPTY)


def rows(
    cases: Sequence[Case] = CASES,
    counts: Mapping[str, Mapping[str, int]] = COUNTS,
    deeds: Sequence[Deed] = DEEDS,
    exposition: str = EXPOSITION,
) -> dict[tuple[str, str], Row]:
    return {(row.subject, row.thing): row for row in compare(cases, counts, deeds, parse(exposition))}


def differing(found: dict[tuple[str, str], Row]) -> set[tuple[str, str]]:
    return {key for key, row in found.items() if not row.agrees}


def test_ledgers_and_faults_are_compared_with_runs_nodes_calls_tokens_and_findings() -> None:
    found = rows()
    assert differing(found) == set()
    assert {key: row.ledger for key, row in found.items()} == {
        ("runs", "support: ok"): 2,
        ("nodes", "support / sort: ok"): 2,
        ("routes", "sort → look_up"): 2,
        ("tool calls", "find_order, failed"): 1,
        ("model calls", "writer-1"): 2,
        ("model calls", "writer-1, failed"): 1,
        ("streamed answers", "writer-1"): 1,
        ("chunks", "writer-1"): 7,
        ("input tokens", "writer-1"): 12,
        ("output tokens", "writer-1"): 5,
        ("tokens not reported", "writer-1"): 1,
        ("findings", "error key_empty by look_up"): 1,
    }


def test_a_fault_that_was_not_found_differs() -> None:
    assert differing(rows(cases=(*CASES, EMPTY))) == {("findings", "error key_empty by look_up")}


def test_a_finding_without_a_fault_differs() -> None:
    assert differing(rows(cases=HEALTHY[:1])) == {("findings", "error key_empty by look_up")}


def test_a_finding_with_another_cause_differs_on_both_sides() -> None:
    mistaken = EXPOSITION.replace('cause_node="look_up"', 'cause_node="write"')
    assert differing(rows(exposition=mistaken)) == {
        ("findings", "error key_empty by look_up"),
        ("findings", "error key_empty by write"),
    }


def test_a_call_that_the_service_has_not_seen_differs() -> None:
    seen_twice = EXPOSITION.replace('model="writer-1",le="+Inf"} 2.0', 'model="writer-1",le="+Inf"} 3.0')
    assert differing(rows(exposition=seen_twice)) == {("model calls", "writer-1")}


def test_a_call_that_no_metric_has_differs_with_its_tokens() -> None:
    more = (*DEEDS, Deed("writer-1", 0, 200, 0, 1, 1))
    assert differing(rows(deeds=more)) == {
        ("model calls", "writer-1"),
        ("input tokens", "writer-1"),
        ("output tokens", "writer-1"),
    }


@pytest.mark.parametrize("subject", ["runs", "nodes", "routes", "tool calls"])
def test_what_the_agent_has_counted_otherwise_differs(subject: str) -> None:
    (thing,) = COUNTS[subject]
    assert differing(rows(counts={**COUNTS, subject: {thing: 7}})) == {(subject, thing)}


def test_what_only_one_side_has_differs() -> None:
    assert differing(rows(exposition="")) == set(rows(exposition=""))
    alone = rows(cases=(), counts={"routes": {"sort → x": 1}}, deeds=())
    assert differing(alone) == set(alone)
