"""The 95th percentile of numbers that come one by one, in constant memory."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log2

FEWEST = 100
"""How many numbers it takes before there is a percentile."""

_SHARE = 0.95
_PER_OCTAVE = 4
"""How many buckets there are from a number to its double: the percentile is exact to 19 %."""

_LEAST, _MOST = -20 * _PER_OCTAVE, 40 * _PER_OCTAVE  # about a millionth, and 10^12


def percentile_95(boundaries: Sequence[float], counts: Sequence[int]) -> float | None:
    """Return the 95th percentile of the numbers in a histogram, as the upper bound of its bucket.

    Parameters
    ----------
    counts:
        The numbers in each bucket: up to and with each boundary, and above the last one.

    Returns
    -------
    float or None
        ``None`` for fewer than :data:`FEWEST` numbers, or if it is above all boundaries.
    """
    if sum(counts) < FEWEST:
        return None
    above = (1 - _SHARE) * sum(counts)
    for place in range(len(boundaries), -1, -1):
        above -= counts[place]
        if above < 0:
            return boundaries[place] if place < len(boundaries) else None
    return None


class Percentile95:
    """The 95th percentile of all numbers so far, as the upper bound of its bucket.

    Attributes
    ----------
    value:
        The percentile; ``None`` before :data:`FEWEST` numbers. It is found anew after each sixteenth of them.
    """

    __slots__ = ("value", "_count", "_buckets", "_next")

    def __init__(self) -> None:
        self.value: float | None = None
        self._count = 0
        self._next = FEWEST
        self._buckets: dict[int, int] = {}

    def add(self, number: float) -> bool:
        """Add a number of 0 or more; return whether the percentile was found anew. Any thread: a loss is harmless."""
        bucket = min(max(ceil(_PER_OCTAVE * log2(number)), _LEAST), _MOST) if number > 0 else _LEAST
        self._buckets[bucket] = self._buckets.get(bucket, 0) + 1
        self._count += 1
        if self._count < self._next:
            return False
        self._next = self._count + max(1, self._count // 16)
        self.value = self._found()
        return True

    def _found(self) -> float:
        buckets = self._buckets.copy()  # in one step: another thread may be adding
        above = (1 - _SHARE) * sum(buckets.values())
        last = _MOST
        for bucket in sorted(buckets, reverse=True):
            last = bucket
            above -= buckets[bucket]
            if above < 0:
                break
        return float(2 ** (last / _PER_OCTAVE))
