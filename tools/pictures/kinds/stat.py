"""Single figures, each with its course behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tools.grafana.frames import Field, Frame

from .. import theme
from ..axes import Scale
from ..box import Box
from ..reduced import reductions
from ..svg import Drawing, text_width
from ..units import mapped, of


def draw(drawing: Drawing, box: Box, panel: dict[str, Any], frames: Sequence[Frame]) -> int:
    """Draw the panel; return the number of figures."""
    options = panel.get("options") or {}
    found = reductions(frames, options)
    if not found:
        return 0
    with_names = options.get("textMode") in ("value_and_name", "name") or len(found) > 1
    columns = _columns(len(found), box)
    rows = math.ceil(len(found) / columns)
    w, h = box.w / columns, box.h / rows
    for number, (one, value, course) in enumerate(found):
        tile = Box(box.x + number % columns * w, box.y + number // columns * h, w - 3, h - 3)
        _tile(drawing, tile, one, value, course if options.get("graphMode") == "area" else (), with_names)
    return len(found)


def _columns(count: int, box: Box) -> int:
    """The number of columns that makes tiles most like the shape of a figure, which is three times as wide as high."""
    shapes = {number: (box.w / number) / (box.h / math.ceil(count / number)) for number in range(1, count + 1)}
    return min(shapes, key=lambda number: abs(math.log(shapes[number] / 3)))


def _tile(drawing: Drawing, tile: Box, one: Field, value: Any, course: Sequence[float | None], with_name: bool) -> None:
    mapping = mapped(value, one.config)
    text = mapping[0] if mapping else of(value, one.config)
    ink = theme.colour(mapping[1]) if mapping and mapping[1] else theme.of_series(0, one.config, value)
    if (one.config.get("color") or {}).get("mode") == "thresholds" and not (mapping and mapping[1]):
        ink = theme.of_threshold(value, one.config.get("thresholds") or {})
    _course(drawing, tile, course, ink)
    room = tile.h - (18 if with_name else 0)
    size = min(room * 0.62, 38.0)
    while size > 11 and text_width(text, size) > tile.w - 12:
        size -= 1
    middle = tile.x + tile.w / 2
    y = tile.y + (16 if with_name else 0) + room / 2 + size * (0.22 if course else 0.34)
    if with_name:
        drawing.text(middle, tile.y + 13, one.shown, theme.TEXT, size=11.5, anchor="middle", width=tile.w - 6)
    drawing.text(middle, y, text, ink, size=size, anchor="middle", weight=500)


def _course(drawing: Drawing, tile: Box, course: Sequence[float | None], ink: str) -> None:
    values = [value for value in course if value is not None]
    if len(values) < 3:
        return
    low, high = min(values), max(values)
    if high == low:
        low, high = low - 1, high + 1
    y = Scale(low, high, tile.bottom - 2, tile.bottom - tile.h * 0.3)
    x = Scale(0, len(course) - 1, tile.x, tile.right)
    step = max(len(course) // 80, 1)
    points = [(x(at), y(value)) for at, value in enumerate(course) if value is not None and at % step == 0]
    if len(points) > 1:
        floor = [(points[-1][0], tile.bottom), (points[0][0], tile.bottom)]
        drawing.path([*points, *floor], fill=ink, opacity=0.13)
        drawing.path(points, ink, width=1.1)
