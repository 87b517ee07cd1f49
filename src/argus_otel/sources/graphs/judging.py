"""Judges a run once it has ended: what rules find becomes events, metrics and an attribute of the run's span."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import NamedTuple

from argus_otel.detections.detect import RULES, findings_of
from argus_otel.detections.facts import RunFacts
from argus_otel.detections.findings import Finding
from argus_otel.telemetry import AttributeValue, SpanRef, Telemetry

from . import attributes as a
from . import catalogue as c
from .findings import described
from .habits import GraphHabits
from .outcomes import Outcome
from .promises import promises_of
from .runs import GraphRun

_MOST_EVENTS = 20
"""How many findings of one run become events. The metric counts all."""

_MOST_ON_SPAN = 16


class Verdict(NamedTuple):
    """A run that was judged.

    Attributes
    ----------
    started:
        When it began, by :func:`time.perf_counter`.
    error:
        The exception that ended it, if one did.
    """

    facts: RunFacts
    findings: list[Finding]
    started: float
    error: BaseException | None


class Judge:
    """Judges runs.

    Parameters
    ----------
    chosen:
        The ids of the rules that are applied; ``None`` for all.
    listeners:
        Called with each verdict; may be added to.
    """

    def __init__(
        self, telemetry: Telemetry, chosen: Collection[str] | None, listeners: list[Callable[[Verdict], None]]
    ) -> None:
        self._telemetry = telemetry
        self._listeners = listeners
        self._rules = [rule for rule in RULES if chosen is None or rule.id in chosen]
        self._habits = GraphHabits()
        self._counter = telemetry.counter(c.DETECTIONS)

    def judge(self, run: GraphRun, outcome: Outcome, error: BaseException | None) -> list[Finding]:
        """Judge a run at the top, which has ended; return what was found."""
        record = run.record
        if record is None:
            return []
        graph = replace(run.kind.facts, promises=promises_of(run.kind.name))
        record.graphs[graph.name] = graph
        facts = record.facts(graph, outcome.value, run.steps, run.limit)
        found = findings_of(facts, self._habits.of(graph.name), self._rules)
        if outcome is Outcome.OK:
            self._habits.learn(facts)
        for place, finding in enumerate(found):
            self._report(run, finding, event=place < _MOST_EVENTS)
        for listener in self._listeners:
            listener(Verdict(facts, found, run.started, error))
        return found

    def _report(self, run: GraphRun, finding: Finding, *, event: bool) -> None:
        graph, cause = run.kind.name, finding.cause
        node = finding.node if cause is None else cause.node
        self._counter[(graph, node or None, finding.rule, finding.severity.value)].value += 1
        if event:
            span = run.record.spans.get(finding.number) if run.record is not None else None
            self._telemetry.emit(c.DETECTION, described(graph, finding), span or SpanRef.to(run.trace))


def on_span(findings: list[Finding]) -> dict[str, AttributeValue]:
    """Return the attribute of a run's span: the ids of the rules."""
    ids = tuple(dict.fromkeys(finding.rule for finding in findings))[:_MOST_ON_SPAN]
    return {a.DETECTIONS.name: ids} if ids else {}  # type: ignore[dict-item]
