"""Tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tools.grafana.frames import Field, Frame

from .. import theme
from ..box import Box
from ..svg import Drawing, text_width
from ..units import mapped, moment, of

_LINE = 27.0
_SIZE = 11.5
_LEAST = 95.0


def draw(drawing: Drawing, box: Box, panel: dict[str, Any], frames: Sequence[Frame]) -> int:
    """Draw as many rows as there is room for; return the number of cells with something in them."""
    if not frames or not len(frames[0]) or not frames[0].fields:
        return 0
    frame, fields = frames[0], frames[0].fields
    order = _order(frame, panel)
    room = max(int((box.h - _LINE) / _LINE), 1)
    shown = order[:room]
    widths = _widths(fields, order, box.w)
    drawing.rect(box.x, box.y, box.w, _LINE, theme.HEADER)
    drawn = 0
    x = box.x
    for one, width in zip(fields, widths, strict=True):
        right = one.kind == "number"
        at = x + width - 8 if right else x + 8
        anchor = "end" if right else "start"
        drawing.text(at, box.y + 18, one.shown, theme.LINK, size=_SIZE, anchor=anchor, weight=500, width=width - 12)
        greatest = max((value for value in one.values if isinstance(value, float)), default=0.0)
        for line, row in enumerate(shown):
            cell = Box(x, box.y + _LINE * (line + 1), width, _LINE)
            drawn += _cell(drawing, cell, one, one.values[row], greatest)
        x += width
    for line in range(1, len(shown) + 1):
        y = box.y + _LINE * (line + 1)
        drawing.line(box.x, y, box.right, y, theme.GRID)
    if len(order) > len(shown):
        drawing.text(box.right - 4, box.y - 8, f"{len(order)} rows", theme.FAINT, size=10.5, anchor="end")
    return drawn


def _order(frame: Frame, panel: dict[str, Any]) -> list[int]:
    rows = list(range(len(frame)))
    for sort in (panel.get("options") or {}).get("sortBy") or []:
        for one in frame.fields:
            if sort["displayName"] in (one.name, one.shown):
                rows.sort(key=lambda row: _key(one.values[row]), reverse=bool(sort.get("desc")))
    return rows


def _key(value: Any) -> tuple[int, Any]:
    return (0, 0) if value is None else (1, value) if isinstance(value, float) else (2, str(value))


def _widths(fields: Sequence[Field], order: Sequence[int], width: float) -> list[float]:
    fixed = [(one.config.get("custom") or {}).get("width") for one in fields]
    wanted = [
        fix or max(
            text_width(one.shown, _SIZE) + 24,
            min(max((text_width(_text(one, one.values[row]), _SIZE) for row in order[:40]), default=0) + 20, 340),
            140 if _is_gauge(one) else 0,
        )
        for one, fix in zip(fields, fixed, strict=True)
    ]  # fmt: skip
    scale = width / sum(wanted)
    if scale < 1:  # at the cost of long texts first
        texts = [number for number, one in enumerate(fields) if one.kind != "number" and wanted[number] > _LEAST]
        over = sum(wanted) - width
        spare = sum(wanted[number] - _LEAST for number in texts)
        for number in texts:
            wanted[number] -= (wanted[number] - _LEAST) * min(over / spare, 1)
        return [one * width / sum(wanted) for one in wanted]
    if all(fixed):
        return [one * scale for one in wanted]
    spare = (width - sum(wanted)) / sum(not fix for fix in fixed)
    return [one if fix else one + spare for one, fix in zip(wanted, fixed, strict=True)]


def _is_gauge(one: Field) -> bool:
    return ((one.config.get("custom") or {}).get("cellOptions") or {}).get("type") == "gauge"


def _text(one: Field, value: Any) -> str:
    mapping = mapped(value, one.config)
    if mapping:
        return mapping[0]
    if one.kind == "time" and value is not None:
        return moment(value)
    return " ".join(of(value, one.config).split())


def _cell(drawing: Drawing, cell: Box, one: Field, value: Any, greatest: float) -> int:
    text = _text(one, value)
    if not text:
        return 0
    options = (one.config.get("custom") or {}).get("cellOptions") or {}
    ink, mapping = theme.TEXT, mapped(value, one.config)
    coloured = options.get("type") in ("color-text", "color-background", "gauge")
    if mapping and mapping[1]:
        ink = theme.colour(mapping[1])
    elif coloured and isinstance(value, float):
        ink = theme.of_threshold(value, one.config.get("thresholds") or {})
    elif one.config.get("links"):
        ink = theme.LINK
    if _is_gauge(one) and isinstance(value, float):
        bar, room = cell.inside(8, 7, 8 + 62, 7), one.config.get("max") or greatest
        colour = ink if ink != theme.TEXT else theme.NAMED["blue"]
        drawing.rect(bar.x, bar.y, bar.w, bar.h, theme.GRID, radius=2)
        drawing.rect(bar.x, bar.y, bar.w * min(max(value / room, 0), 1) if room else 0, bar.h, colour, radius=2)
    right = one.kind == "number"
    at = cell.right - 8 if right else cell.x + 8
    anchor = "end" if right else "start"
    drawing.text(at, cell.y + 18, text, ink, size=_SIZE, anchor=anchor, width=cell.w - 12)
    return 1
