"""The catalogue for a terminal: signals in one line each, or in full."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from argus_otel.scrape.series import prometheus_name
from argus_otel.telemetry import Event, Metric, Span

from .contents import Contents, Known


def in_short(contents: Contents) -> str:
    """Return one line for each signal and attribute, by kind."""
    sections = {
        "metrics": [(m.name, m.kind.value, m.unit, m.description) for m in contents.metrics],
        "spans": [(s.name, s.kind.value, s.description) for s in contents.spans],
        "events": [(e.name, e.severity.value, e.description) for e in contents.events],
        "attributes": [(a.name, a.type, a.bound, a.description) for a in contents.attributes],
    }
    return "\n\n".join("\n".join((title, *_columns(rows))) for title, rows in sections.items() if rows)


def in_full(contents: Contents) -> str:
    """Return everything that is known about each signal and attribute."""
    return "\n\n".join(
        (
            *(_metric(metric) for metric in contents.metrics),
            *(_span(span) for span in contents.spans),
            *(_event(event) for event in contents.events),
            *(_attribute(attribute) for attribute in contents.attributes),
        )
    )


def _metric(metric: Metric) -> str:
    facts = [("kind", metric.kind.value), ("unit", metric.unit), ("Prometheus", prometheus_name(metric))]
    if metric.boundaries:
        facts.append(("boundaries", ", ".join(f"{edge:g}" for edge in metric.boundaries)))
    for attribute in metric.attributes:
        bound = Known(attribute.name, values=attribute.values, cardinality_limit=attribute.cardinality_limit).bound
        facts.append(("attribute", f"{attribute.name} ({bound}): {attribute.description}"))
    return _card("metric", metric.name, metric.description, facts)


def _span(span: Span) -> str:
    return _card("span", span.name, span.description, [("kind", span.kind.value), *_names(span.attributes)])


def _event(event: Event) -> str:
    return _card(
        "event", event.name, event.description, [("severity", event.severity.value), *_names(event.attributes)]
    )


def _attribute(attribute: Known) -> str:
    facts = [("type", attribute.type), ("values", attribute.bound)]
    if attribute.examples:
        facts.append(("examples", ", ".join(map(str, attribute.examples))))
    if attribute.upstream:
        facts.append(("defined by", "OpenTelemetry's semantic conventions"))
    for kind in ("metrics", "spans", "events"):
        facts += [(f"on {kind}", name) for name in getattr(attribute, kind)]
    return _card("attribute", attribute.name, attribute.description, facts)


def _names(attributes: Iterable[str]) -> list[tuple[str, str]]:
    return [("attribute", name) for name in attributes]


def _card(kind: str, name: str, description: str, facts: Sequence[tuple[str, str]]) -> str:
    width = max(len(label) for label, _ in facts)
    lines = [f"{kind} {name}", f"  {description}"]
    before = ""
    for label, value in facts:
        lines.append(f"  {'' if label == before else label:<{width}}  {value}")
        before = label
    return "\n".join(lines)


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the rows with every column but the last one as wide as its widest cell, up to 44 characters."""
    widths = [min(44, max(len(row[column]) for row in rows)) for column in range(len(rows[0]) - 1)]
    return ["  " + "  ".join((*(f"{c:<{w}}" for c, w in zip(row, widths, strict=False)), row[-1])) for row in rows]
