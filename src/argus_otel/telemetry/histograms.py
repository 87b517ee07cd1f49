"""Histograms: bucket cells of our own, which the bridge turns into histogram points at each collection.

Recording a value takes a bisection and two additions. OpenTelemetry's own histogram costs about eighty times as much
for each reader (`benchmarks/` measures it).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from operator import add
from time import time_ns
from typing import TypeAlias

from .cardinality import CardinalityLimits
from .definitions import Metric
from .families import Attributes, Family
from .tracing import SpanIds

Exemplar: TypeAlias = tuple[float, int, int, int]
"""A recorded value and its span: (value, nanoseconds since the epoch, trace id, span id).

A plain tuple, because one is made for each record of a sampled trace, and few are ever read.
"""


class HistogramCell:
    """The buckets of one combination of ``attributes``.

    ``counts[i]`` counts the values in ``(boundaries[i-1], boundaries[i]]``, and the last one those above every
    boundary. ``counts``, ``sum`` and ``exemplars`` hold what was recorded in this cell; :meth:`read` and
    :meth:`all_exemplars` add its parts.
    """

    __slots__ = ("boundaries", "attributes", "counts", "sum", "exemplars", "relay", "whole", "parts")

    def __init__(self, boundaries: tuple[float, ...], attributes: Attributes | None = None) -> None:
        self.boundaries = boundaries
        self.attributes: Attributes = {} if attributes is None else attributes
        self.counts = [0] * (len(boundaries) + 1)
        self.sum = 0.0
        self.exemplars: dict[int, Exemplar] = {}
        self.relay: Callable[[float, SpanIds | None], None] | None = None
        self.whole: HistogramCell | None = None
        self.parts: tuple[HistogramCell, ...] = ()

    def record(self, value: float, trace: SpanIds | None = None) -> None:
        """Record ``value``, in the metric's unit; ``trace`` is the sampled span of the work, if it has one."""
        bucket = bisect_left(self.boundaries, value)
        self.counts[bucket] += 1
        self.sum += value
        if trace is not None:
            self.exemplars[bucket] = (value, time_ns(), trace.trace_id, trace.span_id)
        if self.relay is not None:
            self.relay(value, trace)
            if self.whole is not None and self.whole.relay is not None:
                self.whole.relay(value, trace)

    def join(self, whole: HistogramCell) -> None:
        """Make this cell a part of another metric's cell with the same boundaries.

        Two metrics that count the same work then record it once, and the sums are made at collection.
        """
        if self.whole is None:
            self.whole = whole
            whole.parts += (self,)

    def read(self) -> tuple[tuple[int, ...], float]:
        """Return the counts and the sum now, parts included. Any thread."""
        counts, total = tuple(self.counts), self.sum
        for part in self.parts:
            part_counts, part_total = part.read()
            counts = tuple(map(add, counts, part_counts))
            total += part_total
        return counts, total

    def all_exemplars(self) -> list[Exemplar]:
        """Return the last exemplar of each bucket, of this cell and of its parts. Any thread."""
        return [*self.exemplars.values(), *(exemplar for part in self.parts for exemplar in part.all_exemplars())]


Relay = Callable[[Attributes, float, "SpanIds | None"], None]
"""Receives each record: (attributes, value in the metric's unit, sampled span or ``None``). Must not block."""


class Histogram(Family[HistogramCell]):
    """The cells behind one histogram."""

    def __init__(self, metric: Metric, limits: CardinalityLimits, max_series: int) -> None:
        super().__init__(metric.name, metric.attributes, limits, max_series)
        self.metric = metric
        self._relay: Relay | None = None

    def new_cell(self, attributes: Attributes) -> HistogramCell:
        """Return a new, empty cell with the metric's boundaries."""
        cell = HistogramCell(self.metric.boundaries, attributes)
        cell.relay = self._relay_for(attributes)
        return cell

    def clear_cell(self, cell: HistogramCell) -> None:
        """Empty a cell."""
        cell.counts = [0] * len(cell.counts)
        cell.sum = 0.0
        cell.exemplars = {}

    def is_clear(self, cell: HistogramCell) -> bool:
        """Whether nothing has been recorded in a cell or its parts."""
        return not any(cell.read()[0])

    def relay_to(self, relay: Relay | None) -> None:
        """Pass every later record to ``relay`` as well; ``None`` ends it.

        A meter provider that another library has set up needs this: its readers cannot read our cells.
        """
        self._relay = relay
        for attributes, cell in (*self._dormant, *self.rows()):
            cell.relay = self._relay_for(attributes)

    def _relay_for(self, attributes: Attributes) -> Callable[[float, SpanIds | None], None] | None:
        relay = self._relay
        return None if relay is None else lambda value, trace: relay(attributes, value, trace)
