"""Lines, areas and bars over time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tools.grafana.frames import Field, Frame

from .. import theme
from ..axes import Scale, labels, nice, number_axis, time_axis
from ..box import Box
from ..legend import Entry, draw_legend, height_of
from ..svg import Drawing, text_width
from ..units import written

Point = tuple[float, float]


@dataclass
class Series:
    """One of them."""

    values: Field
    times: Sequence[float]
    colour: str
    step: float = 0.0
    base: list[float] | None = None
    """The value that it starts from, if series are stacked."""

    @property
    def custom(self) -> dict[str, Any]:
        """How it is drawn."""
        return self.values.config.get("custom") or {}

    @property
    def right(self) -> bool:
        """Whether its axis is the one on the right."""
        return self.custom.get("axisPlacement") == "right"

    @property
    def stacked(self) -> bool:
        """Whether it stands on others."""
        return (self.custom.get("stacking") or {}).get("mode") in ("normal", "percent")

    def tops(self) -> list[float | None]:
        """The value that it ends at, including its base."""
        values = self.values.values
        if self.base is None:
            return list(values)
        return [base if value is None else base + value for base, value in zip(self.base, values, strict=True)]


def draw(
    drawing: Drawing, box: Box, panel: dict[str, Any], frames: Sequence[Frame], span: tuple[float, float],
    exemplars: Sequence[Point] = (),
) -> int:  # fmt: skip
    """Draw the panel; return the number of series with a value."""
    series = _series(frames)
    return _draw(drawing, box, panel, series, lambda plot: time_axis(drawing, plot, *span), span, exemplars)


def draw_trend(drawing: Drawing, box: Box, panel: dict[str, Any], frames: Sequence[Frame]) -> int:
    """Draw a panel whose lines are over a number; return the number of series with a value."""
    name = panel["options"]["xField"]
    series: list[Series] = []
    for frame in frames:
        for over in (one for one in frame.fields if one.name == name):
            for one in frame.of_kind("number"):
                if one is not over:
                    series.append(Series(one, over.values, theme.of_series(len(series), one.config, None)))
    places = [place for one in series for place in one.times]
    span = (min(places, default=0.0), max(places, default=1.0))
    return _draw(drawing, box, panel, series, lambda plot: number_axis(drawing, plot, *span), span, ())


def _draw(
    drawing: Drawing, box: Box, panel: dict[str, Any], series: Sequence[Series], axis: Callable[[Box], Scale],
    span: tuple[float, float], exemplars: Sequence[Point],
) -> int:  # fmt: skip
    drawn = [one for one in series if any(value is not None for value in one.values.values)]
    if not drawn:
        return 0
    _stack(drawn)
    options = (panel.get("options") or {}).get("legend") or {}
    entries = [Entry(one.values.shown, one.colour, _calculated(one, options.get("calcs") or [])) for one in drawn]
    below = height_of(entries, options, box.w, box.h)
    left = [one for one in drawn if not one.right]
    right = [one for one in drawn if one.right]
    plot = box.inside(bottom=below + 20, top=4)
    y_left, left_marks = _y_scale(plot, left or right)
    y_right, right_marks = _y_scale(plot, right) if right and left else (y_left, [])
    gutter = max((text_width(text, 10.5) for _, text in left_marks), default=0) + 10
    far = max((text_width(text, 10.5) for _, text in right_marks), default=-10) + 14
    plot = plot.inside(left=gutter, right=far)
    for value, text in left_marks:
        drawing.line(plot.x, y_left(value), plot.right, y_left(value), theme.GRID)
        drawing.text(plot.x - 6, y_left(value) + 3.5, text, theme.MUTED, size=10.5, anchor="end")
    for value, text in right_marks:
        drawing.text(plot.right + 6, y_right(value) + 3.5, text, theme.MUTED, size=10.5)
    x = axis(plot)
    bar = _least_gap(drawn, span)
    with drawing.clip(plot.x - 1, plot.y - 2, plot.w + 2, plot.h + 3):
        _thresholds(drawing, plot, y_left, drawn[0].values.config)
        for one in drawn:
            _fill_below(drawing, one, drawn, x, y_left)
        for one in drawn:
            _draw_one(drawing, one, x, y_right if one.right and left else y_left, bar)
        for at, value in exemplars:
            _diamond(drawing, x(at), min(max(y_left(value), plot.y + 4), plot.bottom - 2))
    draw_legend(drawing, Box(box.x, box.bottom - below, box.w, below), entries)
    return len(drawn)


def _series(frames: Sequence[Frame]) -> list[Series]:
    found: list[Series] = []
    for frame in frames:
        times = frame.of_kind("time")
        for one in frame.of_kind("number"):
            if times:
                last = next((value for value in reversed(one.values) if value is not None), None)
                found.append(Series(one, times[0].values, theme.of_series(len(found), one.config, last), frame.step))
    return found


def _stack(series: Sequence[Series]) -> None:
    """Put series of the same times on top of each other."""
    heights: dict[float, float] = {}
    for one in series:
        if not one.stacked or one.right:
            continue
        one.base = [heights.get(at, 0.0) for at in one.times]
        for at, value in zip(one.times, one.values.values, strict=True):
            heights[at] = heights.get(at, 0.0) + (value or 0.0)


def _y_scale(plot: Box, series: Sequence[Series]) -> tuple[Scale, list[tuple[float, str]]]:
    config = series[0].values.config
    values = [value for one in series for value in one.tops() if value is not None and math.isfinite(value)]
    low, high = min(values, default=0), max(values, default=1)
    if config.get("min") is not None:
        low = min(low, config["min"]) if low < config["min"] else config["min"]
    elif low > 0 and low < high / 2:
        low = 0
    if config.get("max") is not None:
        high = max(high, config["max"])
    unit = config.get("unit", "")
    marks = nice(low, high, max(int(plot.h / 32), 2), unit)
    if config.get("max") is not None and high <= config["max"]:
        marks = [one for one in marks if one <= config["max"] * 1.0001]
    scale = Scale(marks[0], max(marks[-1], high), plot.bottom, plot.y)
    return scale, list(zip(marks, labels(marks, unit, config.get("decimals")), strict=True))


def _draw_one(drawing: Drawing, one: Series, x: Scale, y: Scale, bar: float) -> None:
    custom = one.custom
    if custom.get("drawStyle") == "bars":
        _bars(drawing, one, x, y, bar)
        return
    tops = one.tops()
    if custom.get("drawStyle") == "points":
        for at, value in zip(one.times, tops, strict=True):
            if value is not None:
                drawing.dot(x(at), y(value), custom.get("pointSize", 5) / 2, one.colour)
        return
    if custom.get("lineWidth") == 0:  # the edge of a band
        return
    feet = one.base or [max(y.low, 0.0)] * len(tops)
    dash = " ".join(str(length) for length in (custom.get("lineStyle") or {}).get("dash") or []) if (
        custom.get("lineStyle") or {}).get("fill") == "dash" else ""  # fmt: skip
    gap = one.step * 1.1 or math.inf
    for part in _runs(one, tops, gap):
        points = [(x(one.times[at]), y(tops[at] or 0.0)) for at in part]
        opacity = custom.get("fillOpacity", 0) / 100
        if opacity:
            floor = [(x(one.times[at]), y(feet[at])) for at in reversed(part)]
            drawing.path(_thinned(points) + _thinned(floor), fill=one.colour, opacity=opacity)
        drawing.path(_thinned(points), one.colour, width=1.4, dash=dash)
        if len(part) == 1:
            drawing.dot(*points[0], 2, one.colour)


def _fill_below(drawing: Drawing, one: Series, others: Sequence[Series], x: Scale, y: Scale) -> None:
    """Fill a band down to the series that is named for that."""
    name = one.custom.get("fillBelowTo")
    for low in (other for other in others if name and name in (other.values.name, other.values.shown)):
        values = zip(one.times, one.values.values, low.values.values, strict=True)
        both = [(x(at), y(high), y(least)) for at, high, least in values if high is not None and least is not None]
        upper, lower = [(at, high) for at, high, _ in both], [(at, least) for at, _, least in reversed(both)]
        drawing.path(upper + lower, fill=one.colour, opacity=one.custom.get("fillOpacity", 0) / 100)


def _runs(one: Series, tops: Sequence[float | None], gap: float) -> list[list[int]]:
    """Points that a line connects: an empty value, or a missing one, interrupts it."""
    runs: list[list[int]] = [[]]
    for at, value in enumerate(one.values.values):
        if value is None or not math.isfinite(tops[at] or 0.0):
            runs.append([])
            continue
        if runs[-1] and one.times[at] - one.times[runs[-1][-1]] > gap:
            runs.append([])
        runs[-1].append(at)
    return [run for run in runs if run]


def _least_gap(series: Sequence[Series], span: tuple[float, float]) -> float:
    """How far bars are apart: as the closest two points of all series are."""
    times = sorted({at for one in series for at in one.times})
    return min((after - before for before, after in pairwise(times)), default=(span[1] - span[0]) / 20)


def _thinned(points: list[Point]) -> list[Point]:
    """Leave out points that lie on the line between their neighbours."""
    if len(points) < 3:
        return points
    kept = [points[0]]
    for before, here, after in zip(points, points[1:], points[2:], strict=False):
        width = after[0] - before[0] or 1
        expected = before[1] + (after[1] - before[1]) * (here[0] - before[0]) / width
        if abs(expected - here[1]) > 0.3:
            kept.append(here)
    return [*kept, points[-1]]


def _bars(drawing: Drawing, one: Series, x: Scale, y: Scale, gap: float) -> None:
    width = max((x(x.low + gap) - x(x.low)) * 0.75, 1)
    tops, feet = one.tops(), one.base or [0.0] * len(one.times)
    for at, top, foot, value in zip(one.times, tops, feet, one.values.values, strict=True):
        if value and top is not None:
            opacity = one.custom.get("fillOpacity", 60) / 100
            upper, lower = sorted((y(top), y(foot)))
            drawing.rect(x(at) - width / 2, upper, width, lower - upper, one.colour, opacity=max(opacity, 0.6))


def _thresholds(drawing: Drawing, plot: Box, y: Scale, config: dict[str, Any]) -> None:
    mode = ((config.get("custom") or {}).get("thresholdsStyle") or {}).get("mode", "off")
    if mode == "off":
        return
    for step in (config.get("thresholds") or {}).get("steps", [])[1:]:
        at = y(step["value"])
        if plot.y <= at <= plot.bottom:
            drawing.line(plot.x, at, plot.right, at, theme.colour(step["color"]), dash="8 6" if "dash" in mode else "")


def _diamond(drawing: Drawing, x: float, y: float) -> None:
    drawing.path([(x, y - 4), (x + 4, y), (x, y + 4), (x - 4, y)], fill=theme.EXEMPLAR)


def _calculated(one: Series, calcs: Sequence[str]) -> list[tuple[str, str]]:
    values = [value for value in one.values.values if value is not None]
    known = {
        "mean": sum(values) / len(values), "max": max(values), "min": min(values), "last": values[-1],
        "lastNotNull": values[-1], "sum": sum(values), "count": float(len(values)),
    }  # fmt: skip
    config = one.values.config
    titles = {"lastNotNull": "Last *"}
    return [
        (titles.get(calc, calc.capitalize()), written(known[calc], config.get("unit", ""), config.get("decimals")))
        for calc in calcs
    ]
