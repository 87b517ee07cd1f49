"""Rules on how long nodes and runs took, and what runs cost, compared with earlier ones in this process."""

from __future__ import annotations

from collections.abc import Iterable

from .facts import RunFacts
from .findings import Finding, Layer, Severity
from .rule import Habits, Rule, at, whole

_MORE = 3.0
_LEAST = 0.1
"""A duration up to this, in seconds, is none that anyone waits for."""


def _slow(rule: Rule, run: RunFacts, habits: Habits) -> Iterable[Finding]:
    for node in run.nodes:
        if _is_long(node.duration, habits.durations.get((node.graph, node.node))):
            yield at(rule, node, Severity.INFO)


def _long_run(rule: Rule, run: RunFacts, habits: Habits) -> Iterable[Finding]:
    if _is_long(run.duration, habits.duration):
        yield whole(rule, Severity.INFO)


def _costly(rule: Rule, run: RunFacts, habits: Habits) -> Iterable[Finding]:
    if habits.tokens is not None and run.tokens > _MORE * habits.tokens:
        yield whole(rule, Severity.INFO)


def _is_long(duration: float, usual: float | None) -> bool:
    return usual is not None and duration > _LEAST and duration > _MORE * usual


RULES = (
    Rule(
        "slow",
        Layer.BEHAVIOURAL,
        Severity.INFO,
        "a node took more than three times the 95th percentile of its durations, from 100 runs on, and more than 0.1 s",
        "What the node calls was slower than usual, or it was given more.",
        "See its span, and those of models, tools and requests in it.",
        _slow,
        always=True,
    ),
    Rule(
        "long_run",
        Layer.BEHAVIOURAL,
        Severity.INFO,
        "a run took more than three times the 95th percentile of the graph's durations, from 100 runs on, and more "
        "than 0.1 s",
        "A node was slow, or there were more steps than usual.",
        "See slow for the node, and graph.run.steps.",
        _long_run,
        always=True,
    ),
    Rule(
        "costly",
        Layer.BEHAVIOURAL,
        Severity.INFO,
        "a run took more than three times the 95th percentile of the graph's tokens, from 100 runs with tokens on",
        "The prompt was longer than usual, or models were called more often.",
        "See the spans of its calls of models.",
        _costly,
        always=True,
    ),
)
