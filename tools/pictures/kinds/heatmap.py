"""The buckets of a histogram over time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from tools.grafana.frames import Frame

from .. import theme
from ..axes import time_axis
from ..box import Box
from ..svg import Drawing, text_width
from ..units import written

_EMPTY, _LOW, _HIGH = "#1f2228", "#4a2a12", "#ffb357"


def draw(drawing: Drawing, box: Box, panel: dict[str, Any], frames: Sequence[Frame], span: tuple[float, float]) -> int:
    """Draw a row for each bucket, the lowest at the bottom; return the number of cells with something in them.

    Each frame counts its bucket and all below; a cell shows the difference.
    """
    options = panel.get("options") or {}
    unit = (options.get("yAxis") or {}).get("unit", "")
    buckets = [(frame.fields[1].labels.get("le", frame.fields[1].shown), _by_time(frame)) for frame in frames]
    times = sorted({at for _, values in buckets for at in values})
    if not buckets or not times:
        return 0
    cells: dict[tuple[int, float], float] = {}
    for row, (_, values) in enumerate(buckets):
        below = buckets[row - 1][1] if row else {}
        for at in times:
            cells[row, at] = max((values.get(at) or 0.0) - (below.get(at) or 0.0), 0.0)
    used = [row for row in range(len(buckets)) if any(cells[row, at] > 1e-9 for at in times)]
    if not used:
        return 0
    rows = range(min(used), max(used) + 1)
    names = [f"≤ {written(float(edge), unit)}" if edge != "+Inf" else "more" for edge, _ in buckets]
    gutter = max(text_width(names[row], 10.5) for row in rows) + 10
    plot = box.inside(left=gutter, top=4, bottom=20)
    height = plot.h / len(rows)
    x = time_axis(drawing, plot, *span)
    step = min((after - before for before, after in pairwise(times)), default=span[1] - span[0])
    highest = max(cells.values()) or 1.0
    drawn = 0
    for number, row in enumerate(rows):
        y = plot.bottom - (number + 1) * height
        every = max(int(14 / height) + 1, 1)
        if number % every == 0:
            drawing.text(plot.x - 6, y + height / 2 + 3.5, names[row], theme.MUTED, size=10.5, anchor="end")
        drawn += _row(drawing, x, [(at, cells[row, at]) for at in times], step, y, height, highest)
    return drawn


def _by_time(frame: Frame) -> dict[float, float | None]:
    return dict(zip(frame.fields[0].values, frame.fields[1].values, strict=True))


def _row(
    drawing: Drawing, x: Any, cells: list[tuple[float, float]], step: float, y: float, height: float, most: float
) -> int:
    """Draw one bucket's cells; those that follow each other in the same shade are one rectangle."""
    drawn, runs = 0, []
    for at, value in cells:
        if value <= 1e-9:
            continue
        drawn += 1
        shade = round((value / most) ** 0.5 * 12)
        if runs and runs[-1][2] == shade and abs(runs[-1][1] - at) < step / 2:
            runs[-1][1] = at + step
        else:
            runs.append([at, at + step, shade])
    for began, until, shade in runs:
        colour = theme.shade(_LOW, _HIGH, shade / 12)
        drawing.rect(x(began) - (x(began + step) - x(began)), y + 0.5, x(until) - x(began) - 0.4, height - 1, colour)
    return drawn
