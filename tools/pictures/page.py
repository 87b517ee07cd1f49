"""A whole dashboard: its title, the choice of variables, and each panel at its position on the grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tools.grafana.frames import Frame
from tools.grafana.model import Target
from tools.grafana.session import Session
from tools.grafana.shaping import shaped

from . import theme
from .box import Box
from .kinds import bands, bars, heatmap, lines, node_graph, stat, table, timeseries, waterfall
from .svg import Drawing, text_width
from .units import moment

WIDTH = 1240.0
_MARGIN, _GAP, _TOP = 12.0, 8.0, 84.0
_CELL = 30.0
"""Grafana's: a panel of the height n is n times as high, and the gaps in between."""

_SAMPLES = 60


def draw(session: Session, hidden: Mapping[str, str] | None = None) -> tuple[str, dict[int, int]]:
    """Draw a dashboard with the choice of a session.

    Parameters
    ----------
    hidden:
        Texts, such as paths of the machine that it is drawn on, and their replacements.

    Returns
    -------
    SVG, and for each panel but rows, by its id, how many things were drawn in it: series, cells, lines.
    """
    panels = list(session.dashboard.panels())
    bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels)
    drawing = Drawing(WIDTH, _TOP + bottom * (_CELL + _GAP) + _MARGIN)
    drawing.rect(0, 0, drawing.width, drawing.height, theme.PAGE)
    _head(drawing, session)
    drawn: dict[int, int] = {}
    for panel in panels:
        box = _box(panel["gridPos"])
        with drawing.group(id=f"panel-{panel['id']}"):
            if panel["type"] == "row":
                drawing.path([(box.x + 4, box.y + 12), (box.x + 9, box.y + 18), (box.x + 14, box.y + 12)], theme.TEXT)
                drawing.text(box.x + 24, box.y + 21, panel["title"], theme.TEXT, size=15, weight=500)
            else:
                drawn[panel["id"]] = _panel(drawing, box, panel, session, hidden or {})
    return drawing.svg(), drawn


def _box(position: Mapping[str, int]) -> Box:
    column = (WIDTH - 2 * _MARGIN + _GAP) / 24
    return Box(
        _MARGIN + position["x"] * column,
        _TOP + position["y"] * (_CELL + _GAP),
        position["w"] * column - _GAP,
        position["h"] * (_CELL + _GAP) - _GAP,
    )


def _head(drawing: Drawing, session: Session) -> None:
    drawing.text(_MARGIN + 2, 30, session.dashboard.title, theme.TEXT, size=19, weight=500)
    began, until = (moment(at) for at in (session.began, session.until))
    if session.until - session.began < 86400:
        until = until[11:]
    drawing.text(WIDTH - _MARGIN, 29, f"{began} to {until} UTC", theme.MUTED, size=12, anchor="end")
    x = _MARGIN
    for variable in session.dashboard.variables:
        value = session.chosen[variable["name"]]
        shown = "All" if value.all else " + ".join(value.values)
        shown = (variable.get("current") or {}).get("text", shown) if variable["type"] == "datasource" else shown
        label = variable.get("label") or variable["name"]
        wide = text_width(label, 11.5) + 16, max(text_width(str(shown), 11.5), 30) + 18
        if variable.get("hide") == 2 or x + sum(wide) > WIDTH - _MARGIN:
            continue
        drawing.rect(x, 46, wide[0], 25, theme.HEADER, radius=2)
        drawing.text(x + 8, 63, label, theme.TEXT, size=11.5, weight=500)
        drawing.rect(x + wide[0], 46, wide[1], 25, theme.PAGE, stroke=theme.BORDER, radius=2)
        drawing.text(x + wide[0] + 8, 63, str(shown), theme.TEXT, size=11.5)
        x += sum(wide) + 10


def _panel(drawing: Drawing, box: Box, panel: dict[str, Any], session: Session, hidden: Mapping[str, str]) -> int:
    drawing.rect(box.x, box.y, box.w, box.h, theme.PANEL, stroke=theme.BORDER, radius=2)
    title = session.text(panel["title"])
    drawing.text(box.x + 10, box.y + 20, title, theme.TEXT, size=13, weight=500, width=box.w - 20)
    inside = box.inside(left=10, top=31, right=10, bottom=8)
    targets = [Target(one, panel) for one in panel.get("targets") or [] if not one.get("hide")]
    asked = [frame for target in targets for frame in session.ask(target)]
    _hide(asked, hidden)
    frames = shaped(panel, asked)
    with drawing.clip(box.x, box.y, box.w, box.h):
        drawn = _inside(drawing, inside, panel, frames, session, targets)
        if not drawn:
            text = panel.get("fieldConfig", {}).get("defaults", {}).get("noValue") or "No data"
            middle = inside.x + inside.w / 2
            drawing.text(middle, inside.y + inside.h / 2, text, theme.MUTED, size=14, anchor="middle", width=inside.w)
    return drawn


def _hide(frames: Sequence[Frame], hidden: Mapping[str, str]) -> None:
    for one in (one for frame in frames for one in frame.of_kind("string")):
        for text, instead in hidden.items():
            one.values = [value.replace(text, instead) if isinstance(value, str) else value for value in one.values]


def _inside(
    drawing: Drawing, box: Box, panel: dict[str, Any], frames: Sequence[Frame], session: Session,
    targets: Sequence[Target],
) -> int:  # fmt: skip
    kind, span = panel["type"], (session.began, session.until)
    if kind == "timeseries":
        return timeseries.draw(drawing, box, panel, frames, span, _exemplars(session, targets))
    if kind == "trend":
        return timeseries.draw_trend(drawing, box, panel, frames)
    if kind == "heatmap":
        return heatmap.draw(drawing, box, panel, frames, span)
    if kind == "state-timeline":
        return bands.draw(drawing, box, panel, frames, span)
    if kind == "text":
        return lines.draw_text(drawing, box, panel)
    return _KINDS[kind](drawing, box, panel, frames)


_KINDS = {
    "stat": stat.draw,
    "table": table.draw,
    "bargauge": bars.draw_gauges,
    "barchart": bars.draw_chart,
    "logs": lines.draw_logs,
    "traces": waterfall.draw,
    "nodeGraph": node_graph.draw,
}


def _exemplars(session: Session, targets: Sequence[Target]) -> list[timeseries.Point]:
    """Return the times and values of exemplars, thinned to those that a picture can separate."""
    found: list[timeseries.Point] = []
    for target in targets:
        if target.promql and target.model.get("exemplar"):
            expression, _ = session.promql(target)
            for series in session.prometheus.exemplars(expression, session.began, session.until):
                found += [(float(one["timestamp"]), float(one["value"])) for one in series["exemplars"]]
    found = sorted(set(found))
    return found[:: max(len(found) // _SAMPLES, 1)]
