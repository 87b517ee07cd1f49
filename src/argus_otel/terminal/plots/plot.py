"""What a drawing of curves has, and its axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone

_LEAST, _GREATEST = 1e-290, 1e300
"""Differences and numbers beyond these are drawn as if they were these."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place of a curve.

    Attributes
    ----------
    low, mean, high:
        Of the values there; ``None`` if none of them is a finite number.
    nonfinite:
        How many values there are infinite or not a number.
    """

    x: float
    low: float | None
    mean: float | None
    high: float | None
    nonfinite: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """A curve with its band.

    Attributes
    ----------
    marks:
        Places on the x-axis that something begins at, such as a later attempt, with a label each.
    """

    label: str
    spots: tuple[Spot, ...]
    marks: tuple[tuple[float, str], ...] = ()

    @property
    def nonfinite(self) -> int:
        """How many of its values are infinite or not a number."""
        return sum(spot.nonfinite for spot in self.spots)


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing.

    Attributes
    ----------
    x_label:
        What the x-axis has.
    times:
        Whether that are seconds since 1970.
    logarithmic:
        Whether the y-axis is. Then only values above 0 are drawn.
    """

    title: str
    x_label: str
    lines: tuple[Line, ...]
    times: bool = False
    logarithmic: bool = False

    @property
    def x(self) -> Axis:
        """The x-axis."""
        return Axis.of([spot.x for line in self.lines for spot in line.spots], tight=True)

    @property
    def y(self) -> Axis:
        """The y-axis."""
        values = [number for line in self.lines for spot in line.spots for number in (spot.low, spot.high)]
        return Axis.of([each for each in values if each is not None], logarithmic=self.logarithmic)

    def x_text(self, value: float, span: float) -> str:
        """Return the label of a tick on the x-axis, which has a span."""
        if not self.times:
            return number_text(value)
        moment = datetime.fromtimestamp(value, timezone.utc)
        return f"{moment:%m-%d %H:%M}" if span > 86_400 else f"{moment:%H:%M:%S}" if span < 600 else f"{moment:%H:%M}"


@dataclass(frozen=True, slots=True)
class Axis:
    """From where to where an axis goes, and its ticks."""

    low: float
    high: float
    logarithmic: bool = False
    ticks: tuple[float, ...] = field(default=())

    @classmethod
    def of(cls, values: Sequence[float], *, tight: bool = False, logarithmic: bool = False) -> Axis:
        """Return an axis that has values.

        Parameters
        ----------
        tight:
            Whether it ends at the last value, and not at a tick.
        """
        if logarithmic:
            values = [each for each in values if each > 0]
        values = [_bounded(each) for each in values]
        low, high = (min(values), max(values)) if values else (0.0, 1.0)
        if logarithmic:
            first, last = math.floor(math.log10(max(low, _LEAST))), math.ceil(math.log10(max(high, _LEAST)))
            last = max(last, first + 1)
            step = max(1, -(-(last - first) // 6))
            return cls(10.0**first, 10.0**last, True, tuple(10.0**each for each in range(first, last + 1, step)))
        if high / 2 - low / 2 < _LEAST:
            space = abs(low) / 2 or 0.5
            low, high = (low, high + 1.0) if tight else (low - space, high + space)
        ticks = _ticks(low, high)
        if tight:
            return cls(low, high, False, tuple(tick for tick in ticks if low <= tick <= high))
        return cls(min(low, ticks[0]), max(high, ticks[-1]), False, ticks)

    def place(self, value: float) -> float | None:
        """Return where a value is, from 0 to 1; ``None`` if the axis does not have it."""
        if self.logarithmic and value <= 0:
            return None
        value = min(max(value, self.low), self.high)
        if self.logarithmic:
            return (math.log10(value) - math.log10(self.low)) / (math.log10(self.high) - math.log10(self.low))
        # Halves: of two large numbers with different signs, the difference may be infinite.
        return (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)


def _bounded(value: float) -> float:
    return max(-_GREATEST, min(_GREATEST, value))


def _ticks(low: float, high: float, number: int = 5) -> tuple[float, ...]:
    """Return round numbers, the first at or below ``low``, the last at or above ``high``."""
    rough = (high / number) - (low / number)
    if not rough or not math.isfinite(rough) or rough < _LEAST:
        return (low, high)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= rough * 0.999999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(each * step for each in range(first, last + 1))


def number_text(value: float) -> str:
    """Return a number in few letters: ``0.25``, ``1.2k``, ``3e-05``."""
    size = abs(value)
    for limit, unit in ((1e12, ""), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if size >= limit:
            if unit:
                return f"{value / (limit if unit != 'k' else 1e3):.4g}{unit}"
            break
    return f"{value:.4g}"
