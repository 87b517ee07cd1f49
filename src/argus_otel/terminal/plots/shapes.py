"""What a picture of curves consists of: shapes at places in pixels, for whatever writes a file of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .plot import Axis, Line, Plot, Spot, number_text

# Okabe and Ito's: https://jfly.uni-koeln.de/color/
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""They are told apart by people who do not see all colours."""
INK, GRID = "#222222", "#dddddd"

_LEFT, _RIGHT, _TOP, _BOTTOM = 72, 24, 40, 48
_LEGEND = 20

Place: TypeAlias = "tuple[float, float]"
"""Pixels from the left, and from the top."""


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text; its place is on the baseline, at its start, middle or end."""

    place: Place
    text: str
    anchor: Literal["start", "middle", "end"] = "start"
    colour: str = INK
    size: int = 12


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line through places."""

    places: tuple[Place, ...]
    colour: str = INK
    width: float = 1.0
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Area:
    """An area within places, through which one sees."""

    places: tuple[Place, ...]
    colour: str


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle from one corner to the opposite one."""

    first: Place
    last: Place
    colour: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of a curve between two gaps."""

    place: Place
    colour: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A cross on the axis, where values are NaN or infinite."""

    place: Place
    colour: str


Shape: TypeAlias = "Text | Stroke | Area | Box | Dot | Gap"


class Picture:
    """A picture of a drawing.

    Parameters
    ----------
    width, height:
        Of all but the legend, in pixels.

    Attributes
    ----------
    title:
        In one line.
    width, full_height:
        Of all, in pixels.
    """

    def __init__(self, plot: Plot, width: int = 960, height: int = 480) -> None:
        self._plot = plot
        self._height = height
        self._x, self._y = plot.x, plot.y
        self.title = plain(plot.title)
        self.width, self.full_height = width, height + _LEGEND * len(plot.lines)

    def shapes(self) -> Iterator[Shape]:
        """Return its shapes, the later ones above the earlier ones."""
        yield Text((_LEFT, 24), self.title, size=16)
        yield from self._axes()
        for number, line in enumerate(self._plot.lines):
            yield from self._line(line, COLOURS[number % len(COLOURS)])
        for number, line in enumerate(self._plot.lines):
            down = self._height + _LEGEND * number
            yield Box((_LEFT, down - 8), (_LEFT + 24, down - 4), COLOURS[number % len(COLOURS)])
            yield Text((_LEFT + 32, down), plain(_legend(line)))

    def _axes(self) -> Iterator[Shape]:
        left, right, top, bottom = _LEFT, self.width - _RIGHT, _TOP, self._height - _BOTTOM
        for tick in self._y.ticks:
            down = self._down(tick)
            if down is not None:
                yield Stroke(((left, down), (right, down)), GRID)
                yield Text((left - 8, down + 4), number_text(tick), "end")
        for tick in self._x.ticks:
            across = self._across(tick)
            yield Stroke(((across, bottom), (across, bottom + 5)))
            label = self._plot.x_text(tick, self._x.high - self._x.low)
            yield Text((across, bottom + 18), label, "middle")
        yield Stroke(((left, top), (left, bottom), (right, bottom)))
        yield Text((right, bottom + 34), plain(self._plot.x_label), "end")

    def _line(self, line: Line, colour: str) -> Iterator[Shape]:
        bottom = self._height - _BOTTOM
        for place, label in line.marks:
            across = self._across(place)
            yield Stroke(((across, _TOP), (across, bottom)), colour, dashed=True)
            yield Text((across + 4, _TOP + 12), plain(label), colour=colour)
        for run in self._whole(line):
            upper = [(across, high) for across, _, _, high in run]
            lower = [(across, low) for across, low, _, _ in reversed(run)]
            means = [(across, mean) for across, _, mean, _ in run]
            if upper != lower[::-1]:
                yield Area((*upper, *lower), colour)
            yield Dot(means[0], colour) if len(means) == 1 else Stroke(tuple(means), colour, 1.5)
        for spot in line.spots:
            if spot.nonfinite:
                yield Gap((self._across(spot.x), bottom), colour)

    def _whole(self, line: Line) -> Iterator[list[tuple[float, float, float, float]]]:
        """Yield the stretches of a line that have no gap: each place with the levels of low, mean and high."""
        run: list[tuple[float, float, float, float]] = []
        for spot in line.spots:
            levels = self._levels(spot)
            if levels is not None:
                run.append((self._across(spot.x), *levels))
            elif run:
                yield run
                run = []
        if run:
            yield run

    def _levels(self, spot: Spot) -> tuple[float, float, float] | None:
        mean, high = (None if each is None else self._down(each) for each in (spot.mean, spot.high))
        if mean is None or high is None or spot.low is None:
            return None
        low = self._down(spot.low)
        return (float(self._height - _BOTTOM) if low is None else low, mean, high)

    def _across(self, value: float) -> float:
        return _scaled(self._x, value, _LEFT, self.width - _RIGHT) or float(_LEFT)

    def _down(self, value: float) -> float | None:
        return _scaled(self._y, value, self._height - _BOTTOM, _TOP)


def plain(text: str) -> str:
    """Return a text in one line, without letters that control something."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _scaled(axis: Axis, value: float, start: float, end: float) -> float | None:
    place = axis.place(value)
    return None if place is None else start + place * (end - start)


def _legend(line: Line) -> str:
    if not line.nonfinite:
        return line.label
    return f"{line.label}; {line.nonfinite} value{' is' if line.nonfinite == 1 else 's are'} NaN or infinite"
