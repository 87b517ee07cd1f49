"""Applies rules to the facts of a run, and finds the cause of what they find."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from . import behavioural, pace, structural, told
from .facts import RunFacts
from .findings import Finding
from .root_cause import cause_of
from .rule import NO_HABITS, Habits, Rule

RULES: tuple[Rule, ...] = (*structural.RULES, *behavioural.RULES, *pace.RULES, *told.RULES)
"""All rules that look at one run."""

_WITH_CAUSE = frozenset({"key_missing", "key_empty", "schema_violation"})

MOST = 100
"""How many findings of a run are kept."""


def findings_of(run: RunFacts, habits: Habits = NO_HABITS, rules: Iterable[Rule] = RULES) -> list[Finding]:
    """Return what the rules find, the most severe first, each with its cause. The graph may ignore some of them."""
    found = sorted(_found(run, habits, rules), key=lambda finding: (-finding.severity.rank, finding.number))
    return [_with_cause(run, finding, habits) for finding in found[:MOST]]


def _found(run: RunFacts, habits: Habits, rules: Iterable[Rule]) -> Iterator[Finding]:
    for rule in rules:
        if rule.id not in run.graph.promises.ignore:
            yield from rule.find(rule, run, habits)


def _with_cause(run: RunFacts, finding: Finding, habits: Habits) -> Finding:
    if finding.rule not in _WITH_CAUSE:
        return finding
    (symptom,) = (node for node in run.nodes if node.number == finding.number)
    return replace(finding, cause=cause_of(run, symptom, finding.key, habits))
