"""The catalogue as a page: it writes ``docs/catalogue.md``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from argus_otel.discovery import installed, load
from argus_otel.scrape.series import prometheus_name
from argus_otel.telemetry import Catalogue, Metric
from argus_otel.telemetry.families import MAX_SERIES

from .contents import SEMCONV, Contents, Known

COMMAND = "argus-otel catalogue --format markdown > docs/catalogue.md"
"""The command that writes the page."""

_HEAD = f"""\
# Catalogue of signals

Written by `{COMMAND}`: edit the definitions, not this page.

Each metric has its name in Prometheus, as `/metrics` serves it; a histogram's series have that name with `_bucket`,
`_count` and `_sum`, and its boundaries are in its unit. An attribute of a metric has a closed set of values or a
cardinality limit; values beyond the limit become `_OTHER` and are counted in `argus.attribute.overflow`, as are new
combinations of values once a metric has {MAX_SERIES} series. Prometheus spells an attribute's dots as underscores."""


def as_markdown(contents: Contents) -> str:
    """Return the page, without the last newline."""
    sections = [_HEAD, *_external()]
    if contents.metrics:
        sections += ["## Metrics", *(_metric(metric) for metric in contents.metrics)]
    if contents.spans:
        rows = [(f"`{s.name}`", s.kind.value, _cell(s.description), _code(s.attributes)) for s in contents.spans]
        sections += ["## Spans", _table(("span", "kind", "description", "attributes"), rows)]
    if contents.events:
        rows = [(f"`{e.name}`", e.severity.value, _cell(e.description), _code(e.attributes)) for e in contents.events]
        sections += [
            "## Events",
            "Log records with an event name.",
            _table(("event", "severity", "description", "attributes"), rows),
        ]
    if contents.attributes:
        sections += ["## Attributes", _attributes(contents.attributes)]
    return "\n\n".join(sections)


def _external() -> Iterator[str]:
    """Iterate over a paragraph for each source that has an instrumentation of OpenTelemetry's emit its metrics."""
    for spec in installed().specs.values():
        catalogue: Catalogue = load(spec.catalogue)
        if catalogue.external:
            names = ", ".join(f"`{metric.name}`" for metric in catalogue.metrics)
            yield f"With `argus-otel[{spec.name}]`, OpenTelemetry's own instrumentation of {spec.title} adds\n{names}."


def _metric(metric: Metric) -> str:
    lines = [f"### `{metric.name}`", metric.description]
    lines.append(f"`{prometheus_name(metric)}`, {metric.kind.value}, unit `{metric.unit}`")
    if metric.boundaries:
        lines[-1] += f", boundaries {', '.join(f'{edge:g}' for edge in metric.boundaries)}"
    if metric.attributes:
        rows = [
            (
                f"`{a.name}`",
                _bound(Known(a.name, values=a.values, cardinality_limit=a.cardinality_limit)),
                _cell(a.description),
            )
            for a in metric.attributes
        ]
        lines.append(_table(("attribute", "values", "description"), rows))
    return "\n\n".join(lines)


def _attributes(attributes: Iterable[Known]) -> str:
    rows = [
        (
            f"`{a.name}`",
            a.type,
            _bound(a),
            _cell(a.description),
            ", ".join(f"`{example}`" for example in a.examples),
            ", ".join(kind for kind in ("metrics", "spans", "events") if getattr(a, kind)),
            f"semconv {SEMCONV}" if a.upstream else "argus-otel",
        )
        for a in attributes
    ]
    return _table(("attribute", "type", "values", "description", "examples", "on", "defined by"), rows)


def _bound(attribute: Known) -> str:
    return _code(map(str, attribute.values)) if attribute.values else attribute.bound


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell or '-' for cell in line)} |" for line in lines)
