"""Makes the points of curves of what the engine returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .results import CurvePoint


def in_parts(rows: Sequence[tuple[Any, ...]]) -> list[CurvePoint]:
    """Return the points of parts that the engine has made."""
    return [
        _point(step, epoch, time, count, wrong, low, mean, high, last, attempt)
        for _, step, epoch, time, count, wrong, low, mean, high, last, attempt in rows
    ]


def by_blocks(rows: Sequence[tuple[Any, ...]], points: int) -> list[CurvePoint]:
    """Return the points of blocks of steps, several of which are joined if there are more blocks than points."""
    size = -(-len(rows) // points) or 1
    return [_joined(rows[start : start + size]) for start in range(0, len(rows), size)]


def _joined(rows: Sequence[tuple[Any, ...]]) -> CurvePoint:
    steps, epochs, times, counts, wrongs, lows, totals, highs, lasts, attempts = zip(*rows, strict=True)
    count, wrong = sum(counts), sum(wrongs)
    mean = sum(totals) / (count - wrong) if count > wrong else 0.0
    return _point(
        steps[0], epochs[0], times[0], count, wrong, min(lows), mean, max(highs), lasts[-1], max(attempts)
    )  # fmt: skip


def _point(
    step: int,
    epoch: float,
    time: Any,
    count: int,
    wrong: int,
    low: float,
    mean: float,
    high: float,
    last: float,
    attempt: int,
) -> CurvePoint:
    if count == wrong:
        return CurvePoint(step, epoch, time, count, wrong, None, None, None, last, attempt)
    return CurvePoint(step, epoch, time, count, wrong, low, mean, high, last, attempt)
