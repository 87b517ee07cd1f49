"""The rows of history: a run, each of its nodes, each finding and each evaluation.

Names, types and lengths, never values; of evaluations also scores, labels and, if content is asked for, explanations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from uuid import uuid4

from argus_otel.detections.facts import CUT, NodeFacts, ToolFacts
from argus_otel.detections.findings import Finding, Severity
from argus_otel.detections.shapes import Shape
from argus_otel.telemetry import AttributeValue, Event, Telemetry

from . import attributes as a
from . import catalogue as c
from . import conventions as genai
from .findings import described
from .outcomes import Outcome
from .places import Place
from .records import Record
from .runs import GraphRun

_LONGEST = 490
"""The most characters of a list: history cuts a text after 500, be it in the middle of a name."""

_SEPARATORS = str.maketrans(",:", ";;")


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
        run.id = run.id or str(uuid4())  # history has been started meanwhile
        common = _common(run.id, run.thread)
        history(c.RUN_ROW, {**common, **_run(run, record, outcome, error_type), **_counted(found)}, seconds)
        for node in record.facts():
            history(c.NODE_ROW, _NodeAttributes(node, common, run.started), node.duration)
        for finding in found:
            history(c.DETECTION_ROW, {**common, **_finding(run.kind.name, finding)}, None)

    def add_finding(self, place: Place, finding: Finding) -> None:
        """Record a finding about a run that has ended."""
        self._add(c.DETECTION_ROW, place, _finding(place.top, finding))

    def add_evaluation(self, place: Place, described: Mapping[str, AttributeValue]) -> None:
        """Record an evaluation, as its event describes it; the run may be open, or have ended."""
        number = {a.NUMBER.name: place.number} if place.number >= 0 else {}
        self._add(c.EVALUATION_ROW, place, {**number, **described})

    def _add(self, row: Event, place: Place, attributes: Mapping[str, AttributeValue]) -> None:
        history = self._telemetry.history
        if history is not None and place.run_id:
            history(row, {**_common(place.run_id, place.thread), **attributes}, None)


def _common(run_id: str, thread: str) -> dict[str, AttributeValue]:
    """Return the attributes of all rows of a run."""
    found: dict[str, AttributeValue] = {a.RUN_ID.name: run_id}
    if thread:
        found[genai.CONVERSATION.name] = thread
    return found


class _NodeAttributes(Mapping[str, AttributeValue]):
    """The attributes of a node's row. History's own thread makes them, not the one that has run the graph."""

    __slots__ = ("_node", "_common", "_run_started", "_made")

    def __init__(self, node: NodeFacts, common: dict[str, AttributeValue], run_started: float) -> None:
        self._node = node
        self._common = common
        self._run_started = run_started
        self._made: dict[str, AttributeValue] | None = None

    def _attributes(self) -> dict[str, AttributeValue]:
        if self._made is None:
            self._made = {**self._common, **_node(self._node, self._run_started)}
        return self._made

    def __getitem__(self, name: str) -> AttributeValue:
        return self._attributes()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._attributes())

    def __len__(self) -> int:
        return len(self._attributes())


def _run(run: GraphRun, record: Record, outcome: Outcome, error_type: str | None) -> dict[str, AttributeValue]:
    found: dict[str, AttributeValue] = {
        genai.OPERATION.name: run.kind.operation,
        a.GRAPH.name: run.kind.name,
        a.OUTCOME.name: outcome.value,
        a.STEPS.name: run.steps,
        a.NODES.name: len(record.nodes),
        a.INFERENCE_CALLS.name: record.inference_calls,
        a.TOOL_CALLS.name: record.tool_calls,
    }
    if record.input_tokens is not None:
        found[genai.INPUT.name] = record.input_tokens
    if record.output_tokens is not None:
        found[genai.OUTPUT.name] = record.output_tokens
    if error_type is not None:
        found[a.ERROR_TYPE.name] = error_type
    if run.trace is not None:
        found[a.TRACE_ID.name] = f"{run.trace.trace_id:032x}"
    return found


def _counted(found: list[Finding]) -> dict[str, AttributeValue]:
    severities = [finding.severity for finding in found]
    return {
        a.FINDINGS.name: len(severities) - severities.count(Severity.INFO),
        a.FOUND_ERRORS.name: severities.count(Severity.ERROR),
    }


def _node(node: NodeFacts, run_started: float) -> dict[str, AttributeValue]:
    found: dict[str, AttributeValue] = {
        a.GRAPH.name: node.graph,
        a.NODE.name: node.node,
        a.NUMBER.name: node.number,
        a.STEP.name: node.step,
        a.BEGAN.name: max(0.0, node.started - run_started),
        a.OUTCOME.name: node.outcome,
        a.ATTEMPTS.name: node.attempts,
    }
    if node.after:
        found[a.AFTER.name] = _joined(map(str, node.after))
    if node.above >= 0:
        found[a.ABOVE.name] = node.above
    if node.error_type:
        found[a.ERROR_TYPE.name] = node.error_type
    if node.routes:
        found[a.ROUTES.name] = _joined(map(_word, dict.fromkeys(node.routes)))
    if node.written:
        found[a.SHAPES.name] = _joined(_shape(key, shape) for key, shape in node.written.items())
    if node.tools:
        found[a.TOOLS.name] = _joined(map(_tool, node.tools))
    return found


def _finding(graph: str, finding: Finding) -> dict[str, AttributeValue]:
    found = described(graph, finding)
    if finding.number >= 0:
        found[a.NUMBER.name] = finding.number
    return found


def _joined(texts: Iterable[str]) -> str:
    """Return texts, separated by commas; if they are too long, the first ones and a mark for the rest."""
    kept: list[str] = []
    left = _LONGEST
    for text in texts:
        left -= len(text) + 1
        if left < 0:
            kept.append(CUT)
            break
        kept.append(text)
    return ",".join(kept)


def _word(name: str) -> str:
    """Return a name without the characters that separate names."""
    return name.translate(_SEPARATORS)


def _shape(key: str, shape: Shape) -> str:
    words = f"{_word(key)}:{_word(shape.type)}"
    return words if shape.length < 0 else f"{words}:{shape.length}"


def _tool(tool: ToolFacts) -> str:
    name = _word(tool.name) or "?"  # of a tool that there is not, only the call is known
    return f"{name}!" if tool.failed else name
