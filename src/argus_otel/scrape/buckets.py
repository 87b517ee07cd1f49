"""A histogram's buckets: sums, differences and quantiles."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Buckets:
    """A histogram's distribution.

    Attributes
    ----------
    counts:
        The number of values in each bucket (not cumulative), by its upper boundary; the last one is infinite.
    sum:
        The sum of all values, in the metric's unit.
    """

    counts: Mapping[float, float] = field(default_factory=dict[float, float])
    sum: float = 0.0

    @property
    def count(self) -> float:
        """The number of values."""
        return math.fsum(self.counts.values())

    @property
    def highest(self) -> float:
        """The highest finite boundary, above which values cannot be distinguished; 0 if there is none."""
        return max(filter(math.isfinite, self.counts), default=0.0)

    def quantile(self, q: float) -> float | None:
        """Return the ``q`` quantile in the metric's unit, as Prometheus' ``histogram_quantile`` estimates it.

        Values are interpolated linearly within a bucket; above the highest finite boundary that boundary is returned.
        ``None`` if there are no values.
        """
        wanted = q * self.count
        if self.count == 0:
            return None
        below, passed = 0.0, 0.0
        for edge, count in sorted(self.counts.items()):
            if count and passed + count >= wanted:
                return below + (edge - below) * (wanted - passed) / count if math.isfinite(edge) else self.highest
            below, passed = edge, passed + count
        return self.highest

    def __add__(self, other: Buckets) -> Buckets:
        if not self.counts:
            return other
        counts = {
            edge: self.counts.get(edge, 0.0) + other.counts.get(edge, 0.0) for edge in {*self.counts, *other.counts}
        }
        return Buckets(counts, self.sum + other.sum)

    def since(self, before: Buckets) -> Buckets:
        """Return the values added since ``before``; all of them if the program has restarted in between."""
        if self.count < before.count or any(self.counts.get(edge, 0.0) < n for edge, n in before.counts.items()):
            return self
        counts = {edge: count - before.counts.get(edge, 0.0) for edge, count in self.counts.items()}
        return Buckets(counts, self.sum - before.sum)
