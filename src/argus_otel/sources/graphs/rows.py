"""The rows of history: a run, each of its nodes, and each finding. Names, types and lengths, never values."""

from __future__ import annotations

from uuid import uuid4

from argus_otel.detections.facts import NodeFacts, ToolFacts
from argus_otel.detections.findings import Finding
from argus_otel.detections.shapes import Shape
from argus_otel.telemetry import AttributeValue, Telemetry

from . import attributes as a
from . import catalogue as c
from . import conventions as genai
from .findings import described
from .outcomes import Outcome
from .runs import GraphRun

_MOST_SHAPES = 64


class Rows:
    """Records rows while history is on."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def add(
        self, run: GraphRun, outcome: Outcome, error_type: str | None, seconds: float, found: list[Finding]
    ) -> None:
        """Record a run at the top, which has ended."""
        history, record = self._telemetry.history, run.record
        if history is None or record is None:
            return
        run_id = record.run_id or str(uuid4())  # without an id, nothing judges the run
        history(c.RUN_ROW, {a.RUN_ID.name: run_id, **_run(run, outcome, error_type, len(record.nodes))}, seconds)
        for node in record.nodes:
            history(c.NODE_ROW, {a.RUN_ID.name: run_id, **_node(node)}, node.duration)
        for finding in found:
            self.add_finding(run_id, run.kind.name, finding)

    def add_finding(self, run_id: str, graph: str, finding: Finding) -> None:
        """Record a finding about a run."""
        history = self._telemetry.history
        if history is not None:
            history(c.DETECTION_ROW, {a.RUN_ID.name: run_id, **described(graph, finding)}, None)


def _run(run: GraphRun, outcome: Outcome, error_type: str | None, nodes: int) -> dict[str, AttributeValue]:
    found: dict[str, AttributeValue] = {
        **run.kind.attributes,
        a.GRAPH.name: run.kind.name,
        a.OUTCOME.name: outcome.value,
        a.STEPS.name: run.steps,
        a.NODES.name: nodes,
        a.INFERENCE_CALLS.name: run.inference_calls,
        a.TOOL_CALLS.name: run.tool_calls,
    }
    if run.thread:
        found[genai.CONVERSATION.name] = run.thread
    if error_type is not None:
        found[a.ERROR_TYPE.name] = error_type
    if run.trace is not None:
        found[a.TRACE_ID.name] = f"{run.trace.trace_id:032x}"
    return found


def _node(node: NodeFacts) -> dict[str, AttributeValue]:
    found: dict[str, AttributeValue] = {
        a.GRAPH.name: node.graph,
        a.NODE.name: node.node,
        a.NUMBER.name: node.number,
        a.STEP.name: node.step,
        a.OUTCOME.name: node.outcome,
        a.ATTEMPTS.name: node.attempts,
    }
    if node.after:
        found[a.AFTER.name] = ",".join(map(str, node.after))
    if node.above >= 0:
        found[a.ABOVE.name] = node.above
    if node.error_type:
        found[a.ERROR_TYPE.name] = node.error_type
    if node.routes:
        found[a.ROUTES.name] = ",".join(node.routes)
    if node.written:
        found[a.SHAPES.name] = ",".join(_shape(*each) for each in list(node.written.items())[:_MOST_SHAPES])
    if node.tools:
        found[a.TOOLS.name] = ",".join(map(_tool, node.tools))
    return found


def _shape(key: str, shape: Shape) -> str:
    return f"{key}:{shape.type}" if shape.length < 0 else f"{key}:{shape.type}:{shape.length}"


def _tool(tool: ToolFacts) -> str:
    return f"{tool.name}!" if tool.failed else tool.name
