"""Distributions: a bucket cell of our own, which the bridge turns into histogram points when somebody collects.

A record is a bisection and two additions. OpenTelemetry's own histogram costs some eighty times as much for each reader
(`benchmarks/` measures it).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from operator import add
from time import time_ns
from typing import TypeAlias

from .caps import AttributeCaps
from .definitions import Metric
from .families import Attributes, Family
from .tracing import SpanIds

Exemplar: TypeAlias = tuple[float, int, int, int]
"""One recorded value and where it came from: (value, nanoseconds since the epoch, trace id, span id).

A plain tuple, since one is made for each record of a trace that is kept, and few are ever read.
"""


class HistogramCell:
    """The buckets of one set of ``attributes``.

    ``counts[i]`` holds the values in ``(edges[i-1], edges[i]]``; the last holds what lies above every edge. They, the
    ``sum`` and the ``exemplars`` are what was recorded here; :meth:`read` and :meth:`examples` have the parts' as well.
    """

    __slots__ = ("edges", "attributes", "counts", "sum", "exemplars", "relay", "whole", "parts")

    def __init__(self, edges: tuple[float, ...], attributes: Attributes | None = None) -> None:
        self.edges = edges
        self.attributes = {} if attributes is None else attributes
        self.counts = [0] * (len(edges) + 1)
        self.sum = 0.0
        self.exemplars: dict[int, Exemplar] = {}
        self.relay: Callable[[float, SpanIds | None], None] | None = None
        self.whole: HistogramCell | None = None
        self.parts: tuple[HistogramCell, ...] = ()

    def record(self, value: float, trace: SpanIds | None = None) -> None:
        """Add ``value``, in the metric's unit; ``trace`` is the sampled span it came from, if there is one."""
        bucket = bisect_left(self.edges, value)
        self.counts[bucket] += 1
        self.sum += value
        if trace is not None:
            self.exemplars[bucket] = (value, time_ns(), trace.trace_id, trace.span_id)
        if self.relay is not None:
            self.relay(value, trace)
            if self.whole is not None and self.whole.relay is not None:
                self.whole.relay(value, trace)

    def join(self, whole: HistogramCell) -> None:
        """Let all that is recorded here be a part of another metric's cell, with the same edges, too.

        For what two metrics count alike: it is recorded once, and added up when somebody collects.
        """
        if self.whole is None:
            self.whole = whole
            whole.parts += (self,)

    def read(self) -> tuple[tuple[int, ...], float]:
        """Return the counts and the sum as they are now, with those of the parts. Any thread."""
        counts, total = tuple(self.counts), self.sum
        for part in self.parts:
            part_counts, part_total = part.read()
            counts = tuple(map(add, counts, part_counts))
            total += part_total
        return counts, total

    def examples(self) -> list[Exemplar]:
        """Return the exemplars, the last one of each bucket here and in the parts. Any thread."""
        return [*self.exemplars.values(), *(example for part in self.parts for example in part.examples())]


Relay = Callable[[Attributes, float, "SpanIds | None"], None]
"""Takes each record as it is made: (attributes, value in the metric's unit, sampled span or None). Must not block."""


class Histogram(Family[HistogramCell]):
    """The cells behind one histogram."""

    def __init__(self, metric: Metric, caps: AttributeCaps, most: int) -> None:
        super().__init__(metric.name, metric.attributes, caps, most)
        self.metric = metric
        self._relay: Relay | None = None

    def new_cell(self, attributes: Attributes) -> HistogramCell:
        """Make an empty cell with the metric's bucket edges."""
        cell = HistogramCell(self.metric.buckets, attributes)
        cell.relay = self._relay_for(attributes)
        return cell

    def clear_cell(self, cell: HistogramCell) -> None:
        """Empty a cell."""
        cell.counts = [0] * len(cell.counts)
        cell.sum = 0.0
        cell.exemplars = {}

    def is_clear(self, cell: HistogramCell) -> bool:
        """Whether nothing has been recorded in a cell, nor in its parts."""
        return not any(cell.read()[0])

    def relay_to(self, relay: Relay | None) -> None:
        """Pass every later record on to ``relay`` too, or to nobody.

        For a meter provider that somebody else set up: its readers cannot see our cells.
        """
        self._relay = relay
        for attributes, cell in (*self._dormant, *self.rows()):
            cell.relay = self._relay_for(attributes)

    def _relay_for(self, attributes: Attributes) -> Callable[[float, SpanIds | None], None] | None:
        relay = self._relay
        return None if relay is None else lambda value, trace: relay(attributes, value, trace)
