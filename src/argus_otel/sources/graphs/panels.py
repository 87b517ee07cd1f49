"""What people are shown of agent graphs: runs by outcome, the slowest nodes, findings, and models with tokens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from argus_otel.panels import (
    NO_BUCKETS,
    Cell,
    Column,
    Content,
    Fact,
    Panel,
    Table,
    Tone,
    View,
    busiest,
    counts,
    note_rest,
    number,
    rate,
    recent_quantiles,
)
from argus_otel.scrape.buckets import Buckets
from argus_otel.scrape.series import Group, Metrics

from . import attributes as a
from . import catalogue as c
from . import conventions as genai

_FEW = 5
_USUAL = 60
_SPACIOUS = 100
_FAILED = ("error", "limit")
_KINDS = ("input", "output")
_TONES = {"error": Tone.BAD, "warn": Tone.CAUTION, "info": Tone.MUTED}
"""The severities in the order in which findings are shown."""

# -- runs


def _graphs(view: View) -> Content:
    """Draw the graphs, those that ran most in the last interval first."""
    durations, lately = (_run_durations(metrics) for metrics in (view.whole, view.recent))
    outcomes = _outcomes(view.whole)
    active = view.whole.by(c.RUNS_ACTIVE, a.GRAPH)
    rows: list[tuple[Cell, ...]] = []
    for group in busiest(durations, lately, view.rows):
        found = outcomes[group[0]]
        failed = any(found.get(outcome) for outcome in _FAILED)
        recent = lately.get(group, NO_BUCKETS)
        rows.append(
            (
                Cell(group[0]),
                Cell(rate(recent.count, view.interval)),
                Cell(number(active.get(group, 0.0))),
                *recent_quantiles(durations[group], recent),
                Cell(counts(found), Tone.BAD if failed else Tone.PLAIN),
            )
        )
    headings = (
        Column("graph", number=False),
        Column("rate"),
        Column("now", needs=_USUAL),
        Column("p50", needs=_SPACIOUS),
        Column("p95"),
        Column("outcomes since start", number=False, at_most=40),
    )
    return (Table(headings, rows, note_rest(len(durations), view.rows, "no graph has run yet")),)


def _run_durations(metrics: Metrics) -> dict[Group, Buckets]:
    """Return the durations of runs by graph, by whichever names of the conventions they have."""
    return {
        **metrics.spread(genai.OLDER_WORKFLOW_DURATION, genai.WORKFLOW),
        **metrics.spread(genai.AGENT_DURATION, genai.AGENT),
    }


def _outcomes(metrics: Metrics) -> defaultdict[str, dict[str, float]]:
    found: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for (graph, outcome), steps in metrics.spread(c.RUN_STEPS, a.GRAPH, a.OUTCOME).items():
        found[graph][outcome] = steps.count
    return found


def _runs_failed(view: View) -> tuple[Fact, ...]:
    found = view.recent.spread(c.RUN_STEPS, a.OUTCOME)
    failed = sum(found.get((outcome,), NO_BUCKETS).count for outcome in _FAILED)
    ended = sum(steps.count for steps in found.values())
    return (Fact("runs failed", Cell(number(failed), Tone.BAD if failed else Tone.PLAIN), f"of {number(ended)}"),)


# -- nodes


def _nodes(view: View) -> Content:
    """Draw the nodes, the slowest first: by what 95 % of their runs took at most."""
    by = (a.GRAPH, a.NODE)
    whole, recent = (metrics.spread(c.NODE_DURATION, *by) for metrics in (view.whole, view.recent))
    outcomes = view.whole.spread(c.NODE_DURATION, *by, a.OUTCOME)
    order = sorted(whole, key=lambda group: (-_p95(whole[group], recent.get(group, NO_BUCKETS)), group))
    rows: list[tuple[Cell, ...]] = []
    for group in order[: view.rows]:
        errors = outcomes.get((*group, "error"), NO_BUCKETS).count
        lately = recent.get(group, NO_BUCKETS)
        rows.append(
            (
                Cell(group[1]),
                Cell(group[0], Tone.MUTED),
                Cell(rate(lately.count, view.interval)),
                Cell(number(whole[group].count)),
                *recent_quantiles(whole[group], lately),
                Cell(number(errors), Tone.BAD if errors else Tone.PLAIN),
            )
        )
    headings = (
        Column("node", number=False),
        Column("graph", number=False, needs=_USUAL),
        Column("rate"),
        Column("total", needs=_SPACIOUS),
        Column("p50", needs=_SPACIOUS),
        Column("p95"),
        Column("errors"),
    )
    return (Table(headings, rows, note_rest(len(whole), view.rows, "no node has run yet")),)


def _p95(whole: Buckets, recent: Buckets) -> float:
    return (recent if recent.count else whole).quantile(0.95) or 0.0


# -- findings


def _findings(view: View) -> Content:
    """Draw what rules have found, the most severe first."""
    by = (a.SEVERITY, a.DETECTION, a.GRAPH, a.CAUSE_NODE)
    whole, recent = (metrics.by(c.DETECTIONS, *by) for metrics in (view.whole, view.recent))
    severities = list(_TONES)
    found = [group for group, count in whole.items() if count]
    order = sorted(found, key=lambda group: (severities.index(group[0]), -recent.get(group, 0.0), -whole[group], group))
    rows = [
        (
            Cell(rule, _TONES[severity]),
            Cell(severity, _TONES[severity]),
            Cell(graph, Tone.MUTED),
            Cell(node or "-"),
            Cell(rate(recent.get((severity, rule, graph, node), 0.0), view.interval)),
            Cell(number(whole[severity, rule, graph, node])),
        )
        for severity, rule, graph, node in order[:_FEW]
    ]
    headings = (
        Column("rule", number=False),
        Column("severity", number=False, needs=_USUAL),
        Column("graph", number=False, needs=_SPACIOUS),
        Column("caused by", number=False),
        Column("rate", needs=_USUAL),
        Column("since start"),
    )
    return (Table(headings, rows, note_rest(len(order), _FEW, "no rule has found anything")),)


def _found(view: View) -> tuple[Fact, ...]:
    found = view.recent.by(c.DETECTIONS, a.SEVERITY)
    errors, warnings = (found.get((severity,), 0.0) for severity in ("error", "warn"))
    tone = Tone.BAD if errors else Tone.CAUTION if warnings else Tone.GOOD
    return (Fact("errors found in runs", Cell(number(errors), tone), f"and {number(warnings)} warnings"),)


# -- models


def _models(view: View) -> Content:
    """Draw the models that were asked for, the busiest first."""
    by = (genai.REQUEST_MODEL, genai.PROVIDER)
    older = genai.OLDER[genai.INFERENCE_DURATION]
    durations, lately = (
        metrics.spread(genai.INFERENCE_DURATION, *by) or metrics.spread(older, *by)
        for metrics in (view.whole, view.recent)
    )
    tokens = _tokens(view.whole)
    unreported = view.whole.by(c.USAGE_UNREPORTED, *by)
    rows: list[tuple[Cell, ...]] = []
    for group in busiest(durations, lately, _FEW):
        unknown = unreported.get(group, 0.0)
        recent = lately.get(group, NO_BUCKETS)
        rows.append(
            (
                Cell(group[0] or "-"),
                Cell(group[1], Tone.MUTED),
                Cell(rate(recent.count, view.interval)),
                *recent_quantiles(durations[group], recent),
                *(Cell(number(tokens[kind].get(group))) for kind in _KINDS),
                Cell(number(unknown), Tone.CAUTION if unknown else Tone.PLAIN),
            )
        )
    headings = (
        Column("model", number=False),
        Column("provider", number=False, needs=_SPACIOUS),
        Column("rate"),
        Column("p50", needs=_SPACIOUS),
        Column("p95", needs=_USUAL),
        Column("input tokens"),
        Column("output tokens"),
        Column("calls unreported", needs=_SPACIOUS),
    )
    return (Table(headings, rows, note_rest(len(durations), _FEW, "no model was called yet")),)


def _tokens(metrics: Metrics) -> dict[str, Mapping[Group, float]]:
    """Return tokens since the start by model and provider, by ``input`` and ``output``."""
    by = (genai.REQUEST_MODEL, genai.PROVIDER)
    latest = {"input": metrics.by(genai.INPUT_TOKENS, *by), "output": metrics.by(genai.OUTPUT_TOKENS, *by)}
    if any(latest.values()):
        return {**latest}
    older: dict[str, dict[Group, float]] = {kind: {} for kind in _KINDS}
    for (model, provider, kind), usage in metrics.spread(genai.OLDER_TOKEN_USAGE, *by, genai.TOKEN_TYPE).items():
        older[kind][model, provider] = usage.sum
    return {**older}


def _models_period(view: View) -> str:
    return f"rate and quantiles {view.period}, tokens since the start" if view.interval else ""


PANELS = (
    Panel("graphs", (c.RUN_STEPS, c.RUNS_ACTIVE), _graphs, 3, grows=True, headline=_runs_failed,
          also=(genai.AGENT_DURATION, genai.OLDER_WORKFLOW_DURATION)),
    Panel("slowest nodes", (c.NODE_DURATION,), _nodes, 3, grows=True),
    Panel("findings", (c.DETECTIONS,), _findings, 3 + _FEW, headline=_found),
    Panel("models", (c.USAGE_UNREPORTED,), _models, 3 + _FEW, summary=_models_period,
          also=(genai.INFERENCE_DURATION, genai.OLDER[genai.INFERENCE_DURATION], genai.INPUT_TOKENS,
                genai.OUTPUT_TOKENS, genai.OLDER_TOKEN_USAGE)),
)  # fmt: skip
"""See :mod:`argus_otel.panels`."""
