"""Targets for the cost of argus-otel in a program with agent graphs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.outcomes import Target, added

from . import end, facts, memory, nodes, startup
from .variants import OURS, TRACED, WITHOUT

_US = "µs"


def _nodes() -> Iterator[Target]:
    for table in ("sync", "async"):
        for row in (OURS, WITHOUT):
            yield Target(f"plain node, {table}: {row}", _US, partial(added, nodes.PART, table, row), 8.0, 4.0)
        yield Target(f"plain node, {table}: {TRACED}", _US, partial(added, nodes.PART, table, TRACED), 30.0, 18.0)
    yield Target("1 MB of state beside 1 kB", _US, partial(added, nodes.PART, nodes.SIZE, OURS), 2.0)


def _agents() -> Iterator[Target]:
    for table in ("agent", "agent, async"):
        yield Target(f"{table}, by node: {OURS}", _US, partial(added, nodes.AGENT, table, OURS), 30.0)
        yield Target(f"{table}, by node: {TRACED}", _US, partial(added, nodes.AGENT, table, TRACED), 55.0)


def _ends() -> Iterator[Target]:
    for table in ("20", "20, async", "agent"):
        yield Target(f"the end of a run: {table}", _US, partial(added, end.PART, table, OURS), 50.0)


def _starts() -> Iterator[Target]:
    for when, where in startup.WHEN.items():
        measure = partial(added, startup.PART, f"{when} processor", OURS)
        yield Target(f"start, {where}, processor's time", "ms", measure, 40.0)


TARGETS = (
    *_nodes(),
    *_agents(),
    Target("facts of 8 keys", _US, partial(added, facts.PART, facts.SHAPES, facts.OF_DIFFERENT_KINDS), 3.0),
    *_ends(),
    *(
        Target(f"{title}: A/A", unit, partial(added, memory.PART, what, memory.OURS))
        for what, (title, unit) in memory.COUNTED.items()
    ),
    *_starts(),
)
