"""A dashboard: rows of panels, each placed on the grid, as Grafana's JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .style import TAG, WIDTH, Json

# Grafana 11's; a newer Grafana migrates it when it is loaded.
_SCHEMA = 41


@dataclass(frozen=True)
class Panel:
    """One panel, before it is placed on the grid.

    Parameters
    ----------
    width, height:
        In units of the grid, which has 24 columns.
    model:
        Grafana's JSON, without ``id`` and ``gridPos``.
    """

    width: int
    height: int
    model: Json


@dataclass(frozen=True)
class Row:
    """A heading, and panels from left to right; a panel that does not fit goes into the next line.

    Parameters
    ----------
    title:
        The heading's.
    panels:
        In the order that they are read in.
    """

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Board:
    """One dashboard.

    Parameters
    ----------
    uid:
        Its address and its file's name.
    title, description:
        Its heading, and the questions that it answers.
    variables:
        Those of :mod:`tools.dashboards.variables`.
    rows:
        From top to bottom.
    since:
        Where the time range begins.
    refresh:
        How often Grafana repeats its queries; empty for never.
    """

    uid: str
    title: str
    description: str
    variables: Sequence[Json]
    rows: Sequence[Row]
    since: str = "now-1h"
    refresh: str = "30s"
    annotations: Sequence[Json] = field(default=())

    def model(self) -> Json:
        """Return Grafana's JSON, whose ids of panels are in order."""
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": [TAG],
            "schemaVersion": _SCHEMA,
            "version": 1,
            "editable": True,
            "fiscalYearStartMonth": 0,
            "graphTooltip": 1,  # one crosshair for all panels
            "liveNow": False,
            "preload": False,
            "time": {"from": self.since, "to": "now"},
            "timepicker": {},
            "timezone": "browser",
            "weekStart": "",
            "refresh": self.refresh,
            "annotations": {"list": [_BUILT_IN, *self.annotations]},
            "links": [_OTHERS],
            "templating": {"list": list(self.variables)},
            "panels": [{"id": number, **panel} for number, panel in enumerate(self._positioned(), 1)],
        }

    def text(self) -> str:
        """Return the text of its file."""
        return json.dumps(self.model(), indent=2, ensure_ascii=False) + "\n"

    def _positioned(self) -> Iterator[Json]:
        top = 0
        for row in self.rows:
            position = {"x": 0, "y": top, "w": WIDTH, "h": 1}
            yield {"type": "row", "title": row.title, "collapsed": False, "gridPos": position, "panels": []}
            top += 1
            for line in _lines(row.panels):
                left = 0
                for panel in line:
                    position = {"x": left, "y": top, "w": panel.width, "h": panel.height}
                    yield {**panel.model, "gridPos": position}
                    left += panel.width
                top += max(panel.height for panel in line)


def _lines(panels: Sequence[Panel]) -> Iterator[list[Panel]]:
    line: list[Panel] = []
    for panel in panels:
        if sum(one.width for one in line) + panel.width > WIDTH:
            yield line
            line = []
        line.append(panel)
    if line:
        yield line


_BUILT_IN: Json = {
    "builtIn": 1,
    "datasource": {"type": "grafana", "uid": "-- Grafana --"},
    "enable": True,
    "hide": True,
    "iconColor": "rgba(0, 211, 255, 1)",
    "name": "Annotations & Alerts",
    "type": "dashboard",
}

_OTHERS: Json = {
    "type": "dashboards",
    "title": "argus-otel",
    "tags": [TAG],
    "asDropdown": False,
    "includeVars": True,
    "keepTime": True,
    "targetBlank": False,
    "icon": "external link",
    "tooltip": "",
    "url": "",
}
