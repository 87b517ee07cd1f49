"""Compares the support agent's metrics with the ledgers: its own, the model service's, and what was injected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from argus_otel.demo.row import Row, rows
from argus_otel.scrape.series import Metrics
from argus_otel.sources.graphs import attributes, catalogue, conventions
from argus_otel.telemetry import Metric

from .cast import Case
from .ledger import Deed

_BY_DURATION = frozenset({"slow", "costly", "long_run"})
"""The rules that find a run out of the ordinary, as some are on a busy machine."""

Counts = Mapping[str, Mapping[str, int]]
"""What the support agent has counted: by the subject, and by the thing."""


def compare(cases: Sequence[Case], counts: Counts, deeds: Sequence[Deed], metrics: Metrics) -> list[Row]:
    """Return every number that either side has, in a fixed order.

    Parameters
    ----------
    cases:
        The tickets that were answered.
    counts:
        The ledger of the support agent.
    deeds:
        The ledger of the model service.
    metrics:
        One scrape of a support agent that has answered these tickets only.
    """
    return [
        *_graphs(counts, metrics),
        *_tools(counts, metrics),
        *_models(deeds, metrics),
        *_tokens(deeds, metrics),
        *_findings(cases, metrics),
    ]


def _graphs(counts: Counts, metrics: Metrics) -> Iterator[Row]:
    graph, node, outcome = attributes.GRAPH, attributes.NODE, attributes.OUTCOME
    runs = metrics.spread(catalogue.RUN_STEPS, graph, outcome)
    ours = {f"{name}: {how}": buckets.count for (name, how), buckets in runs.items()}
    yield from rows("runs", _theirs(counts, "runs"), _rounded(ours))
    nodes = metrics.spread(catalogue.NODE_DURATION, graph, node, outcome)
    ours = {f"{name} / {place}: {how}": buckets.count for (name, place, how), buckets in nodes.items()}
    yield from rows("nodes", _theirs(counts, "nodes"), _rounded(ours))
    decisions = _theirs(counts, "routes")
    deciding = {decision.partition(" → ")[0] for decision in decisions}  # the agent notes no other routes
    routes = metrics.by(catalogue.ROUTES, node, attributes.ROUTE)
    ours = {f"{place} → {route}": number for (place, route), number in routes.items() if place in deciding}
    yield from rows("routes", decisions, _rounded(ours))
    for subject, metric, attribute in (
        ("failed attempts", catalogue.FAILED_ATTEMPTS, node),
        ("interrupts", catalogue.INTERRUPTS, node),
        ("resumes", catalogue.RESUMES, graph),
    ):
        yield from rows(subject, _theirs(counts, subject), _by(metrics.by(metric, attribute)))


def _tools(counts: Counts, metrics: Metrics) -> Iterator[Row]:
    ours: Counter[str] = Counter()
    grouped = metrics.spread(conventions.TOOL_DURATION, conventions.TOOL, conventions.ERROR_TYPE)
    for (name, error), buckets in grouped.items():
        ours[f"{name}, failed" if error else name] += round(buckets.count)
    yield from rows("tool calls", _theirs(counts, "tool calls"), ours)


def _models(deeds: Sequence[Deed], metrics: Metrics) -> Iterator[Row]:
    begun = Counter(deed.model for deed in deeds if not deed.attempt)
    answered = Counter(deed.model for deed in deeds if deed.answered)
    failed = {f"{model}, failed": number for model, number in (begun - answered).items()}
    ours: Counter[str] = Counter()
    grouped = metrics.spread(conventions.INFERENCE_DURATION, conventions.REQUEST_MODEL, conventions.ERROR_TYPE)
    for (model, error), buckets in grouped.items():
        ours[f"{model}, failed" if error else model] += round(buckets.count)
    yield from rows("model calls", answered + Counter(failed), ours)
    streamed = Counter(deed.model for deed in deeds if deed.chunks)
    firsts = _recorded(metrics, conventions.TIME_TO_FIRST_CHUNK)
    yield from rows("streamed answers", streamed, firsts)
    chunks: Counter[str] = Counter()
    for deed in deeds:
        chunks[deed.model] += deed.chunks
    yield from rows("chunks", chunks, firsts + _recorded(metrics, conventions.TIME_PER_OUTPUT_CHUNK))


def _tokens(deeds: Sequence[Deed], metrics: Metrics) -> Iterator[Row]:
    given: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    for deed in deeds:
        given[deed.model] += deed.input_tokens or 0
        taken[deed.model] += deed.output_tokens or 0
    model = conventions.REQUEST_MODEL
    yield from rows("input tokens", given, _by(metrics.by(conventions.INPUT_TOKENS, model)))
    yield from rows("output tokens", taken, _by(metrics.by(conventions.OUTPUT_TOKENS, model)))
    unreported = Counter(deed.model for deed in deeds if deed.answered and deed.input_tokens is None)
    yield from rows("tokens not reported", unreported, _by(metrics.by(catalogue.USAGE_UNREPORTED, model)))


def _findings(cases: Sequence[Case], metrics: Metrics) -> Iterator[Row]:
    theirs = Counter(named(found.severity, found.rule, found.cause) for case in cases for found in case.findings)
    ours: Counter[str] = Counter()
    grouped = metrics.by(catalogue.DETECTIONS, attributes.SEVERITY, attributes.DETECTION, attributes.CAUSE_NODE)
    for (severity, rule, cause), number in grouped.items():
        if rule not in _BY_DURATION:
            ours[named(severity, rule, cause)] += round(number)
    yield from rows("findings", theirs, ours)


def named(severity: str, rule: str, cause: str) -> str:
    """Return a finding in words."""
    return f"{severity} {rule} by {cause}" if cause else f"{severity} {rule}"


def _recorded(metrics: Metrics, metric: Metric) -> Counter[str]:
    spread = metrics.spread(metric, conventions.REQUEST_MODEL)
    return _rounded({model: buckets.count for (model,), buckets in spread.items()})


def _theirs(counts: Counts, subject: str) -> Counter[str]:
    return Counter(counts.get(subject, {}))


def _by(groups: Mapping[tuple[str, ...], float]) -> Counter[str]:
    return _rounded({" ".join(group): number for group, number in groups.items()})


def _rounded(numbers: Mapping[str, float]) -> Counter[str]:
    return Counter({name: round(number) for name, number in numbers.items()})
