"""Rules on many runs of a graph: in what the last ones differ from healthy ones before them. Pure.

A difference that chance explains is none: a rule keeps silent where too few runs are known to tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import sqrt
from statistics import median
from typing import TypeAlias

from .facts import CUT
from .findings import Layer, Severity
from .rule import Explained

FEWEST = 10
"""Of how many earlier runs, at least, something can be said to be usual."""

_USUAL = 0.95
_MOVED = 0.2
_SURE = 3.0
"""How many standard errors a share has to move, so that chance does not explain it."""

_CHANCE = 0.01
_MORE = 1.5
_LEAST = 0.01
"""A duration that grew by less than this, in seconds, is none that anyone waits for."""


@dataclass(slots=True)
class NodeBehaviour:
    """What a node did in some runs. Only visits that ended well are counted.

    Attributes
    ----------
    visits:
        How often it ran.
    led:
        In how many visits it led to other nodes.
    routes:
        In how many visits it led to a node, by that node.
    written:
        In how many visits it wrote a key with a class, by key and class; :data:`.facts.CUT` if some are not known.
    duration:
        Its median, in seconds; ``None`` if none is known.
    """

    visits: int = 0
    led: int = 0
    routes: Counter[str] = field(default_factory=Counter[str])
    written: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    duration: float | None = None

    def wrote(self, key: str) -> int:
        """Return in how many visits it wrote a key."""
        return sum(self.written[key].values()) if key in self.written else 0


@dataclass(slots=True)
class Behaviour:
    """What some runs of a graph did.

    Attributes
    ----------
    errors:
        How many of them ended with an exception, by its class; of earlier runs, those of unhealthy ones too.
    durations, tokens:
        Of each run that ended well, in seconds and in tokens; runs whose tokens are not known are left out.
    nodes:
        By name; that of a node in a graph in a node begins with the graph's name.
    """

    runs: int = 0
    errors: Counter[str] = field(default_factory=Counter[str])
    durations: Sequence[float] = ()
    tokens: Sequence[float] = ()
    nodes: dict[str, NodeBehaviour] = field(default_factory=dict[str, NodeBehaviour])


@dataclass(frozen=True, slots=True)
class Drift:
    """Something in which the last runs of a graph differ from healthy ones before them.

    Attributes
    ----------
    rule:
        The id of a rule of :data:`RULES`.
    node:
        The node that did it; empty for the run as a whole.
    subject:
        The key, the key and its class, the route, the class of an exception, or what is measured.
    unit:
        Of ``then`` and ``now``: ``share`` (of visits of the node, or of runs, 0 to 1), ``s`` or ``token`` (medians).
    """

    rule: str
    node: str
    subject: str
    then: float
    now: float
    unit: str


Compare: TypeAlias = Callable[["CrossRunRule", Behaviour, Behaviour], Iterable[Drift]]


@dataclass(frozen=True, slots=True)
class CrossRunRule(Explained):
    """A rule that compares the last runs of a graph with healthy ones before them."""

    compare: Compare = field(repr=False)


def drifts(then: Behaviour, now: Behaviour) -> list[Drift]:
    """Return the differences between healthy runs and those after them, by rule."""
    return [drift for rule in RULES for drift in rule.compare(rule, then, now)]


def slower(before: float, after: float) -> bool:
    """Whether a duration, in seconds, is longer than another one by so much that it counts."""
    return after >= _MORE * before and after - before >= _LEAST


def _nodes(then: Behaviour, now: Behaviour) -> Iterator[tuple[str, NodeBehaviour, NodeBehaviour]]:
    """Yield the nodes that ran both times."""
    for name, before in then.nodes.items():
        after = now.nodes.get(name)
        if after is not None and before.visits >= FEWEST and after.visits:
            yield name, before, after


def _keys(rule: CrossRunRule, then: Behaviour, now: Behaviour) -> Iterator[Drift]:
    for name, before, after in _nodes(then, now):
        for key in before.written if CUT not in after.written else ():
            count = before.wrote(key)
            # By Laplace's rule of succession: of few visits, even all are no certainty.
            omitted = 1 - (count + 1) / (before.visits + 2)
            usual = count >= _USUAL * before.visits
            if key != CUT and usual and not after.wrote(key) and omitted**after.visits <= _CHANCE:
                yield Drift(rule.id, name, key, count / before.visits, 0.0, "share")


def _types(rule: CrossRunRule, then: Behaviour, now: Behaviour) -> Iterator[Drift]:
    for name, before, after in _nodes(then, now):
        for key, kinds in after.written.items():
            if key != CUT and before.wrote(key) >= FEWEST:
                for kind in sorted(kinds.keys() - before.written[key].keys()):
                    yield Drift(rule.id, name, f"{key}: {kind}", 0.0, kinds[kind] / after.visits, "share")


def _routes(rule: CrossRunRule, then: Behaviour, now: Behaviour) -> Iterator[Drift]:
    for name, before, after in _nodes(then, now):
        for route in {**before.routes, **after.routes} if before.led and after.led else ():
            shares = before.routes[route] / before.led, after.routes[route] / after.led
            pooled = (before.routes[route] + after.routes[route]) / (before.led + after.led)
            error = sqrt(pooled * (1 - pooled) * (1 / before.led + 1 / after.led))
            if abs(shares[1] - shares[0]) > max(_MOVED, _SURE * error):
                yield Drift(rule.id, name, route, *shares, "share")


def _errors(rule: CrossRunRule, then: Behaviour, now: Behaviour) -> Iterator[Drift]:
    for error, count in now.errors.items():
        if error not in then.errors:
            yield Drift(rule.id, "", error, 0.0, count / now.runs, "share")


def _cost(rule: CrossRunRule, then: Behaviour, now: Behaviour) -> Iterator[Drift]:
    if min(len(then.tokens), len(now.tokens)) >= FEWEST:
        before, after = median(then.tokens), median(now.tokens)
        if after >= _MORE * before and after > before:
            yield Drift(rule.id, "", "tokens", before, after, "token")


def _latency(rule: CrossRunRule, then: Behaviour, now: Behaviour) -> Iterator[Drift]:
    if min(len(then.durations), len(now.durations)) >= FEWEST:
        before, after = median(then.durations), median(now.durations)
        if slower(before, after):
            yield Drift(rule.id, "", "duration", before, after, "s")
    for name, earlier, later in _nodes(then, now):
        was, is_ = earlier.duration, later.duration
        if later.visits >= FEWEST and was is not None and is_ is not None and slower(was, is_):
            yield Drift(rule.id, name, "duration", was, is_, "s")


RULES: tuple[CrossRunRule, ...] = (
    CrossRunRule(
        "baseline_key",
        Layer.CROSS_RUN,
        Severity.WARN,
        "a node wrote a key in 95 % of its visits in healthy runs, and in none of its visits in the last runs",
        "The node no longer has the data that it writes the key from, or the key was renamed.",
        "Compare a run of each kind: argus-otel graphs diff.",
        _keys,
    ),
    CrossRunRule(
        "baseline_type",
        Layer.CROSS_RUN,
        Severity.WARN,
        "a node writes a key with a class that it never had in at least ten visits in healthy runs",
        "What the value is made from has changed: a model's answer, a library, an interface.",
        "Annotate the key in the state's schema, so that each run is judged by it.",
        _types,
    ),
    CrossRunRule(
        "baseline_route",
        Layer.CROSS_RUN,
        Severity.WARN,
        "the share of a node's visits that led to a route has moved by more than 20 points, and more than by chance",
        "The condition decides otherwise, or what it decides about has changed.",
        "Look at a run that went the other way: argus-otel graphs runs, argus-otel graphs show.",
        _routes,
    ),
    CrossRunRule(
        "baseline_error",
        Layer.CROSS_RUN,
        Severity.WARN,
        "runs end with an exception of a class with which no earlier run has ended",
        "Something fails that has not failed before.",
        "argus-otel graphs runs GRAPH --outcome error lists them, argus-otel graphs why names the node.",
        _errors,
    ),
    CrossRunRule(
        "baseline_cost",
        Layer.CROSS_RUN,
        Severity.WARN,
        "the median of tokens of a run is at least one and a half times as high; of ten runs of each kind or more",
        "Prompts have grown, or models are called more often.",
        "Compare calls and visits of two runs: argus-otel graphs diff.",
        _cost,
    ),
    CrossRunRule(
        "baseline_latency",
        Layer.CROSS_RUN,
        Severity.WARN,
        "the median duration of a run or a node is at least one and a half times as long, and 10 ms longer; of ten of "
        "each kind or more",
        "A node, a tool or a model has become slower, or there are more visits.",
        "argus-otel graphs nodes has the percentiles of each node.",
        _latency,
    ),
)
"""All rules that compare runs, in the order in which :func:`drifts` applies them."""
