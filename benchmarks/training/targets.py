"""Targets for the cost of argus-otel in a program that trains."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.outcomes import Target, added

from . import ends, hooks, logged, stored
from .hooks_process import OURS as HOOKS
from .variants import HISTORY, HISTORY_UNGUARDED, OURS, UNGUARDED

SHUTDOWN_TIMEOUT = 5000.0
"""The default of ``ARGUS_SHUTDOWN_TIMEOUT``, in ms."""


def _logged() -> Iterator[Target]:
    for row in (OURS, UNGUARDED, HISTORY, HISTORY_UNGUARDED):
        yield Target(f"logged step, median: {row}", "µs", partial(added, logged.PART, logged.MEDIAN, row), 3.0)
        yield Target(f"logged step, p99: {row}", "µs", partial(added, logged.PART, logged.P99, row), 30.0)


def _runs() -> Iterator[Target]:
    for row in (OURS, HISTORY):
        yield Target(f"start of the first run: {row}", "ms", partial(added, ends.PART, ends.FIRST, row), 5.0)
        yield Target(f"start of another run: {row}", "ms", partial(added, ends.PART, ends.START, row), 5.0)
        yield Target(f"end of a run: {row}", "ms", partial(added, ends.PART, ends.END, row), SHUTDOWN_TIMEOUT)


TARGETS = (
    *_logged(),
    *(
        Target(f"hooks of {framework}", "µs", partial(added, hooks.PART, framework, HOOKS), 1.0)
        for framework in hooks.FRAMEWORKS
    ),
    *_runs(),
    *(
        Target(f"point: {row}", "bytes", partial(added, stored.PART, stored.POINT, row), 5.0)
        for row in (stored.CURVES, stored.RANDOM)
    ),
    # 80 000 steps a second
    Target("inserted step", "µs", partial(added, stored.PART, stored.INSERT, stored.CURVES), 12.5),
)
