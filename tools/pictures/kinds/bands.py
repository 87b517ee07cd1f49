"""State timelines: a band for each series, coloured by the value that it had when."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from tools.grafana.frames import Frame

from .. import theme
from ..axes import time_axis
from ..box import Box
from ..legend import Entry, draw_legend
from ..svg import Drawing, text_width
from ..units import mapped, of


def draw(drawing: Drawing, box: Box, _: dict[str, Any], frames: Sequence[Frame], span: tuple[float, float]) -> int:
    """Draw the panel; return the number of bands."""
    bands = [(frame.fields[0].values, one) for frame in frames for one in frame.of_kind("number")]
    if not bands:
        return 0
    names = max(text_width(one.shown, 11) for _, one in bands) + 10
    plot = box.inside(left=min(names, box.w * 0.3), top=2, bottom=40)
    height = plot.h / len(bands)
    x = time_axis(drawing, plot, *span)
    seen: dict[str, str] = {}
    for number, (times, one) in enumerate(bands):
        y = plot.y + number * height
        drawing.text(plot.x - 8, y + height / 2 + 4, one.shown, theme.TEXT, size=11, anchor="end")
        step = min((after - before for before, after in pairwise(times)), default=span[1] - span[0])
        began, state = times[0], one.values[0]
        for at, value in [*zip(times[1:], one.values[1:], strict=True), (times[-1] + step, object())]:
            if value == state and at - began < 1e9:
                continue
            text, ink = _state(state, one.config)
            if text:
                seen[text] = ink
                drawing.rect(
                    x(began), y + height * 0.08, x(min(at, span[1])) - x(began), height * 0.84, ink, opacity=0.75
                )
            began, state = at, value
    draw_legend(drawing, Box(box.x, box.bottom - 20, box.w, 20), [Entry(text, ink) for text, ink in seen.items()])
    return len(bands)


def _state(value: Any, config: dict[str, Any]) -> tuple[str, str]:
    if value is None:
        return "", ""
    found = mapped(value, config)
    ink = theme.of_threshold(value, config.get("thresholds") or {})
    return (found[0], theme.colour(found[1]) if found[1] else ink) if found else (of(value, config), ink)
