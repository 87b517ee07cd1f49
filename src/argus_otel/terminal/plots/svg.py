"""Draws curves as SVG, without any library. Colours are told apart by people who do not see all of them."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from .plot import Axis, Line, Plot, Spot, number_text

# Okabe and Ito's: https://jfly.uni-koeln.de/color/
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")

_LEFT, _RIGHT, _TOP, _BOTTOM = 72, 24, 40, 48
_LEGEND = 20


def as_svg(plot: Plot, width: int = 960, height: int = 480) -> str:
    """Return a drawing as the text of an SVG file.

    Parameters
    ----------
    width, height:
        Of all but the legend, in pixels.
    """
    return "\n".join(_Drawing(plot, width, height).elements()) + "\n"


class _Drawing:
    def __init__(self, plot: Plot, width: int, height: int) -> None:
        self._plot = plot
        self._width, self._height = width, height
        self._x, self._y = plot.x, plot.y

    def elements(self) -> Iterator[str]:
        plot, full = self._plot, self._height + _LEGEND * len(self._plot.lines)
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self._width} {full}" width="{self._width}"'
            f' height="{full}" role="img" font-family="sans-serif" font-size="12" fill="#222">'
        )
        yield f"<title>{_text(plot.title)}</title>"
        yield f'<rect width="{self._width}" height="{full}" fill="#fff"/>'
        yield f'<text x="{_LEFT}" y="24" font-size="16">{_text(plot.title)}</text>'
        yield from self._axes()
        for number, line in enumerate(plot.lines):
            yield from self._line(line, COLOURS[number % len(COLOURS)])
        for number, line in enumerate(plot.lines):
            down = self._height + _LEGEND * number
            yield f'<rect x="{_LEFT}" y="{down - 8}" width="24" height="4" fill="{COLOURS[number % len(COLOURS)]}"/>'
            yield f'<text x="{_LEFT + 32}" y="{down}">{_text(_legend(line))}</text>'
        yield "</svg>"

    def _axes(self) -> Iterator[str]:
        left, right, top, bottom = _LEFT, self._width - _RIGHT, _TOP, self._height - _BOTTOM
        for tick in self._y.ticks:
            down = self._down(tick)
            if down is not None:
                yield f'<path d="M{left} {down:.1f}H{right}" stroke="#ddd"/>'
                label = _text(number_text(tick))
                yield f'<text x="{left - 8}" y="{down + 4:.1f}" text-anchor="end">{label}</text>'
        for tick in self._x.ticks:
            across = self._across(tick)
            label = _text(self._plot.x_text(tick, self._x.high - self._x.low))
            yield f'<path d="M{across:.1f} {bottom}v5" stroke="#222"/>'
            yield f'<text x="{across:.1f}" y="{bottom + 18}" text-anchor="middle">{label}</text>'
        yield f'<path d="M{left} {top}V{bottom}H{right}" fill="none" stroke="#222"/>'
        yield f'<text x="{right}" y="{bottom + 34}" text-anchor="end">{_text(self._plot.x_label)}</text>'

    def _line(self, line: Line, colour: str) -> Iterator[str]:
        bottom = self._height - _BOTTOM
        for place, label in line.marks:
            across = self._across(place)
            yield f'<path d="M{across:.1f} {_TOP}V{bottom}" stroke="{colour}" stroke-dasharray="4 4"/>'
            yield f'<text x="{across + 4:.1f}" y="{_TOP + 12}" fill="{colour}">{_text(label)}</text>'
        for run in self._whole(line):
            upper = [f"{across:.1f} {high:.1f}" for across, _, _, high in run]
            lower = [f"{across:.1f} {low:.1f}" for across, low, _, _ in reversed(run)]
            means = [f"{across:.1f} {mean:.1f}" for across, _, mean, _ in run]
            if upper != list(reversed(lower)):
                yield f'<path d="M{"L".join(upper + lower)}Z" fill="{colour}" fill-opacity="0.2"/>'
            if len(run) == 1:
                across, _, mean, _ = run[0]
                yield f'<circle cx="{across:.1f}" cy="{mean:.1f}" r="2" fill="{colour}"/>'
            else:
                yield f'<path d="M{"L".join(means)}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        for spot in line.spots:
            if spot.nonfinite:
                across = self._across(spot.x)
                yield f'<path class="gap" d="M{across - 4:.1f} {bottom - 4}l8 8m0 -8l-8 8" stroke="{colour}"/>'

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
        return _scaled(self._x, value, _LEFT, self._width - _RIGHT) or float(_LEFT)

    def _down(self, value: float) -> float | None:
        return _scaled(self._y, value, self._height - _BOTTOM, _TOP)


def _scaled(axis: Axis, value: float, start: float, end: float) -> float | None:
    place = axis.place(value)
    return None if place is None else start + place * (end - start)


def _legend(line: Line) -> str:
    if not line.nonfinite:
        return line.label
    return f"{line.label}; {line.nonfinite} value{' is' if line.nonfinite == 1 else 's are'} NaN or infinite"


def _text(text: str) -> str:
    return escape("".join(letter if letter.isprintable() else " " for letter in text))
