"""The catalogue as a registry for OpenTelemetry Weaver: semantic conventions of argus-otel, on top of OpenTelemetry's.

The files are JSON, which is valid YAML: the standard library can write it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from argus_otel.scrape.series import prometheus_name
from argus_otel.telemetry import AttributeValue, Event, Metric, Span
from argus_otel.version import __version__

from .contents import SEMCONV, Contents, Known

_STABILITY = {"stability": "development"}


def write(contents: Contents, directory: Path) -> list[Path]:
    """Write the registry to ``directory``, creating it if need be; return the files.

    Raises
    ------
    OSError
        A file cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    files = registry(contents)
    for name, document in files.items():
        text = json.dumps(document, indent=2, ensure_ascii=False)
        (directory / name).write_text(text + "\n", encoding="utf-8", newline="\n")
    return [directory / name for name in files]


def registry(contents: Contents) -> dict[str, dict[str, object]]:
    """Return each file's document by its name."""
    own = [attribute for attribute in contents.attributes if not attribute.upstream]
    return {
        "manifest.yaml": _manifest(),
        "attributes.yaml": {"groups": [_group(name, list(them)) for name, them in groupby(own, _namespace)]},
        "metrics.yaml": {"groups": [_metric(metric) for metric in contents.metrics]},
        "spans.yaml": {"groups": [_span(span) for span in contents.spans]},
        "events.yaml": {"groups": [_event(event) for event in contents.events]},
    }


def _manifest() -> dict[str, object]:
    return {
        "name": "argus-otel",
        "description": "The signals of argus-otel and its sources.",
        "schema_url": f"https://pypi.org/project/argus-otel/{__version__}",
        "dependencies": [
            {
                "schema_url": f"https://opentelemetry.io/schemas/{SEMCONV}",
                "registry_path": f"https://github.com/open-telemetry/semantic-conventions@v{SEMCONV}[model]",
            }
        ],
    }


def _namespace(attribute: Known) -> str:
    return attribute.name.partition(".")[0]


def _group(namespace: str, attributes: list[Known]) -> dict[str, object]:
    return {
        "id": f"registry.{namespace}",
        "type": "attribute_group",
        **_STABILITY,
        "brief": f"Attributes of argus-otel in the namespace `{namespace}`.",
        "attributes": [_attribute(attribute) for attribute in attributes],
    }


def _attribute(attribute: Known) -> dict[str, object]:
    made: dict[str, object] = {
        "id": attribute.name,
        "type": attribute.type,
        **_STABILITY,
        "brief": attribute.description,
    }
    if attribute.values:
        made["type"] = {"members": [_member(value) for value in attribute.values]}
    if attribute.examples:
        made["examples"] = list(attribute.examples)
    if attribute.cardinality_limit:
        made["note"] = f"At most {attribute.cardinality_limit} values on metrics; others become `_OTHER`."
        made["annotations"] = {"argus_otel": {"cardinality_limit": attribute.cardinality_limit}}
    return made


def _member(value: AttributeValue) -> dict[str, object]:
    return {"id": re.sub(r"\W+", "_", str(value)).lower(), "value": value, **_STABILITY, "brief": str(value)}


def _metric(metric: Metric) -> dict[str, object]:
    ours: dict[str, object] = {"prometheus_name": prometheus_name(metric)}
    if metric.boundaries:
        ours["boundaries"] = list(metric.boundaries)
    return {
        "id": f"metric.{metric.name}",
        "type": "metric",
        **_STABILITY,
        "metric_name": metric.name,
        "brief": metric.description,
        "instrument": metric.kind.value,
        "unit": metric.unit,
        "attributes": _references(attribute.name for attribute in metric.attributes),
        "annotations": {"argus_otel": ours},
    }


def _span(span: Span) -> dict[str, object]:
    return {
        "id": f"span.{_slug(span.name)}",
        "type": "span",
        **_STABILITY,
        "brief": span.description,
        "note": f"Its name is `{span.name}`.",
        "span_kind": span.kind.value,
        "attributes": _references(span.attributes),
        "annotations": {"argus_otel": {"name": span.name}},
    }


def _event(event: Event) -> dict[str, object]:
    return {
        "id": f"event.{event.name}",
        "type": "event",
        **_STABILITY,
        "name": event.name,
        "brief": event.description,
        "attributes": _references(event.attributes),
        "annotations": {"argus_otel": {"severity": event.severity.value}},
    }


def _references(names: Iterable[str]) -> list[dict[str, str]]:
    return [{"ref": name} for name in names]


def _slug(name: str) -> str:
    """Return an id for a span's name: its fixed words, or its attributes if it has none."""
    fixed = re.findall(r"\w+", re.sub(r"\{.*?\}", "", name))
    return "argus_otel." + ".".join(fixed or re.findall(r"[\w.]+", name))
