"""Scales and their marks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timezone

from .box import Box
from .svg import Drawing
from .theme import GRID, MUTED
from .units import written

_BINARY = ("bytes", "binBps")
_TIMES = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 432000,
          864000, 1209600, 2592000)  # fmt: skip


@dataclass(frozen=True)
class Scale:
    """From values to pixels, either way round."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return where a value is."""
        share = (value - self.low) / (self.high - self.low or 1)
        return self.start + share * (self.end - self.start)


def nice(low: float, high: float, marks: int, unit: str = "") -> list[float]:
    """Return round values from ``low`` or less to ``high`` or more, at even distances."""
    if high <= low:
        high = low + (abs(low) or 1)
    rough = (high - low) / max(marks, 1)
    base = 1024 if unit in _BINARY and rough >= 1024 else 10
    size = base ** math.floor(math.log(rough, base))
    rounds = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024) if base == 1024 else (1, 2, 2.5, 5, 10)
    step = next(one * size for one in rounds if one * size >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


def times(began: float, until: float, most: int) -> tuple[list[float], str]:
    """Return round times in between, and how they are written."""
    step = next((one for one in _TIMES if (until - began) / one <= most), _TIMES[-1])
    first = math.ceil(began / step)
    form = "%H:%M:%S" if step < 60 else "%H:%M" if step < 86400 else "%m-%d"
    return [number * step for number in range(first, math.floor(until / step) + 1)], form


def time_axis(drawing: Drawing, box: Box, began: float, until: float) -> Scale:
    """Draw the times under a box, and lines through it; return the scale."""
    scale = Scale(began, until, box.x, box.right)
    marks, form = times(began, until, max(int(box.w / 75), 1))
    for at in marks:
        x = scale(at)
        drawing.line(x, box.y, x, box.bottom, GRID)
        if box.x + 14 < x < box.right - 14:
            label = datetime.fromtimestamp(at, timezone.utc).strftime(form)
            drawing.text(x, box.bottom + 14, label, MUTED, size=10.5, anchor="middle")
    return scale


def number_axis(drawing: Drawing, box: Box, low: float, high: float) -> Scale:
    """Draw the numbers under a box, and lines through it; return the scale."""
    scale = Scale(low, high, box.x, box.right)
    marks = [one for one in nice(low, high, max(int(box.w / 75), 1)) if low <= one <= high]
    for at, label in zip(marks, labels(marks, "short", None), strict=True):
        x = scale(at)
        drawing.line(x, box.y, x, box.bottom, GRID)
        if box.x + 14 < x < box.right - 14:
            drawing.text(x, box.bottom + 14, label, MUTED, size=10.5, anchor="middle")
    return scale


def labels(marks: list[float], unit: str, decimals: int | None) -> list[str]:
    """Return how the marks of an axis are written: with as many decimals as tell them apart."""
    found = [written(one, unit, decimals) for one in marks]
    for more in range(4):
        if len(set(found)) == len(found):
            break
        found = [written(one, unit, more) for one in marks]
    return found
