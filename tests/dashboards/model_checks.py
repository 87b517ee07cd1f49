"""Checks of a dashboard's JSON by itself. Each yields a line for each fault, which says where it is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tools.grafana.filling import referred
from tools.grafana.macros import TIMED
from tools.grafana.model import Dashboard, Json

from .exceptions import CANNOT_HONOUR
from .promql import read

Problems = Iterator[str]
TAG = "argus-otel"
COLUMNS = 24

PANELS = {"row", "timeseries", "stat", "gauge", "bargauge", "table", "heatmap", "histogram", "barchart", "piechart",
          "state-timeline", "status-history", "logs", "traces", "text", "nodeGraph", "dashlist", "alertlist", "trend",
          "xychart", "annolist"}  # fmt: skip
"""Panels that a fresh Grafana has."""

_BUILT_IN = re.compile(
    r"__(?:interval|interval_ms|range|range_s|range_ms|rate_interval|from|to|dashboard|name|org|user|timezone|all"
    r"|url_time_range|all_variables|field|value|data|series)"
)
"""Variables that Grafana defines."""

_NOT_OURS = re.compile(r"otelcol_|up$|scrape_|ALERTS|prometheus_")
"""Metrics that come from no observed process, and so do not have its labels."""


# -- identity


def identity(dashboard: Dashboard) -> Problems:
    """Its uid is its file's name; it has all that Grafana's import needs."""
    model = dashboard.model
    if dashboard.uid != dashboard.name:
        yield f"the uid is {dashboard.uid!r}, the file {dashboard.name!r}"
    if not re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", dashboard.uid):
        yield f"Grafana takes no uid like {dashboard.uid!r}"
    if model.get("id") is not None:
        yield "it has an id, which belongs to a single database"
    if not dashboard.title or not model.get("description"):
        yield "it has no title or no description"
    if not isinstance(model.get("schemaVersion"), int) or model["schemaVersion"] < 36:
        yield f"its schemaVersion is {model.get('schemaVersion')!r}"
    if TAG not in model.get("tags", []):
        yield f"it lacks the tag {TAG}"
    if {"from", "to"} - set(model.get("time", {})):
        yield "it has no time range"
    if not any(link.get("type") == "dashboards" and TAG in link.get("tags", []) for link in model.get("links", [])):
        yield "it has no link to the other dashboards"


def ids(dashboard: Dashboard) -> Problems:
    """Each panel has an id, and each query of a panel a letter, which no other has."""
    found = Counter(panel.get("id") for panel in dashboard.panels())
    for number, times in found.items():
        if times > 1 or not isinstance(number, int) or number < 1:
            yield f"the id {number} is on {times} panels"
    for panel in dashboard.panels():
        letters = Counter(target.get("refId") for target in panel.get("targets") or [])
        for letter, times in letters.items():
            if not letter or times > 1:
                yield f"{panel.get('title')!r} has {times} queries {letter!r}"


# -- panels


def grid(dashboard: Dashboard) -> Problems:
    """Panels are in 24 columns, and none is upon another."""
    places: list[tuple[str, int, int, int, int]] = []
    for panel in dashboard.panels():
        place = panel.get("gridPos") or {}
        title = repr(panel.get("title"))
        if {"x", "y", "w", "h"} - place.keys():
            yield f"{title} has no place"
            continue
        x, y, w, h = (place[key] for key in "xywh")
        if min(x, y) < 0 or min(w, h) < 1 or x + w > COLUMNS:
            yield f"{title} is outside of the grid: {place}"
        for other, ox, oy, ow, oh in places:
            if x < ox + ow and ox < x + w and y < oy + oh and oy < y + h:
                yield f"{title} is upon {other}"
        places.append((title, x, y, w, h))


def compact(dashboard: Dashboard) -> Problems:
    """No panel could move up: Grafana would move it away from its neighbours."""
    placed = [panel for panel in dashboard.model.get("panels", []) if panel.get("gridPos")]
    for panel in placed:
        place = panel["gridPos"]
        above = [
            other["gridPos"]["y"] + other["gridPos"]["h"]
            for other in placed
            if other["gridPos"]["y"] < place["y"]
            and other["gridPos"]["x"] < place["x"] + place["w"]
            and place["x"] < other["gridPos"]["x"] + other["gridPos"]["w"]
        ]
        if max(above, default=0) < place["y"]:
            yield f"{panel.get('title')!r} would move up from {place['y']} to {max(above, default=0)}"


def kinds(dashboard: Dashboard) -> Problems:
    """Each panel is of a kind that Grafana has, has a title and, but for rows, a description and a query."""
    for panel in dashboard.panels():
        title, kind = panel.get("title"), panel.get("type")
        if kind not in PANELS:
            yield f"{title!r} is a {kind!r}, which Grafana does not have"
        if not title:
            yield f"panel {panel.get('id')} has no title"
        if kind == "row":
            continue
        if len(panel.get("description") or "") < 20:
            yield f"{title!r} has no description"
        if kind not in ("text", "dashlist", "alertlist") and not panel.get("targets"):
            yield f"{title!r} asks nothing"


def units(dashboard: Dashboard, known: set[str]) -> Problems:
    """Each unit is one of Grafana's ids, or says by its prefix that it is free text."""
    free = ("suffix:", "prefix:", "time:", "currency:", "si:", "count:")
    for panel in dashboard.panels():
        for unit in _values(panel, "unit"):
            if unit and unit not in known and not unit.startswith(free):
                yield f"{panel.get('title')!r} has the unit {unit!r}, which Grafana does not have"


