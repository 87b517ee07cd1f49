"""One function for each kind of panel. Each takes a title, a description, and targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from . import style
from .board import Panel
from .style import COUNT, Json

_REF_IDS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

Targets = Sequence[Json]


@dataclass(frozen=True)
class Column:
    """How one column of a table is shown.

    Parameters
    ----------
    title:
        Its heading; the field's own name where empty.
    unit:
        Of its values.
    links:
        Where a click leads.
    thresholds:
        Colour the text of its cells.
    bar:
        Draw the value as a bar, from 0 to ``maximum``, or else to the column's greatest.
    maximum:
        Of the bar.
    decimals:
        How many are shown; as many as Grafana thinks fit where ``None``.
    width:
        In pixels.
    mappings:
        Texts that are shown in place of some values.
    """

    title: str = ""
    unit: str = ""
    links: Sequence[Json] = ()
    thresholds: Json | None = None
    bar: bool = False
    maximum: float | None = None
    decimals: int | None = None
    width: int = 0
    mappings: Sequence[Json] = ()


def timeseries(
    title: str,
    description: str,
    *targets: Json,
    unit: str = COUNT,
    width: int = 12,
    height: int = 8,
    minimum: float | None = 0,
    maximum: float | None = None,
    stacked: bool = False,
    bars: bool = False,
    calcs: Sequence[str] = ("mean", "max"),
    thresholds: Json | None = None,
    overrides: Sequence[Json] = (),
    links: Sequence[Json] = (),
    no_value: str = "",
) -> Panel:
    """Return lines over time, or with ``bars`` columns, on top of each other where ``stacked``.

    Parameters
    ----------
    minimum, maximum:
        The least ends of the axis; None to fit the values.
    calcs:
        Reductions in the legend, which is a table with them and a list without.
    thresholds:
        Drawn as lines, where given.
    no_value:
        The text that is shown if there are no series, where that is a good sign.
    """
    custom: Json = {
        "drawStyle": "bars" if bars else "line",
        "lineInterpolation": "linear",
        "lineWidth": 1,
        "fillOpacity": 60 if bars else 25 if stacked else 8,
        "gradientMode": "none",
        "showPoints": "never" if bars else "auto",
        "pointSize": 4,
        "spanNulls": False,
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
        "axisPlacement": "auto",
        "thresholdsStyle": {"mode": "off" if thresholds is None else "dashed"},
    }
    defaults = _defaults(unit, {"mode": "palette-classic"}, thresholds or style.FINE, no_value, links)
    defaults["custom"] = custom
    if minimum is not None:
        defaults["min"] = minimum
    if maximum is not None:
        defaults["max"] = maximum
    options = {"legend": style.legend(calcs=calcs), "tooltip": {"mode": "multi", "sort": "desc"}}
    return _panel("timeseries", title, description, targets, width, height, defaults, options, overrides=overrides)


def trend(
    title: str,
    description: str,
    target: Json,
    *,
    x: str,
    unit: str = COUNT,
    width: int = 12,
    height: int = 8,
    points: bool = False,
    overrides: Sequence[Json] = (),
    no_value: str = "",
) -> Panel:
    """Return lines over a number, such as a step, or with ``points`` a point for each value.

    Parameters
    ----------
    target:
        Its answer is a table, ordered by the field ``x``; each other field with numbers is a line.
    """
    custom: Json = {
        "drawStyle": "points" if points else "line",
        "lineInterpolation": "linear",
        "lineWidth": 1,
        "fillOpacity": 0,
        "showPoints": "auto",
        "pointSize": 7 if points else 4,
        "spanNulls": True,
        "axisPlacement": "auto",
    }
    defaults = _defaults(unit, {"mode": "palette-classic"}, style.FINE, no_value, ())
    defaults["custom"] = custom
    options: Json = {
        "xField": x,
        "legend": style.legend(calcs=("min", "max", "lastNotNull")),
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return _panel("trend", title, description, [target], width, height, defaults, options, overrides=overrides)


def stat(
    title: str,
    description: str,
    *targets: Json,
    unit: str = COUNT,
    width: int = 4,
    height: int = 4,
    thresholds: Json = style.PLAIN,
    decimals: int | None = None,
    mappings: Sequence[Json] = (),
    graph: bool = True,
    links: Sequence[Json] = (),
    no_value: str = "",
) -> Panel:
    """Return one figure, or one for each series, in the colour of its threshold.

    Parameters
    ----------
    graph:
        Draw its course behind the figure, where the target is over time.
    """
    defaults = _defaults(unit, {"mode": "thresholds"}, thresholds, no_value, links)
    if decimals is not None:
        defaults["decimals"] = decimals
    if mappings:
        defaults["mappings"] = list(mappings)
    options: Json = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "orientation": "auto",
        "textMode": "auto",
        "colorMode": "value",
        "graphMode": "area" if graph else "none",
        "justifyMode": "auto",
        "wideLayout": True,
        "showPercentChange": False,
    }
    return _panel("stat", title, description, targets, width, height, defaults, options)


def table(
    title: str,
    description: str,
    *targets: Json,
    columns: Mapping[str, Column],
    sort: str = "",
    ascending: bool = False,
    width: int = 24,
    height: int = 8,
    no_value: str = "",
) -> Panel:
    """Return a table.

    Parameters
    ----------
    targets:
        One row for each of the first one's; those of further ones are joined by the labels that they have in common.
    columns:
        By field, in the order that they are shown in; others are hidden. A target's values of Prometheus are
        the field ``Value`` where it is the only one, else ``Value #A``, ``Value #B`` and so on.
    sort:
        The heading of the column that is sorted by.
    ascending:
        The least first, and not the greatest.
    """
    shown = {name: column.title or name for name, column in columns.items()}
    transformations: list[Json] = [{"id": "merge", "options": {}}] if len(targets) > 1 else []
    transformations += [
        # By name, which leaves out the other fields of Prometheus, such as Time.
        {"id": "filterFieldsByName", "options": {"include": {"names": list(columns)}}},
        {
            "id": "organize",
            "options": {
                "excludeByName": {},
                "includeByName": {},
                "indexByName": {name: index for index, name in enumerate(columns)},
                "renameByName": {name: title for name, title in shown.items() if name != title},
            },
        },
    ]
    defaults = _defaults("", {"mode": "thresholds"}, style.PLAIN, no_value, ())
    defaults["custom"] = {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True, "inspect": False}
    options: Json = {
        "showHeader": True,
        "cellHeight": "sm",
        "footer": {"show": False, "reducer": ["sum"], "countRows": False, "fields": ""},
        "sortBy": [{"displayName": sort, "desc": not ascending}] if sort else [],
    }
    overrides = [_of_column(shown[name], column) for name, column in columns.items()]
    return _panel(
        "table",
        title,
        description,
        targets,
        width,
        height,
        defaults,
        options,
        overrides=[override for override in overrides if override["properties"]],
        transformations=transformations,
    )


def bar_chart(
    title: str,
    description: str,
    target: Json,
    *,
    x: str,
    unit: str = COUNT,
    width: int = 12,
    height: int = 8,
    no_value: str = "",
) -> Panel:
    """Return one column for each row of a table, whose field ``x`` names it."""
    defaults = _defaults(unit, {"mode": "palette-classic"}, style.FINE, no_value, ())
    defaults["min"] = 0
    defaults["custom"] = {"lineWidth": 1, "fillOpacity": 60, "gradientMode": "none", "axisPlacement": "auto"}
    options: Json = {
        "xField": x,
        "orientation": "auto",
        "showValue": "never",
        "stacking": "none",
        "groupWidth": 0.7,
        "barWidth": 0.9,
        "barRadius": 0,
        "fullHighlight": False,
        "xTickLabelRotation": 0,
        "xTickLabelSpacing": 0,
        "legend": {**style.legend(), "showLegend": False},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return _panel("barchart", title, description, [target], width, height, defaults, options)


def node_graph(
    title: str,
    description: str,
    target: Json,
    *,
    unit: str = COUNT,
    width: int = 24,
    height: int = 12,
    no_value: str = "",
) -> Panel:
    """Return a graph of nodes and edges, both by the rows of one table: its edges.

    Parameters
    ----------
    target:
        Its answer is a table with the fields ``id``, ``source`` and ``target``, which are labels in PromQL, since
        Grafana knows them by their own names and not by those that they are shown under. The number of an edge is
        written at it, and the sum of those that lead to a node in the node: in SQL the field ``mainstat``, in PromQL
        the value.
    """
    defaults: Json = {"noValue": no_value} if no_value else {}
    # Of its own name too, which `organize` would not give it.
    main: Json = {"mode": "reduceRow", "reduce": {"include": ["Value"], "reducer": "sum"}, "alias": "mainstat",
                  "replaceFields": False}  # fmt: skip
    options: Json = {"nodes": {"mainStatUnit": unit}, "edges": {"mainStatUnit": unit}, "zoomMode": "cooperative"}
    transformations: list[Json] = [{"id": "calculateField", "options": main}] if "expr" in target else []
    return _panel(
        "nodeGraph", title, description, [target], width, height, defaults, options, transformations=transformations
    )


def heatmap(
    title: str, description: str, target: Json, *, unit: str = style.SECONDS, width: int = 12, height: int = 8
) -> Panel:
    """Return the buckets of a histogram over time; the target has the format ``heatmap`` and the legend ``{{le}}``."""
    options: Json = {
        "calculate": False,
        "cellGap": 1,
        "cellValues": {"unit": style.PER_SECOND},
        "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64, "exponent": 0.5, "fill": "dark-orange",
                  "scale": "exponential", "reverse": False},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "showValue": "never",
        "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": False},
        "yAxis": {"axisPlacement": "left", "unit": unit, "reverse": False},
    }  # fmt: skip
    defaults: Json = {"custom": {"hideFrom": {"legend": False, "tooltip": False, "viz": False},
                                 "scaleDistribution": {"type": "linear"}}}  # fmt: skip
    return _panel("heatmap", title, description, [target], width, height, defaults, options)


def state_timeline(
    title: str,
    description: str,
    *targets: Json,
    mappings: Sequence[Json],
    width: int = 24,
    height: int = 6,
    no_value: str = "",
) -> Panel:
    """Return one band for each series, coloured by the value that it had when."""
    defaults = _defaults("", {"mode": "thresholds"}, style.DOWN, no_value, ())
    defaults["mappings"] = list(mappings)
    defaults["custom"] = {"lineWidth": 0, "fillOpacity": 70}
    options: Json = {
        "mergeValues": True,
        "showValue": "never",
        "alignValue": "left",
        "rowHeight": 0.85,
        "legend": style.legend(),
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return _panel("state-timeline", title, description, targets, width, height, defaults, options)


def logs(title: str, description: str, *targets: Json, width: int = 24, height: int = 10, no_value: str = "") -> Panel:
    """Return lines of a log; targets are of ClickHouse, in the form ``logs``."""
    options: Json = {
        "showTime": True,
        "showLabels": False,
        "showCommonLabels": False,
        "wrapLogMessage": True,
        "prettifyLogMessage": False,
        "enableLogDetails": True,
        "dedupStrategy": "none",
        "sortOrder": "Descending",
    }
    defaults: Json = {"noValue": no_value} if no_value else {}
    return _panel("logs", title, description, targets, width, height, defaults, options)


def traces(title: str, description: str, target: Json, *, width: int = 24, height: int = 14) -> Panel:
    """Return one trace as a waterfall; the target is of ClickHouse, in the form ``traces``."""
    return _panel("traces", title, description, [target], width, height, {}, {})


def _defaults(unit: str, colour: Json, thresholds: Json, no_value: str, links: Sequence[Json]) -> Json:
    found: Json = {"color": colour, "mappings": [], "thresholds": thresholds}
    if unit:
        found["unit"] = unit
    if no_value:
        found["noValue"] = no_value
    if links:
        found["links"] = list(links)
    return found


def _of_column(name: str, column: Column) -> Json:
    properties: list[Json] = []
    if column.unit:
        properties.append({"id": "unit", "value": column.unit})
    if column.decimals is not None:
        properties.append({"id": "decimals", "value": column.decimals})
    if column.links:
        properties.append({"id": "links", "value": list(column.links)})
    if column.mappings:
        properties.append({"id": "mappings", "value": list(column.mappings)})
    if column.width:
        properties.append({"id": "custom.width", "value": column.width})
    if column.bar:
        properties.append(
            {"id": "custom.cellOptions", "value": {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}}
        )
        properties.append({"id": "min", "value": 0})
        if column.maximum is not None:
            properties.append({"id": "max", "value": column.maximum})
    elif column.thresholds is not None or column.mappings:
        properties.append({"id": "custom.cellOptions", "value": {"type": "color-text"}})
    if column.thresholds is not None:
        properties.append({"id": "thresholds", "value": column.thresholds})
    return {"matcher": {"id": "byName", "options": name}, "properties": properties}


_Kind = Literal[
    "timeseries", "stat", "bargauge", "table", "barchart", "heatmap", "state-timeline", "logs", "traces", "text",
    "nodeGraph", "trend",
]  # fmt: skip


def _panel(
    kind: _Kind,
    title: str,
    description: str,
    targets: Targets,
    width: int,
    height: int,
    defaults: Json,
    options: Json,
    *,
    overrides: Sequence[Json] = (),
    transformations: Sequence[Json] = (),
) -> Panel:
    model: Json = {"type": kind, "title": title, "description": " ".join(description.split())}
    if targets:
        model["datasource"] = targets[0]["datasource"]
        model["targets"] = [{"refId": ref_id, **target} for ref_id, target in zip(_REF_IDS, targets, strict=False)]
    model["fieldConfig"] = {"defaults": defaults, "overrides": list(overrides)}
    model["options"] = options
    if transformations:
        model["transformations"] = list(transformations)
    return Panel(width, height, model)
