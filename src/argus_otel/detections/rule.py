"""Rules as data: what each means, when it applies, and the pure function that finds it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from .facts import NodeFacts, RunFacts
from .findings import Finding, Layer, Severity


@dataclass(frozen=True, slots=True)
class Habits:
    """What earlier runs of the same graph in this process did.

    Attributes
    ----------
    writers:
        The nodes that have written a key with something in it, by the key.
    types:
        The names of the classes that a node has written, by node and key; more than one is no habit.
    durations:
        The 95th percentile of the durations of a node in seconds, by graph and node, once it has run often enough.
    duration, tokens:
        That of the durations of the graph's runs in seconds, and of the tokens of those that took any; ``None`` if
        there are too few.
    """

    writers: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    types: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict[tuple[str, str], frozenset[str]])
    durations: Mapping[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])
    duration: float | None = None
    tokens: float | None = None


NO_HABITS = Habits()

Find: TypeAlias = Callable[["Rule", RunFacts, Habits], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Explained:
    """What every rule says of itself.

    Attributes
    ----------
    severity:
        The highest that it has. Where nothing was declared, and nothing came of it, the function lowers it.
    when:
        The condition, in one sentence.
    meaning, remedy:
        What a finding means, and what to do about it.
    """

    id: str
    layer: Layer
    severity: Severity
    when: str
    meaning: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Rule(Explained):
    """A rule that looks at one run."""

    find: Find = field(repr=False)


def at(rule: Rule, node: NodeFacts, severity: Severity, key: str = "") -> Finding:
    """Return that a rule has found something at a node."""
    return Finding(rule.id, rule.layer, severity, node.node, node.step, node.number, key)


def whole(rule: Rule, severity: Severity) -> Finding:
    """Return that a rule has found something about a run as a whole."""
    return Finding(rule.id, rule.layer, severity)
