"""Observed: Python's garbage collector. Signals: counters by generation.

Safe, because nothing is hooked: the interpreter counts, and is asked at each collection of metrics. Pauses are not
timed: a function in ``gc.callbacks`` costs every run of the collector about 2 µs, and an empty run of the youngest
generation takes less than a tenth of that. The lag of the event loop shows a long pause.
"""

from __future__ import annotations

import gc
import sys
from functools import partial

from argus_otel.sources.patches import PatchSet
from argus_otel.telemetry import Telemetry

from .catalogue import GC_COLLECTED, GC_COLLECTIONS, GC_UNCOLLECTABLE, GENERATION
from .usage import Points, add_gauge


def add_gauges(telemetry: Telemetry, hooks: PatchSet) -> None:
    """Report the counts while the hooks are on. Other interpreters than CPython have no such generations."""
    if sys.implementation.name != "cpython":
        return
    for metric, key in (
        (GC_COLLECTIONS, "collections"),
        (GC_COLLECTED, "collected"),
        (GC_UNCOLLECTABLE, "uncollectable"),
    ):
        add_gauge(telemetry, hooks, metric, partial(_counts, key))


def _counts(key: str) -> Points:
    return [({GENERATION.name: number}, stats[key]) for number, stats in enumerate(gc.get_stats())]