def _values(model: Any, key: str) -> Iterator[Any]:
    """Every value of a key, wherever it is, and of overrides of a property of that name."""
    if isinstance(model, Mapping):
        if model.get("id") == key and "value" in model:
            yield model["value"]
        for name, value in model.items():
            if name == key and isinstance(value, str):
                yield value
            yield from _values(value, key)
    elif isinstance(model, list):
        for one in model:
            yield from _values(one, key)


def sums(dashboard: Dashboard) -> Problems:
    """If the legend adds up points, no event is in two of them: an increase over more than a step counts some twice."""
    for target in dashboard.targets():
        calcs = ((target.panel.get("options") or {}).get("legend") or {}).get("calcs") or []
        if "sum" in calcs and re.search(r"increase\([^\[]*\[\$__(rate_interval|range)\]", target.promql):
            yield f"{target.where} has an increase over more than a step, and a sum in its legend"


# -- data sources


def sources(dashboard: Dashboard, provisioned: Mapping[str, str]) -> Problems:
    """Data sources are variables, whose values are those that are provisioned: uid to type.

    If none of a type is provisioned, Grafana chooses, and the variable has no value.
    """
    defined = {one["name"]: one for one in dashboard.variables if one["type"] == "datasource"}
    for name, variable in defined.items():
        uid = (variable.get("current") or {}).get("value")
        if (uid or variable["query"] in provisioned.values()) and provisioned.get(uid) != variable["query"]:
            yield f"${name} is {uid!r}, which is not provisioned as {variable['query']!r}"
    for where, source in _sources(dashboard):
        uid, kind = source.get("uid", ""), source.get("type", "")
        if uid in ("-- Grafana --", "-- Mixed --", "-- Dashboard --", "grafana"):
            continue
        found = defined.get(uid.removeprefix("${").removesuffix("}"))
        if not uid.startswith("${") or found is None:
            yield f"{where} has the data source {uid!r}, which is no variable"
        elif found["query"] != kind:
            yield f"{where} has the data source {uid!r} of the type {kind!r}, which is a {found['query']!r}"


def _sources(dashboard: Dashboard) -> Iterator[tuple[str, Json]]:
    for panel in dashboard.panels():
        if panel.get("datasource"):
            yield repr(panel.get("title")), panel["datasource"]
        elif panel.get("targets"):
            yield repr(panel.get("title")), {}
    for target in dashboard.targets():
        yield target.where, target.model.get("datasource") or {}
    for variable in dashboard.variables:
        if variable["type"] == "query":
            yield f"${variable['name']}", variable.get("datasource") or {}
    for one in dashboard.model.get("annotations", {}).get("list", []):
        yield f"the annotation {one.get('name')!r}", one.get("datasource") or {}


# -- variables


def variables_resolve(dashboard: Dashboard) -> Problems:
    """Every variable that is used is defined before its use; every one that is defined is used."""
    defined = [variable["name"] for variable in dashboard.variables]
    for name, times in Counter(defined).items():
        if times > 1:
            yield f"${name} is defined {times} times"
    used: set[str] = set()
    for position, variable in enumerate(dashboard.variables):
        of_this = set().union(*(referred(text) for text in _texts([variable.get("query"), variable.get("datasource")])))
        for name in of_this - set(defined[:position]):
            if not _built_in(name):
                yield f"${variable['name']} uses ${name}, which is not defined before it"
        used |= of_this
    for panel in dashboard.panels():
        of_this = set().union(*(referred(text) for text in _texts({**panel, "panels": None, "fieldConfig": None})))
        for name in sorted(of_this - set(defined)):
            if not _built_in(name):
                yield f"{panel.get('title')!r} uses ${name}, which is not defined"
        used |= of_this
    for name in defined:
        if name not in used:
            yield f"${name} is used by nothing"


