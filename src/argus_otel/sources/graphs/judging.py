"""Judges a run once it has ended: what rules find becomes events, metrics and an attribute of the run's span."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import NamedTuple

from argus_otel.detections.behavioural import is_near_limit
from argus_otel.detections.detect import MOST, RULES, findings_of
from argus_otel.detections.detectors import DetectorError, rules
from argus_otel.detections.facts import GraphFacts, Promises, RunFacts
from argus_otel.detections.findings import Finding
from argus_otel.detections.pace import costs_much, takes_long
from argus_otel.detections.rule import Habits, Rule
from argus_otel.telemetry import AttributeValue, SpanRef, Telemetry

from . import attributes as a
from . import catalogue as c
from .findings import described
from .habits import GraphHabits
from .outcomes import Outcome
from .places import Place
from .promises import NOTHING, any_declared, promises_of, unknown_names
from .records import MOST_NODES, Record
from .rows import Rows
from .runs import GraphRun

_log = logging.getLogger("argus_otel")

_MOST_EVENTS = 20
"""How many findings of one run become events. The metric counts all."""

_MOST_ON_SPAN = 16

_MOST_NAMED = 30
"""How many nodes, and how many keys, a warning names."""

_FAILED = (
    "the detector %s failed itself: %s. The graph goes on, and other rules are applied. (Reported once for each "
    "detector; argus.hook.errors counts on.)"
)


class Verdict(NamedTuple):
    """A run that was judged.

    Attributes
    ----------
    findings:
        Grows if a validator finds something later.
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
        self._chosen = chosen
        self._listeners = listeners
        self._known: tuple[Rule, ...] | None = None
        self._rules: list[Rule] = []
        self._habits = GraphHabits()
        self._counter = telemetry.counter(c.DETECTIONS)
        self._rows = Rows(telemetry)
        self._closing = threading.Lock()
        self._asked_in_vain = False
        self._promises_checked: dict[str, Promises] = {}

    def judge(self, run: GraphRun, outcome: Outcome, error: BaseException | None, seconds: float) -> list[Finding]:
        """Judge a run at the top, which took so many seconds; return what was found, also while it ran."""
        record = run.record
        if record is None:
            return []
        habits = self._habits.of(run.kind.name)
        facts = None if self._is_usual(run, outcome, seconds, habits) else self._facts(run, record, outcome, seconds)
        found = [] if facts is None else findings_of(facts, habits, self._applied())
        if outcome is Outcome.OK:
            self._learn(run.kind.name, record, seconds, facts)
            if not found:
                record.nothing_was_found()
        for place, finding in enumerate(found):
            span = record.span_of(finding.number) or SpanRef.to(run.trace)
            self._report(run.kind.name, finding, span, event=place < _MOST_EVENTS)
        with self._closing:
            record.found += found
            all_found = list(record.found)
            record.closed = True
        if facts is not None:
            for listener in self._listeners:
                listener(Verdict(facts, record.found, run.started, error))
        return all_found

    def _is_usual(self, run: GraphRun, outcome: Outcome, seconds: float, habits: Habits) -> bool:
        """Whether a run is like earlier ones: no rule can find anything, and no listener gets the facts."""
        record = run.record
        return not (
            record is None
            or outcome is not Outcome.OK
            or self._listeners
            or record.is_remarkable()
            or any_declared(record.graphs)
            or takes_long(seconds, habits.duration)
            or costs_much(record.tokens, habits.tokens)
            or is_near_limit(run.steps, run.limit)
            or len(rules()) > len(RULES)  # a detector may find anything
        )

    def _facts(self, run: GraphRun, record: Record, outcome: Outcome, seconds: float) -> RunFacts:
        graphs = {name: self._with_promises(known) for name, known in record.graphs.items()}
        return RunFacts(
            graphs[run.kind.name],
            graphs,
            record.facts(),
            record.given,
            run.steps,
            run.limit,
            outcome.value,
            len(record.nodes) < MOST_NODES,
            seconds,
            record.tokens,
        )

    def _with_promises(self, graph: GraphFacts) -> GraphFacts:
        """Return a graph with what is declared of it by now; the first time, warn of names that it does not have."""
        promises = promises_of(graph.name)
        if promises is graph.promises:
            return graph
        declared = replace(graph, promises=promises)
        if promises is not NOTHING and self._promises_checked.get(graph.name) is not promises:
            self._promises_checked[graph.name] = promises
            _warn_of_unknown_names(declared)
        return declared

    def _learn(self, graph: str, record: Record, seconds: float, facts: RunFacts | None) -> None:
        if self._habits.count(graph, seconds, record.tokens):
            self._habits.learn_durations(graph, _durations(record))
        if facts is not None:
            self._habits.learn_writes(graph, facts.nodes)

    def add(self, place: Place, finding: Finding) -> None:
        """Report what was found in a run while it is open, or after it has ended. Any thread."""
        if not self._applies(finding.rule, place):
            return
        record = place.record
        late = True
        if record is not None:
            with self._closing:
                late = record.closed
                if len(record.found) < MOST:
                    record.found.append(finding)
        self._report(place.top, finding, place.span, event=True)
        if late:
            self._rows.add_finding(place, finding)

    def unlock(self) -> None:
        """Replace the lock in a forked child: another thread of the parent may have held it."""
        self._closing = threading.Lock()

    def _applies(self, rule: str, place: Place) -> bool:
        if self._chosen is not None and rule not in self._chosen:
            return False
        return all(rule not in promises_of(graph).ignore for graph in {place.graph, place.top})

    def _applied(self) -> list[Rule]:
        """Return the chosen rules, each shielded, so that one that fails leaves the others alone."""
        known = rules()
        if known is not self._known:  # a detector has been registered
            chosen = [rule for rule in known if self._chosen is None or rule.id in self._chosen]
            self._rules = [replace(rule, find=self._shielded(rule)) for rule in chosen]
            self._known = known
            self._check_chosen({rule.id for rule in known})
        return self._rules

    def _shielded(self, rule: Rule) -> Callable[[Rule, RunFacts, Habits], Iterable[Finding]]:
        guard, hook = self._telemetry.guard, f"detection {rule.id}"

        def whole(asked: Rule, run: RunFacts, habits: Habits) -> list[Finding]:
            try:
                return list(rule.find(asked, run, habits))
            except DetectorError as error:
                guard.record_failure(hook, str(error), _FAILED % (rule.id, error))
                return []

        find = guard.shield(hook, whole, 3)
        return lambda asked, run, habits: find(asked, run, habits) or ()

    def _check_chosen(self, known: Collection[str]) -> None:
        """Warn once of ids that no rule has, now that the program has registered its detectors."""
        unknown = sorted(set(self._chosen or ()).difference(known))
        if unknown and not self._asked_in_vain:
            self._asked_in_vain = True
            _log.warning(
                "argus-otel: ARGUS_GRAPHS_DETECTIONS names %s, and there is no such rule or detector; `argus-otel "
                "graphs rules` lists the rules",
                ", ".join(unknown),
            )

    def _report(self, graph: str, finding: Finding, span: SpanRef | None, *, event: bool) -> None:
        cause = finding.cause
        node = finding.node if cause is None else cause.node
        self._counter[(graph, node or None, finding.rule, finding.severity.value)].value += 1
        if event:
            self._telemetry.emit(c.DETECTION, described(graph, finding), span)


def _warn_of_unknown_names(graph: GraphFacts) -> None:
    unknown = unknown_names(graph)
    if unknown:
        _log.warning(
            "argus-otel: graphs.graph(%r) names %s, and the graph has no such node or key; its nodes are %s, and the "
            "keys of its state %s",
            graph.name,
            ", ".join(unknown),
            ", ".join(sorted(graph.nodes)[:_MOST_NAMED]),
            ", ".join(sorted(graph.keys)[:_MOST_NAMED]),
        )


def _durations(record: Record) -> dict[tuple[str, str], float]:
    """Return what is usual for the nodes of a run, as far as it is known."""
    found = {(kind.graph.name, kind.name): kind.learn_pace() for kind in record.kinds()}
    return {name: usual for name, usual in found.items() if usual is not None}


def on_span(findings: list[Finding]) -> dict[str, AttributeValue]:
    """Return the attribute of a run's span: the ids of the rules."""
    ids = tuple(dict.fromkeys(finding.rule for finding in findings))[:_MOST_ON_SPAN]
    return {a.DETECTIONS.name: ids} if ids else {}  # type: ignore[dict-item]
