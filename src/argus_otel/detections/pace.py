"""Rules on how long nodes and runs took, and what runs cost, compared with earlier ones in this process."""

from __future__ import annotations

from collections.abc import Iterable

from .facts import RunFacts
from .findings import Finding, Layer, Severity
from .rule import Habits, Rule, at, whole

_MORE = 3.0
_LEAST = 0.1
"""A duration up to this, in seconds, is none that anyone waits for."""


def longest(usual: float) -> float:
    """Return up to which duration in seconds nothing takes long; ``usual`` is the 95th percentile of durations."""
    return max(_LEAST, _MORE * usual)


def takes_long(duration: float, usual: float | None) -> bool:
    """Whether a node or a run takes long. ``usual`` is the 95th percentile of durations, if it is known."""
    return usual is not None and duration > longest(usual)


def costs_much(tokens: int, usual: float | None) -> bool:
    """Whether a run takes many tokens. ``usual`` is the 95th percentile of their numbers, if it is known."""
    return usual is not None and tokens > _MORE * usual


def _slow(rule: Rule, run: RunFacts, habits: Habits) -> Iterable[Finding]:
    for node in run.nodes:
        if takes_long(node.duration, habits.durations.get((node.graph, node.node))):
            yield at(rule, node, Severity.INFO)


def _long_run(rule: Rule, run: RunFacts, habits: Habits) -> Iterable[Finding]:
    if takes_long(run.duration, habits.duration):
        yield whole(rule, Severity.INFO)


def _costly(rule: Rule, run: RunFacts, habits: Habits) -> Iterable[Finding]:
    if costs_much(run.tokens, habits.tokens):
        yield whole(rule, Severity.INFO)


RULES = (
    Rule(
        "slow",
        Layer.BEHAVIOURAL,
        Severity.INFO,
        "a node took more than three times the 95th percentile of its durations, from 100 runs on, and more than 0.1 s",
        "What the node calls was slower than usual, or it was given more.",
        "See its span, and those of models, tools and requests in it.",
        _slow,
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
    ),
    Rule(
        "costly",
        Layer.BEHAVIOURAL,
        Severity.INFO,
        "a run took more than three times the 95th percentile of the graph's tokens, from 100 runs with tokens on",
        "The prompt was longer than usual, or models were called more often.",
        "See the spans of its calls of models.",
        _costly,
    ),
)