def _built_in(name: str) -> bool:
    macro = f"$__{name.removeprefix('__')}"
    return bool(_BUILT_IN.fullmatch(name) or name.isdigit() or TIMED.match(macro) or name in _MACROS)


_MACROS = {
    f"__{name}"
    for name in (
        "timeInterval",
        "timeInterval_ms",
        "interval_s",
        "conditionalAll",
        "timeFilter_ms",
        "fromTime_ms",
        "toTime_ms",
    )
}


def _texts(model: Any) -> Iterator[str]:
    if isinstance(model, str):
        yield model
    elif isinstance(model, Mapping):
        for value in model.values():
            yield from _texts(value)
    elif isinstance(model, list):
        for one in model:
            yield from _texts(one)


def variables_honoured(dashboard: Dashboard, labels: Callable[[str], set[str]]) -> Problems:
    """Every query that can keep to the chosen values does.

    Parameters
    ----------
    labels:
        The labels that a metric has. If a variable has the values of one of them, a selector of the metric is by it.
        Groups of processes are not selected by: they narrow the instances down.
    """
    by_label = {label: variable["name"] for variable, label in _of_labels(dashboard) if not _is_group(variable, label)}
    chosen = [one["name"] for one in dashboard.variables if one["type"] == "query" and _asks(one) != "prometheus"]
    for target in dashboard.targets():
        for selector in read(target.promql).selectors if target.promql else ():
            if _NOT_OURS.match(selector.metric):
                continue
            for label, name in by_label.items():
                if label not in labels(selector.metric):
                    continue
                if name not in referred(selector.by(label) or ""):
                    yield f"{target.where} does not keep to ${name}: {selector.text}"
        if query := target.sql or target.logql or target.traceql:
            for name in chosen:
                if (dashboard.uid, target.panel.get("title"), name) in CANNOT_HONOUR:
                    continue
                if name not in referred(query):
                    yield f"{target.where} does not keep to ${name}"
        if target.sql and not TIMED.search(target.sql):
            yield f"{target.where} does not keep to the time range"


def _asks(variable: Json) -> str:
    return (variable.get("datasource") or {}).get("type", "")


def _of_labels(dashboard: Dashboard) -> Iterator[tuple[Json, str]]:
    """Yield each variable that has the values of a label in Prometheus, and the label."""
    for variable in dashboard.variables:
        if found := re.search(r"label_values\(.*?(\w+)\)$", _query(variable)):
            yield variable, found[1]


def _is_group(variable: Json, label: str) -> bool:
    return label not in ("job", "instance") and "(argus_process_info" in _query(variable)


def _query(variable: Json) -> str:
    query = variable.get("query", "")
    return str(query.get("query", "") if isinstance(query, Mapping) else query)


def everything_is_everything(dashboard: Dashboard) -> Problems:
    """The "all" of a label that some series lack includes those series."""
    for variable, label in _of_labels(dashboard):
        if label not in ("job", "instance"):
            pattern = variable.get("allValue")
            if not pattern or not re.fullmatch(pattern, ""):
                yield f"all of ${variable['name']} leaves out series without the label"


# -- links


def links(dashboard: Dashboard, others: Sequence[Dashboard]) -> Problems:
    """Links between dashboards lead to one that exists, and set variables that it has."""
    known = {one.uid: {variable["name"] for variable in one.variables} for one in others}
    own = known.get(dashboard.uid, set())
    for panel in dashboard.panels():
        for url in _values(panel, "url"):
            where = f"{panel.get('title')!r} links to {url!r}"
            if not url.startswith(("/", "http", "d/")):
                yield f"{where}, which is no address"
            for name in referred(url):
                if name not in own and not _built_in(name):
                    yield f"{where}, with ${name}, which is not defined"
            found = re.match(r"/?d/([\w-]+)", url)
            if not found:
                continue
            if found[1] not in known:
                yield f"{where}, which does not exist"
                continue
            query = urlsplit(url).query
            passed = {name.removeprefix("var-") for name, _ in parse_qsl(query) if name.startswith("var-")}
            passed |= {one for one in re.findall(r"\$\{(\w+):queryparam\}", url) if one in own}
            for name in sorted(passed - known[found[1]]):
                yield f"{where}, which has no ${name}"
