"""Durations that rollups count in buckets, each 2 % wider than the one before: bucket N ends at ``1.02 ** N`` seconds.

The engines that are small have no sketches of percentiles, and counts can be merged however rows are.
"""

from __future__ import annotations

from collections.abc import Mapping

MEASURE = (
    "sumMapIf(map(toInt16(ceil(log(if(duration > 0, duration, 1)) / log(1.02))), toUInt64(1)), duration > 0)"
    " as durations"
)
"""The SQL of a rollup's column of buckets, of its column ``duration``."""


def percentile(buckets: Mapping[int, int], level: float, longest: float) -> float | None:
    """Return the middle of the bucket that has the duration of that rank, within 1 %; ``None`` without any."""
    seen, rank = 0, level * sum(buckets.values())
    for bucket in sorted(buckets):
        seen += buckets[bucket]
        if seen >= rank:
            return min(longest, 1.02 ** (bucket - 0.5))
    return None
