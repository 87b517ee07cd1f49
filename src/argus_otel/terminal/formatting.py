"""Formats numbers, durations and foreign text for the terminal."""

from __future__ import annotations

import math

from rich.text import Text

from argus_otel.scrape.buckets import Buckets

NOTHING = "-"


def words(text: str, style: str = "") -> Text:
    """Return ``text`` of foreign origin so that it is drawn literally: no markup, no control characters."""
    return Text("".join(letter if letter.isprintable() else " " for letter in text), style)


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
    """Format a rate, given a count in ``duration`` seconds."""
    if duration <= 0:
        return NOTHING
    each = count / duration
    if each == 0:
        return "0/s"
    return f"{each:.2f}/s" if each < 10 else f"{each:,.0f}/s"


def number(value: float | None) -> str:
    """Format a count."""
    return NOTHING if value is None else f"{value:,.0f}"


def counts(items: dict[str, float]) -> str:
    """Format counts by name: ``200: 31, 429: 2``. Zeros are left out."""
    return ", ".join(f"{name}: {count:,.0f}" for name, count in sorted(items.items()) if count) or NOTHING
