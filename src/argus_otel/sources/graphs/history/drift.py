"""In what recent runs of a graph differ from earlier, healthy ones. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from .results import Drift

_USUAL = 0.95
_MOVED = 0.2
_MORE = 1.5


@dataclass(slots=True)
class Measured:
    """What some runs did.

    Attributes
    ----------
    keys:
        In how many runs a node wrote a key, by (node, key).
    types:
        Of which classes, by (node, key).
    routes:
        How often a node led to another, by (node, route), and by node.
    errors:
        How many runs ended with an exception, by its class.
    """

    runs: int = 0
    keys: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    visits: Counter[str] = field(default_factory=Counter[str])
    types: dict[tuple[str, str], set[str]] = field(default_factory=dict[tuple[str, str], set[str]])
    routes: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    led: Counter[str] = field(default_factory=Counter[str])
    errors: Counter[str] = field(default_factory=Counter[str])
    tokens: list[float] = field(default_factory=list[float])
    durations: list[float] = field(default_factory=list[float])


def measured(rows: Iterable[tuple[Any, ...]], *, recent: bool) -> Measured:
    """Return what the recent runs did, or those before them.

    Parameters
    ----------
    rows:
        Of each run, or node: whether it is recent, node or ``''``, error, duration, tokens or ``None``, keys, types,
        routes.
    """
    found = Measured()
    for is_recent, node, error, duration, tokens, keys, types, routes in rows:
        if bool(is_recent) is not recent:
            continue
        if not node:
            found.runs += 1
            found.durations.append(duration)
            if tokens is not None:
                found.tokens.append(tokens)
            if error:
                found.errors[error] += 1
            continue
        found.visits[node] += 1
        for key, kind in zip(keys, types, strict=True):
            found.keys[node, key] += 1
            found.types.setdefault((node, key), set()).add(kind)
        for route in routes:
            found.routes[node, route] += 1
            found.led[node] += 1
    return found


def drifts(graph: str, then: Measured, now: Measured) -> list[Drift]:
    """Return the differences that count, by rule."""
    return [*_keys(graph, then, now), *_types(graph, then, now), *_routes(graph, then, now), *_errors(graph, then, now),
            *_medians(graph, then, now)]  # fmt: skip


def _keys(graph: str, then: Measured, now: Measured) -> Iterator[Drift]:
    for (node, key), count in then.keys.items():
        before = count / then.visits[node]
        after = now.keys[node, key] / now.visits[node] if now.visits[node] else None
        if before >= _USUAL and after == 0:
            yield Drift(graph, "baseline_key", node, key, before, after)


def _types(graph: str, then: Measured, now: Measured) -> Iterator[Drift]:
    for (node, key), kinds in now.types.items():
        known = then.types.get((node, key))
        for kind in sorted(kinds - known) if known else ():
            yield Drift(graph, "baseline_type", node, f"{key}: {kind}", 0.0, now.keys[node, key] / now.visits[node])


def _routes(graph: str, then: Measured, now: Measured) -> Iterator[Drift]:
    for node, route in {**then.routes, **now.routes}:
        if then.led[node] and now.led[node]:
            before, after = then.routes[node, route] / then.led[node], now.routes[node, route] / now.led[node]
            if abs(after - before) > _MOVED:
                yield Drift(graph, "baseline_route", node, route, before, after)


def _errors(graph: str, then: Measured, now: Measured) -> Iterator[Drift]:
    for error, count in now.errors.items():
        if error not in then.errors:
            yield Drift(graph, "baseline_error", "", error, 0.0, count / now.runs)


def _medians(graph: str, then: Measured, now: Measured) -> Iterator[Drift]:
    for rule, subject, before, after in (
        ("baseline_cost", "tokens", then.tokens, now.tokens),
        ("baseline_latency", "seconds", then.durations, now.durations),
    ):
        if before and after and median(after) >= _MORE * median(before) > 0:
            yield Drift(graph, rule, "", subject, median(before), median(after))
