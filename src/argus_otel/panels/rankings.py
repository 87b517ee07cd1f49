"""Rows of a program's most frequent work, the busiest first."""

from __future__ import annotations

from collections.abc import Mapping

from argus_otel.scrape.buckets import Buckets
from argus_otel.scrape.series import Group

from .content import Cell, Tone
from .figures import quantile

NO_BUCKETS = Buckets()
"""The distribution of a group that has none."""


def busiest(whole: Mapping[Group, Buckets], recent: Mapping[Group, Buckets], rows: int) -> list[Group]:
    """Return at most ``rows`` groups: those with most values in ``recent`` first, then those with most in ``whole``."""

    def order(group: Group) -> tuple[float, float, Group]:
        return -recent.get(group, NO_BUCKETS).count, -whole[group].count, group

    return sorted(whole, key=order)[:rows]


def note_rest(known: int, rows: int, none: str) -> str:
    """Return how many of the ``known`` rows a table omits, or ``none`` if it has no row."""
    if known > rows:
        return f"and {known - rows} more"
    return "" if known else none


def recent_quantiles(whole: Buckets, recent: Buckets) -> tuple[Cell, Cell]:
    """Return median and 95 % quantile: of ``recent`` if it has values, else of ``whole``, which is drawn muted."""
    buckets, tone = (recent, Tone.PLAIN) if recent.count else (whole, Tone.MUTED)
    return Cell(quantile(buckets, 0.5), tone), Cell(quantile(buckets, 0.95), tone)
