"""One trace: its spans, each where it began and as long as it took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tools.grafana.frames import Frame

from .. import theme
from ..axes import Scale, nice
from ..box import Box
from ..svg import Drawing
from ..units import written

_LINE = 24.0


def draw(drawing: Drawing, box: Box, _: dict[str, Any], frames: Sequence[Frame]) -> int:
    """Draw as many spans as there is room for, children below their parents; return their number."""
    if not frames or not len(frames[0]):
        return 0
    spans = [dict(zip((one.name for one in frames[0].fields), row, strict=True)) for row in _rows(frames[0])]
    began = min(_start(one) for one in spans)
    length = max(_start(one) + one["duration"] for one in spans) - began or 1.0
    root = next((one for one in spans if not one["parentSpanID"]), spans[0])
    title = f"{root['serviceName']}: {root['operationName']}"
    drawing.text(box.x, box.y + 14, title, theme.TEXT, size=14, weight=500, width=box.w * 0.6)
    told = f"{root['traceID']} · {written(length, 'ms')} · {len(spans)} spans"
    drawing.text(box.right, box.y + 14, told, theme.MUTED, size=11, anchor="end")
    names = box.w * 0.36
    plot = box.inside(left=names, top=44)
    x = Scale(0, length, plot.x, plot.right - 4)
    for mark in nice(0, length, 5):
        if mark <= length:
            drawing.line(x(mark), box.y + 38, x(mark), box.bottom, theme.GRID)
            drawing.text(x(mark) + 3, box.y + 36, written(mark, "ms"), theme.MUTED, size=10.5)
    drawing.text(box.x, box.y + 36, "Service & operation", theme.MUTED, size=10.5)
    ordered = _ordered(spans)
    room = int(plot.h / _LINE)
    for number, (one, depth) in enumerate(ordered[:room]):
        y = plot.y + number * _LINE
        failed = _failed(one)
        ink = "#b877d9" if depth == 0 else theme.CLASSIC[(depth * 2) % len(theme.CLASSIC)]
        left = box.x + 6 + depth * 14
        drawing.rect(left - 6, y + 3, 2.5, _LINE - 6, ink)
        mark = "⚠ " if failed else ""
        name = mark + one["operationName"]
        drawing.text(left, y + 16, name, theme.colour("red") if failed else theme.TEXT, size=11.5,
                     width=names - (left - box.x) - 10)  # fmt: skip
        start, width = x(_start(one) - began), max(x(one["duration"]) - x(0), 1.5)
        drawing.rect(start, y + 6, width, _LINE - 12, ink, radius=1.5)
        text, after = written(one["duration"], "ms"), start + width + 6
        if after < plot.right - 60:
            drawing.text(after, y + 16, text, theme.MUTED, size=10.5)
        elif width > 60:
            drawing.text(start + 6, y + 16, text, theme.PAGE, size=10.5, weight=500)
        else:
            drawing.text(start - 6, y + 16, text, theme.MUTED, size=10.5, anchor="end")
    return min(len(ordered), room)


def _rows(frame: Frame) -> list[tuple[Any, ...]]:
    return list(zip(*(one.values for one in frame.fields), strict=True))


def _start(span: dict[str, Any]) -> float:
    """In milliseconds: a time is in seconds here, a number as the plugin has it."""
    value = float(span["startTime"])
    return value * 1000 if value < 1e11 else value


def _failed(span: dict[str, Any]) -> bool:
    if "statusCode" in span:
        return str(span["statusCode"]) in ("2", "2.0", "Error", "STATUS_CODE_ERROR")
    return any(tag.get("key") == "error.type" for tag in span.get("tags") or [] if isinstance(tag, dict))


def _ordered(spans: list[dict[str, Any]]) -> list[tuple[dict[str, Any], int]]:
    known = {one["spanID"] for one in spans}
    children: dict[str, list[dict[str, Any]]] = {}
    for one in spans:
        children.setdefault(one["parentSpanID"] if one["parentSpanID"] in known else "", []).append(one)
    found: list[tuple[dict[str, Any], int]] = []

    def visit(parent: str, depth: int) -> None:
        for one in sorted(children.get(parent, []), key=_start):
            found.append((one, depth))
            visit(one["spanID"], depth + 1)

    visit("", 0)
    return found
