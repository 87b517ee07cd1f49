"""The legend under a graph: a list, or a table where it has figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import theme
from .box import Box
from .svg import Drawing, text_width

_LINE = 17.0
_SIZE = 11.0
_FIGURE = 74.0


@dataclass(frozen=True)
class Entry:
    """One series: its name, its colour, and titles and texts of figures."""

    name: str
    colour: str
    figures: Sequence[tuple[str, str]] = ()


def height_of(entries: Sequence[Entry], options: Mapping[str, Any], width: float, height: float) -> float:
    """Return the height of the legend, at most a third of the panel."""
    if not options.get("showLegend", True):
        return 0.0
    lines = len(entries) + 1 if _is_table(entries) else len(_lines(entries, width))
    return min(lines, max(int(height * 0.4 / _LINE), 1)) * _LINE + 4


def _is_table(entries: Sequence[Entry]) -> bool:
    return any(one.figures for one in entries)


def _lines(entries: Sequence[Entry], width: float) -> list[list[Entry]]:
    lines: list[list[Entry]] = [[]]
    used = 0.0
    for one in entries:
        room = text_width(one.name, _SIZE) + 34
        if lines[-1] and used + room > width:
            lines.append([])
            used = 0.0
        lines[-1].append(one)
        used += room
    return lines


def draw_legend(drawing: Drawing, box: Box, entries: Sequence[Entry]) -> None:
    """Draw it. Where there is no room for all, the last line says how many more there are."""
    if box.h <= 0:
        return
    room = max(int((box.h - 4) / _LINE), 1)
    if _is_table(entries):
        _table(drawing, box, entries, room)
        return
    lines = _lines(entries, box.w)
    y = box.y + 14
    for number, line in enumerate(lines[:room]):
        x = box.x
        hidden = sum(len(rest) for rest in lines[room:])
        for one in line:
            _name(drawing, x, y, one, box.right - x - 16)
            x += text_width(one.name, _SIZE) + 34
        if number == room - 1 and hidden:
            drawing.text(box.right, y, f"+{hidden}", theme.FAINT, size=_SIZE, anchor="end")
        y += _LINE


def _table(drawing: Drawing, box: Box, entries: Sequence[Entry], room: int) -> None:
    titles = [title for title, _ in entries[0].figures]
    y = box.y + 12
    drawing.text(box.x, y, "Name", theme.LINK, size=_SIZE - 0.5)
    for number, title in enumerate(titles):
        right = box.right - (len(titles) - 1 - number) * _FIGURE
        drawing.text(right, y, title, theme.LINK, size=_SIZE - 0.5, anchor="end")
    shown = entries[: max(room - 1, 1)]
    for one in shown:
        y += _LINE
        _name(drawing, box.x, y, one, box.w - len(titles) * _FIGURE - 20)
        for number, (_, text) in enumerate(one.figures):
            right = box.right - (len(titles) - 1 - number) * _FIGURE
            drawing.text(right, y, text, theme.TEXT, size=_SIZE, anchor="end")
    if len(entries) > len(shown):
        drawing.text(box.x + 40, box.y + 12, f"+{len(entries) - len(shown)} more", theme.FAINT, size=_SIZE - 0.5)


def _name(drawing: Drawing, x: float, y: float, one: Entry, width: float) -> None:
    drawing.rect(x, y - 5.5, 14, 4, one.colour, radius=2)
    drawing.text(x + 20, y, one.name, theme.TEXT, size=_SIZE, width=max(width, 20))
