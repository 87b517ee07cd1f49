"""What the demo shows while it runs: runs and nodes by graph, models with their tokens, and what is found wrong."""

from __future__ import annotations

from collections import Counter

from argus_otel.panels import (
    NO_BUCKETS,
    Cell,
    Content,
    Fact,
    Facts,
    Panel,
    Table,
    Tone,
    View,
    columns,
    number,
    quantile,
)
from argus_otel.scrape.series import Metrics
from argus_otel.sources.graphs import attributes, catalogue, conventions

from .agreement import named
from .cast import FAULTY

_TONES = {
    "ok": Tone.GOOD,
    "interrupted": Tone.CAUTION,
    "error": Tone.BAD,
    "limit": Tone.BAD,
    "abandoned": Tone.CAUTION,
}
_SEVERITIES = {"error": Tone.BAD, "warn": Tone.CAUTION, "info": Tone.MUTED}
_GRAPHS = ("support", "clerk", "translate", "cabinet")
_MODELS = ("router-1", "clerk-1", "reviewer-1", "writer-1")
_FOUND = tuple(
    (case.story, named(found.severity, found.rule, found.cause), _SEVERITIES[found.severity])
    for case in FAULTY
    for found in case.findings
)


def summary(metrics: Metrics) -> str:
    """Return in a few words how many runs there were, and how much was found wrong with them."""
    runs = metrics.whole(catalogue.RUN_STEPS).count
    return f"{number(runs)} runs; {number(metrics.total(catalogue.DETECTIONS) or 0.0)} findings"


def _runs(view: View) -> Content:
    by_graph = view.whole.spread(catalogue.RUN_STEPS, attributes.GRAPH, attributes.OUTCOME)
    nodes = view.whole.spread(catalogue.NODE_DURATION, attributes.GRAPH)
    lines: list[tuple[Cell, ...]] = []
    for graph in _GRAPHS:
        runs = [(by_graph.get((graph, outcome), NO_BUCKETS).count, tone) for outcome, tone in _TONES.items()]
        figures = [Cell(number(count), tone if count else Tone.MUTED) for count, tone in runs]
        of_nodes = nodes.get((graph,), NO_BUCKETS)
        lines.append((Cell(graph), *figures, Cell(number(of_nodes.count)), Cell(quantile(of_nodes, 0.95))))
    return (Table(columns(("graph",), (*_TONES, "nodes", "p95")), lines),)


def _models(view: View) -> Content:
    calls = view.whole.spread(conventions.INFERENCE_DURATION, conventions.REQUEST_MODEL)
    firsts = view.whole.spread(conventions.TIME_TO_FIRST_CHUNK, conventions.REQUEST_MODEL)
    given = view.whole.by(conventions.INPUT_TOKENS, conventions.REQUEST_MODEL)
    taken = view.whole.by(conventions.OUTPUT_TOKENS, conventions.REQUEST_MODEL)
    lines = [
        (
            Cell(model),
            Cell(number(calls.get((model,), NO_BUCKETS).count)),
            Cell(quantile(calls.get((model,), NO_BUCKETS), 0.95)),
            Cell(quantile(firsts.get((model,), NO_BUCKETS), 0.95)),
            Cell(number(given.get((model,)))),
            Cell(number(taken.get((model,)))),
        )
        for model in _MODELS
    ]
    unreported = view.whole.total(catalogue.USAGE_UNREPORTED) or 0.0
    tools = view.whole.whole(conventions.TOOL_DURATION).count
    facts = [Fact("tool calls", Cell(number(tools))), Fact("answers without usage", Cell(number(unreported)))]
    return (Table(columns(("model",), ("calls", "p95", "first chunk", "in", "out")), lines), Facts(facts))


def _found(view: View) -> Content:
    grouped = view.whole.by(catalogue.DETECTIONS, attributes.SEVERITY, attributes.DETECTION, attributes.CAUSE_NODE)
    times: Counter[str] = Counter()
    for (severity, rule, cause), count in grouped.items():
        times[named(severity, rule, cause)] += round(count)
    lines = [
        (Cell(story, Tone.MUTED), Cell(finding, tone if times[finding] else Tone.MUTED), Cell(number(times[finding])))
        for story, finding, tone in _FOUND
    ]
    return (Table(columns(("silent failure", "finding"), ("found",)), lines),)


PANELS = (
    Panel(
        "graphs",
        (catalogue.RUN_STEPS, catalogue.NODE_DURATION),
        _runs,
        lines=len(_GRAPHS) + 2,
        ratio=5,
        summary=lambda view: summary(view.whole),
        also=(catalogue.DETECTIONS,),
    ),
    Panel(
        "models",
        (
            conventions.INFERENCE_DURATION,
            conventions.TIME_TO_FIRST_CHUNK,
            conventions.INPUT_TOKENS,
            conventions.OUTPUT_TOKENS,
            conventions.TOOL_DURATION,
            catalogue.USAGE_UNREPORTED,
        ),
        _models,
        lines=len(_MODELS) + 3,
        ratio=4,
    ),
    Panel("findings", (catalogue.DETECTIONS,), _found, lines=len(_FOUND) + 2),
)
"""See :mod:`argus_otel.panels`."""
