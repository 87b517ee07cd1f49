"""Bar gauges, a bar for each figure; and bar charts, a group of bars for each row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from tools.grafana.frames import Field, Frame

from .. import theme
from ..axes import Scale, labels, nice
from ..box import Box
from ..legend import Entry, draw_legend, height_of
from ..reduced import reductions
from ..svg import Drawing, text_width
from ..units import of


def draw_gauges(drawing: Drawing, box: Box, panel: dict[str, Any], frames: Sequence[Frame]) -> int:
    """Draw a bar gauge; return the number of bars."""
    found = reductions(frames, panel.get("options") or {})
    if not found:
        return 0
    greatest = max((value for _, value, _ in found if isinstance(value, float)), default=1.0) or 1.0
    height = min(box.h / len(found), 44.0)
    names = min(max(text_width(one.shown, 12) for one, _, _ in found) + 12, box.w * 0.45)
    figures = max(text_width(of(value, one.config), 12.5) for one, value, _ in found) + 12
    for number, (one, value, _) in enumerate(found):
        bar = Box(box.x + names, box.y + number * height + 3, box.w - names - figures, height - 6)
        ink = theme.of_series(number, one.config, value)
        room = one.config.get("max") or greatest
        middle = bar.y + bar.h / 2 + 4
        drawing.text(box.x, middle, one.shown, theme.TEXT, size=12, width=names - 8)
        drawing.rect(bar.x, bar.y, bar.w, bar.h, theme.GRID, radius=2)
        drawing.rect(bar.x, bar.y, bar.w * min(value / room, 1), bar.h, ink, radius=2)
        drawing.text(box.right, middle, of(value, one.config), ink, size=12.5, anchor="end")
    return len(found)


def draw_chart(drawing: Drawing, box: Box, panel: dict[str, Any], frames: Sequence[Frame]) -> int:
    """Draw a bar chart; return the number of bars."""
    if not frames or not len(frames[0]):
        return 0
    options, frame = panel.get("options") or {}, frames[0]
    named = next((one for one in frame.fields if one.name == options.get("xField")), None)
    named = named or next(one for one in frame.fields if one.kind in ("string", "time"))
    groups = [_name(named, value) for value in named.values]
    series = [one for one in frame.of_kind("number") if one is not named]
    stacked = options.get("stacking") == "normal"
    entries = [Entry(one.shown, theme.of_series(number, one.config)) for number, one in enumerate(series)]
    legend = options.get("legend") or {}
    below = height_of(entries, legend, box.w, box.h)
    horizontal = options.get("orientation") == "horizontal"
    values = [[value or 0.0 for value in one.values] for one in series]
    highest = max(map(sum, zip(*values, strict=True))) if stacked else max(max(one) for one in values)
    draw = _horizontal if horizontal else _vertical
    draw(drawing, box.inside(top=4, bottom=below), groups, series, values, highest, stacked)
    draw_legend(drawing, Box(box.x, box.bottom - below, box.w, below), entries)
    return sum(bool(value) for one in values for value in one)


def _name(field: Field, value: Any) -> str:
    if field.kind == "time":
        at = datetime.fromtimestamp(value, timezone.utc)
        return at.strftime("%H:%M" if at.hour or at.minute else "%m-%d")
    return f"{value:g}" if isinstance(value, float) else str(value)


def _vertical(
    drawing: Drawing, box: Box, groups: Sequence[str], series: Sequence[Field], values: Sequence[Sequence[float]],
    highest: float, stacked: bool,
) -> None:  # fmt: skip
    config = series[0].config
    marks = nice(0, highest, max(int(box.h / 40), 2))
    texts = labels(marks, config.get("unit", ""), config.get("decimals"))
    plot = box.inside(left=max(text_width(text, 10.5) for text in texts) + 10, bottom=18)
    y = Scale(0, marks[-1], plot.bottom, plot.y)
    for mark, text in zip(marks, texts, strict=True):
        drawing.line(plot.x, y(mark), plot.right, y(mark), theme.GRID)
        drawing.text(plot.x - 6, y(mark) + 3.5, text, theme.MUTED, size=10.5, anchor="end")
    room = plot.w / len(groups)
    every = max(int(max(text_width(one, 10.5) for one in groups) / room) + 1, 1)
    for at, name in enumerate(groups):
        if at % every == 0:
            drawing.text(plot.x + (at + 0.5) * room, plot.bottom + 14, name, theme.MUTED, size=10.5, anchor="middle")
        foot = 0.0
        for number, one in enumerate(series):
            value = values[number][at]
            width = room * 0.76 / (1 if stacked else len(series))
            x = plot.x + at * room + room * 0.12 + (0 if stacked else number * width)
            drawing.rect(
                x, y(foot + value), width, y(foot) - y(foot + value), theme.of_series(number, one.config, value)
            )
            foot += value if stacked else 0


def _horizontal(
    drawing: Drawing, box: Box, groups: Sequence[str], series: Sequence[Field], values: Sequence[Sequence[float]],
    highest: float, stacked: bool,
) -> None:  # fmt: skip
    names = min(max(text_width(name, 11) for name in groups) + 12, box.w * 0.4)
    plot = box.inside(left=names, right=50)
    room = plot.h / len(groups)
    x = Scale(0, highest or 1, plot.x, plot.right)
    for at, name in enumerate(groups):
        middle = plot.y + (at + 0.5) * room + 4
        drawing.text(plot.x - 8, middle, name, theme.TEXT, size=11, anchor="end", width=names - 10)
        foot = 0.0
        for number, one in enumerate(series):
            value = values[number][at]
            height = room * 0.72 / (1 if stacked else len(series))
            y = plot.y + at * room + room * 0.14 + (0 if stacked else number * height)
            drawing.rect(x(foot), y, x(foot + value) - x(foot), height, theme.of_series(number, one.config, value))
            foot += value if stacked else 0
        if stacked or len(series) == 1:
            total = sum(one[at] for one in values)
            drawing.text(x(total) + 6, middle, of(total, series[0].config), theme.MUTED, size=10.5)
