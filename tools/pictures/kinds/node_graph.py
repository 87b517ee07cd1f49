"""Graphs of nodes and edges: each node in the column that the longest way to it without a turn back leads to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tools.grafana.frames import Frame

from .. import theme
from ..box import Box
from ..svg import Drawing
from ..units import of

_RADIUS = 15.0

Edge = tuple[str, str, float | None]


def draw(drawing: Drawing, box: Box, panel: dict[str, Any], frames: Sequence[Frame]) -> int:
    """Draw nodes and edges; return the number of both."""
    edges = [edge for frame in frames for edge in _edges(frame)]
    columns = _columns(edges)
    places = _places(columns, box)
    options = panel.get("options") or {}
    config = {"unit": (options.get("edges") or {}).get("mainStatUnit")}
    for source, target, value in edges:
        _edge(drawing, places[source], places[target], of(value, config))
    for name, (x, y) in places.items():
        arriving = [value or 0.0 for _, target, value in edges if target == name]
        drawing.dot(x, y, _RADIUS, theme.NAMED["blue"])
        drawing.dot(x, y, _RADIUS - 2, theme.PANEL)
        if arriving:
            drawing.text(x, y + 4, of(sum(arriving), config), theme.TEXT, size=9.5, anchor="middle")
        drawing.text(x, y + _RADIUS + 12, name, theme.TEXT, size=10, anchor="middle", width=box.w / len(columns))
    return len(edges) + len(places)


def _edges(frame: Frame) -> list[Edge]:
    fields = {one.name: one.values for one in frame.fields}
    return list(zip(fields["source"], fields["target"], fields["mainstat"], strict=True))


def _columns(edges: Sequence[Edge]) -> list[list[str]]:
    """Return the names of nodes by column. An edge that leads back to a node before it counts for none."""
    followers: dict[str, list[str]] = {}
    for source, target, _ in edges:
        followers.setdefault(source, []).append(target)
        followers.setdefault(target, [])
    first = [name for name in followers if not any(target == name != source for source, target, _ in edges)]
    depth: dict[str, int] = {}

    def visit(name: str, at: int, above: frozenset[str]) -> None:
        if name in above or depth.get(name, -1) >= at:
            return
        depth[name] = at
        for follower in followers[name]:
            visit(follower, at + 1, above | {name})

    for name in [*first, *followers]:
        if name in first or name not in depth:
            visit(name, 0, frozenset())
    columns: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name, at in sorted(depth.items()):
        columns[at].append(name)
    return [column for column in columns if column]


def _places(columns: Sequence[Sequence[str]], box: Box) -> Mapping[str, tuple[float, float]]:
    wide = box.w / max(len(columns), 1)
    return {
        name: (box.x + wide * (at + 0.5), box.y + box.h * (row + 0.5) / len(column))
        for at, column in enumerate(columns)
        for row, name in enumerate(column)
    }


def _edge(drawing: Drawing, begin: tuple[float, float], end: tuple[float, float], text: str) -> None:
    """Draw an arrow; one to its own node, or back, is bent upwards."""
    (x1, y1), (x2, y2) = begin, end
    bend = 46.0 if x2 <= x1 else 0.0
    loop = begin == end
    control = ((x1 + x2) / 2, (y1 + y2) / 2 - 2 * bend)
    if loop:
        x1, x2 = x1 - _RADIUS / 2, x2 + _RADIUS / 2
    points = [_on_curve((x1, y1), control, (x2, y2), step / 16) for step in range(17)]
    outside = [each for each in points if min(math.dist(each, begin), math.dist(each, end)) > _RADIUS]
    if len(outside) < 2:
        return
    drawing.path(outside, theme.FAINT)
    tip, before = outside[-1], outside[-2]
    angle = math.atan2(tip[1] - before[1], tip[0] - before[0])
    wings = [(tip[0] - 7 * math.cos(angle + turn), tip[1] - 7 * math.sin(angle + turn)) for turn in (-0.4, 0.4)]
    drawing.path([wings[0], tip, wings[1]], theme.MUTED)
    middle = outside[len(outside) // 2]
    drawing.text(middle[0], middle[1] - 4, text, theme.MUTED, size=9.5, anchor="middle")


def _on_curve(
    begin: tuple[float, float], control: tuple[float, float], end: tuple[float, float], at: float
) -> tuple[float, float]:
    one, two, three = (1 - at) ** 2, 2 * at * (1 - at), at**2
    return one * begin[0] + two * control[0] + three * end[0], one * begin[1] + two * control[1] + three * end[1]
