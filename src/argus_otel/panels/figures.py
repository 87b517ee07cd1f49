"""Formats numbers and durations as people read them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from argus_otel.scrape.buckets import Buckets

NOTHING = "-"


def seconds(value: float | None) -> str:
    """Format a duration: ``12 ms``, ``1.24 s``, ``3.5 min``."""
    if value is None:
        return NOTHING
    if value < 0.0995:
        return f"{value * 1000:.1f} ms" if value < 0.00995 else f"{value * 1000:.0f} ms"
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    if value < 90:
        return f"{value:.2f} s" if value < 10 else f"{value:.0f} s"
    return f"{value / 60:.1f} min"


def clock(value: float) -> str:
    """Format elapsed time: ``1:02:03``."""
    minutes, rest = divmod(int(value), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def quantile(buckets: Buckets, q: float) -> str:
    """Format a quantile in seconds; ``> 10 s`` if it is above the highest boundary."""
    value = buckets.quantile(q)
    if value is not None and value >= buckets.highest and buckets.counts.get(math.inf):
        return f"> {seconds(buckets.highest)}"
    return seconds(value)


def rate(count: float, duration: float) -> str:
    """Format a rate, given a count in ``duration`` seconds: ``12/s``, or ``0.4/min`` below one in ten seconds."""
    if duration <= 0:
        return NOTHING
    each = count / duration
    if each == 0:
        return "0/s"
    if each < 0.1:
        return f"{each * 60:.1f}/min" if each * 60 >= 0.1 else f"{each * 3600:.1f}/h"
    return f"{each:.2f}/s" if each < 10 else f"{each:,.0f}/s"


def number(value: float | None) -> str:
    """Format a count."""
    return NOTHING if value is None else f"{value:,.0f}"


def size(value: float | None) -> str:
    """Format a number of bytes: ``84 MiB``."""
    return NOTHING if value is None else f"{value / (1 << 20):,.0f} MiB"


def counts(items: Mapping[str, float]) -> str:
    """Format counts by name: ``200: 31, 429: 2``. Zeros are left out."""
    return ", ".join(f"{name}: {count:,.0f}" for name, count in sorted(items.items()) if count) or NOTHING
