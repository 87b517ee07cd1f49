"""A finding as attributes of an event and of a row."""

from __future__ import annotations

from argus_otel.detections.findings import Finding
from argus_otel.telemetry import AttributeValue

from . import attributes as a


def described(graph: str, finding: Finding) -> dict[str, AttributeValue]:
    """Return what a finding says, with its cause."""
    found: dict[str, AttributeValue] = {
        a.GRAPH.name: graph,
        a.DETECTION.name: finding.rule,
        a.SEVERITY.name: finding.severity.value,
        a.LAYER.name: finding.layer.value,
    }
    if finding.node:
        found[a.NODE.name] = finding.node
        found[a.STEP.name] = finding.step
    if finding.key:
        found[a.KEY.name] = finding.key
    cause = finding.cause
    if cause is not None:
        found[a.CAUSE_NODE.name] = cause.node
        found[a.CAUSE_STEP.name] = cause.step
        found[a.CAUSE_KIND.name] = cause.kind
        found[a.PATH.name] = " → ".join(cause.path)
        found[a.CONFIDENCE.name] = cause.confidence.value
    return found
