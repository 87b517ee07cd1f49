"""The catalogue as JSON, for programs: keys are stable, texts may change."""

from __future__ import annotations

import json

from argus_otel.scrape.series import prometheus_name
from argus_otel.telemetry import Attribute, Metric
from argus_otel.version import __version__

from .contents import Contents, Known


def as_json(contents: Contents) -> str:
    """Return one JSON document: the version of argus-otel, and lists of metrics, spans, events and attributes."""
    return json.dumps(as_document(contents), indent=2, ensure_ascii=False)


def as_document(contents: Contents) -> dict[str, object]:
    """Return the document that :func:`as_json` writes and ``docs/cli.md`` describes."""
    return {
        "version": __version__,
        "metrics": [_metric(metric) for metric in contents.metrics],
        "spans": [
            {"name": s.name, "kind": s.kind.value, "description": s.description, "attributes": list(s.attributes)}
            for s in contents.spans
        ],
        "events": [
            {
                "name": e.name,
                "severity": e.severity.value,
                "description": e.description,
                "attributes": list(e.attributes),
            }
            for e in contents.events
        ],
        "attributes": [_attribute(attribute) for attribute in contents.attributes],
    }


def _metric(metric: Metric) -> dict[str, object]:
    return {
        "name": metric.name,
        "prometheus_name": prometheus_name(metric),
        "kind": metric.kind.value,
        "unit": metric.unit,
        "description": metric.description,
        "attributes": [_bound(attribute) for attribute in metric.attributes],
        "boundaries": list(metric.boundaries),
    }


def _bound(attribute: Attribute) -> dict[str, object]:
    return {
        "name": attribute.name,
        "description": attribute.description,
        "values": list(attribute.values),
        "cardinality_limit": attribute.cardinality_limit or None,
    }


def _attribute(attribute: Known) -> dict[str, object]:
    return {
        "name": attribute.name,
        "type": attribute.type,
        "description": attribute.description,
        "values": list(attribute.values),
        "cardinality_limit": attribute.cardinality_limit or None,
        "examples": list(attribute.examples),
        "semconv": attribute.upstream,
        "metrics": attribute.metrics,
        "spans": attribute.spans,
        "events": attribute.events,
    }
