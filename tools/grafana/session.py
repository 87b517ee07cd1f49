"""One dashboard, opened with a choice of variables: its variables resolved, its targets queried."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Literal

from . import filling, macros
from .filling import Value
from .frames import Field, Frame, Kind
from .model import Dashboard, Json, Target
from .sources import ClickHouse, Loki, Prometheus

Choice = Literal["saved", "one"]

_LABEL_VALUES = re.compile(r"label_values\(\s*(?:(.*?)\s*,\s*)?(\w+)\s*\)", re.DOTALL)
_QUERY_RESULT = re.compile(r"query_result\((.*)\)", re.DOTALL)
_STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
          172800, 604800, 2592000)  # fmt: skip
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2592000, "y": 31536000}
_PIXELS = 62
"""How wide a column of the grid is on a screen of 1500 pixels; a panel asks for so many points."""


class SessionError(Exception):
    """The dashboard uses a feature that is not supported here, or that Grafana does not have."""


def seconds(text: str) -> float:
    """Return a duration such as ``15s`` or ``1h30m``."""
    parts = re.findall(r"(\d+)(ms|[smhdwMy])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise SessionError(f"not a duration: {text!r}")
    return sum(int(number) * _UNITS[unit] for number, unit in parts)


@dataclass
class Session:
    """A dashboard that is looked at.

    Parameters
    ----------
    dashboard, prometheus, clickhouse:
        The dashboard, and the servers behind its data sources.
    began, until:
        The time range, in seconds since 1970.
    choice:
        ``saved`` is the choice that the dashboard opens with, as a rule all of everything; ``one`` is the first value
        of each variable that has several.
    typed:
        Values by variable, typed into text boxes or set by a link.
    loki:
        One more server behind a data source.
    """

    dashboard: Dashboard
    prometheus: Prometheus
    clickhouse: ClickHouse | None
    began: float
    until: float
    choice: Choice = "saved"
    typed: Mapping[str, str] = field(default_factory=dict[str, str])
    loki: Loki | None = None
    chosen: dict[str, Value] = field(default_factory=dict[str, Value], init=False)
    options: dict[str, list[str]] = field(default_factory=dict[str, "list[str]"], init=False)

    def __post_init__(self) -> None:
        for variable in self.dashboard.variables:
            self.chosen[variable["name"]] = self._resolve(variable)

    # -- variables

    def _resolve(self, variable: Json) -> Value:
        name, kind = variable["name"], variable["type"]
        if kind == "datasource":
            return Value((variable["current"].get("value", ""),))
        if name in self.typed:
            return Value((self.typed[name],), several=bool(variable.get("multi")))
        if kind in ("textbox", "constant"):
            saved = (variable.get("current") or {}).get("value") or variable.get("query", "")
            return Value((saved,))
        if kind in ("custom", "interval"):
            options = [str(one["value"]) for one in variable.get("options", []) if one["value"] != "$__all"]
        elif kind == "query":
            options = self._options(variable)
        else:
            raise SessionError(f"${name}: no variable of type {kind!r} is known here")
        self.options[name] = options
        return self._choose(variable, options)

    def _choose(self, variable: Json, options: list[str]) -> Value:
        several = bool(variable.get("multi") or variable.get("includeAll"))
        multi, everything = bool(variable.get("multi")), variable.get("allValue") or ""
        saved = (variable.get("current") or {}).get("value", "")
        saved = saved if isinstance(saved, list) else [saved]
        if self.choice == "saved" and variable.get("includeAll") and saved in (["$__all"], [], [""]):
            return Value(tuple(options) or ("",), several=True, everything=everything, all=True)
        if self.choice == "saved" and saved and set(map(str, saved)) <= set(options):
            return Value(tuple(map(str, saved)), several=multi)
        return Value(tuple(options[:1]) or ("",), several=several and multi)

    def _options(self, variable: Json) -> list[str]:
        query = variable["query"]
        plugin = (variable.get("datasource") or {}).get("type", "")
        if plugin == "prometheus":
            found = self._of_prometheus(query["query"] if isinstance(query, dict) else query)
        elif plugin == "loki":
            found = self._loki().label_values(query["label"], self.began, self.until)
        else:
            sql = query["rawSql"] if isinstance(query, dict) else query
            _, rows = self._clickhouse().query(self.sql(sql, _STEPS[0]))
            found = [str(row[0]) for row in rows]
        pattern = (variable.get("regex") or "").strip("/")
        if pattern:
            matches = [re.search(pattern, one) for one in found]
            found = [match[1] if match.re.groups else match.string for match in matches if match]
        found = list(dict.fromkeys(found))
        sort = variable.get("sort", 0)
        if sort in (3, 4):
            return sorted(found, key=lambda one: [int(part) for part in re.findall(r"\d+", one)], reverse=sort == 4)
        return sorted(found, reverse=sort == 2) if sort in (1, 2) else found

    def _of_prometheus(self, query: str) -> list[str]:
        filled = filling.fill(query, self.chosen, filling.as_promql)
        if found := _LABEL_VALUES.fullmatch(filled.strip()):
            return self.prometheus.label_values(found[2], found[1] or "", self.began, self.until)
        if found := _QUERY_RESULT.fullmatch(filled.strip()):
            result = self.prometheus.instant(self._builtin(found[1], 1), self.until)["result"]
            return [f"{one['metric']} {one['value'][1]}" for one in result]
        raise SessionError(f"not a query of Prometheus's for a variable: {query!r}")

    def _clickhouse(self) -> ClickHouse:
        if self.clickhouse is None:
            raise SessionError("there is no ClickHouse here")
        return self.clickhouse

    def _loki(self) -> Loki:
        if self.loki is None:
            raise SessionError("there is no Loki here")
        return self.loki

    # -- queries

    def interval(self, target: Target, least: float) -> float:
        """Return the step that a panel asks for, in seconds: by its width, and no less than its least."""
        panel = target.panel
        points = panel.get("maxDataPoints") or panel.get("gridPos", {}).get("w", 12) * _PIXELS
        wanted = (self.until - self.began) / points
        for own in (target.model.get("interval"), panel.get("interval")):
            if own:
                least = max(least, seconds(own.lstrip(">")))
        return max(next((step for step in _STEPS if step >= wanted), _STEPS[-1]), least)

    def promql(self, target: Target) -> tuple[str, float]:
        """Return a target's expression as Prometheus gets it, and the step."""
        step = self.interval(target, self.prometheus.scrape)
        own = target.model.get("interval")
        scrape = seconds(own) if own else self.prometheus.scrape
        filled = self._builtin(target.promql, step, max(step + scrape, 4 * scrape))
        return filling.fill(filled, self.chosen, filling.as_promql), step

    def logql(self, target: Target) -> tuple[str, float]:
        """Return a target's query as Loki gets it, and the step. Its plugin escapes as Prometheus's does by default."""
        step = self.interval(target, 1)
        return filling.fill(self._builtin(target.logql, step), self.chosen, filling.as_promql_by_default), step

    def traceql(self, target: Target) -> str:
        """Return a target's query as Tempo gets it."""
        return filling.fill(target.traceql, self.chosen, filling.as_text)

    def sql(self, text: str, interval: float) -> str:
        """Return a statement as ClickHouse gets it."""
        filled = macros.conditional_all(text, self.chosen)
        filled = filling.fill(filled, self.chosen, filling.as_sql)
        return macros.expand(self._builtin(filled, interval), macros.TimeRange(self.began, self.until, interval))

    def text(self, text: str) -> str:
        """Return a title as it is shown."""
        return filling.fill(text, self.chosen, filling.as_text)

    def _builtin(self, text: str, step: float, rate_interval: float | None = None) -> str:
        span = max(int(self.until - self.began), 1)
        known = {
            "__interval": _duration(step),
            "__interval_ms": str(int(step * 1000)),
            "__range": f"{span}s",
            "__range_s": str(span),
            "__range_ms": str(span * 1000),
            "__from": str(int(self.began * 1000)),
            "__to": str(int(self.until * 1000)),
        }
        if rate_interval is not None:
            known["__rate_interval"] = _duration(rate_interval)
        return filling.fill(text, {name: Value((value,)) for name, value in known.items()}, filling.as_text)

    def ask(self, target: Target) -> list[Frame]:
        """Return the answer to a target's query.

        Raises
        ------
        RefusedError
            The data source says that the query is wrong.
        """
        if target.plugin == "prometheus":
            return self._ask_prometheus(target)
        if target.sql:
            return self._ask_clickhouse(target)
        if target.logql:
            return self._ask_loki(target)
        raise SessionError(f"{target.where}: no query for {target.plugin!r} is known here")

    def _ask_prometheus(self, target: Target) -> list[Frame]:
        expression, step = self.promql(target)
        model = target.model
        if model.get("instant") and not model.get("range"):
            told = self.prometheus.instant(expression, self.until)
            kind = told["resultType"]
            series = told["result"] if kind == "vector" else [{"metric": {}, "value": told["result"]}]
            series = [{"metric": one["metric"], "values": [one["value"]]} for one in series]
        else:
            series = self.prometheus.range(expression, self.began, self.until, step)
        if model.get("format") == "table":
            return [_table(target, series)] if series else []
        frames = [_series(target, one, step) for one in series]
        if model.get("format") == "heatmap":
            frames.sort(key=lambda frame: _edge(frame.fields[1].labels.get("le", "")))
        return frames

    def _ask_loki(self, target: Target) -> list[Frame]:
        if target.model["queryType"] == "instant":
            series = self._loki().instant(self.logql(target)[0], self.until)["result"]
            series = [{"metric": one["metric"], "values": [one["value"]]} for one in series]
            # A table of Loki's always tells which query a value is of.
            return [_table(target, series, f"Value #{target.ref_id}")] if series else []
        expression, step = self.logql(target)
        told = self._loki().range(expression, self.began, self.until, step)
        if told["resultType"] == "streams":
            return _lines(target, told["result"])
        return [_series(target, one, step) for one in told["result"]]

    def _ask_clickhouse(self, target: Target) -> list[Frame]:
        columns, rows = self._clickhouse().query(self.sql(target.sql, self.interval(target, 1)))
        fields = [
            Field(name, _kind_of(kind), [_value(row[number], kind) for row in rows])
            for number, (name, kind) in enumerate(columns)
        ]
        frame = Frame(target.ref_id, fields)
        if target.model.get("format") == 0 and frame.of_kind("time"):
            return _wide(frame)
        return [frame] if rows else []


def _duration(amount: float) -> str:
    return f"{int(amount)}s" if amount == int(amount) else f"{int(amount * 1000)}ms"


# -- answers


def _number(text: str) -> float | None:
    value = float(text)
    return None if math.isnan(value) else value


def _series(target: Target, told: Any, step: float) -> Frame:
    labels = {name: value for name, value in told["metric"].items() if name != "__name__"}
    times = [float(at) for at, _ in told["values"]]
    values = [_number(value) for _, value in told["values"]]
    name = told["metric"].get("__name__", "Value")
    shown = legend(target.model.get("legendFormat", ""), told["metric"], target.promql)
    return Frame(target.ref_id, [Field("Time", "time", times), Field(name, "number", values, labels, shown)], step)


def legend(form: str, labels: Mapping[str, str], expression: str) -> str:
    """Return the name of a series."""
    if form in ("", "__auto"):
        rest = {name: value for name, value in labels.items() if name != "__name__"}
        if form == "__auto" and len(rest) == 1:
            return next(iter(rest.values()))
        inside = ", ".join(f'{name}="{value}"' for name, value in rest.items())
        return labels.get("__name__", "") + (f"{{{inside}}}" if inside else "") or expression
    return re.sub(r"\{\{\s*(.+?)\s*\}\}", lambda found: labels.get(found[1], ""), form)


def _table(target: Target, series: list[Any], value: str = "") -> Frame:
    """One row for each series and time, as Prometheus's table has it."""
    tables = [one for one in target.panel.get("targets", []) if one.get("format") == "table"]
    value = value or ("Value" if len(tables) == 1 else f"Value #{target.ref_id}")
    names = sorted({name for one in series for name in one["metric"]})
    rows = [(one["metric"], float(at), _number(number)) for one in series for at, number in one["values"]]
    fields = [Field("Time", "time", [at for _, at, _ in rows])]
    fields += [Field(name, "string", [labels.get(name, "") for labels, _, _ in rows]) for name in names]
    fields.append(Field(value, "number", [number for _, _, number in rows]))
    return Frame(target.ref_id, fields)


def _lines(target: Target, streams: list[Any]) -> list[Frame]:
    """Return the lines of a log, the newest first, as a panel of logs reads them."""
    rows = sorted(((int(at), line) for one in streams for at, line, *_ in one["values"]), reverse=True)
    times = Field("timestamp", "time", [at / 1e9 for at, _ in rows])
    return [Frame(target.ref_id, [times, Field("body", "string", [line for _, line in rows])])] if rows else []


def _kind_of(kind: str) -> Kind:
    while found := re.fullmatch(r"(?:LowCardinality|Nullable|SimpleAggregateFunction)\((?:\w+, )?(.*)\)", kind):
        kind = found[1]
    if kind.startswith("Date"):
        return "time"
    if re.match(r"U?Int\d|Float|Decimal", kind):
        return "number"
    return "string" if re.match(r"String|FixedString|UUID|Enum|Bool", kind) else "other"


def _value(value: Any, kind: str) -> Any:
    if value is None:
        return None
    which = _kind_of(kind)
    if which == "number":
        return float(value)
    if which == "time":
        if isinstance(value, str) and "-" in value:
            return datetime.fromisoformat(value).replace(tzinfo=timezone.utc).timestamp()
        return float(value)
    return value


def _wide(frame: Frame) -> list[Frame]:
    """A series for each number and each set of texts beside it, as the plugin makes them of a time series."""
    (times, *_), texts, numbers = frame.of_kind("time"), frame.of_kind("string"), frame.of_kind("number")
    series: dict[tuple[str, ...], list[int]] = {}
    for row in range(len(frame)):
        series.setdefault(tuple(str(text.values[row]) for text in texts), []).append(row)
    found: list[Frame] = []
    for key, rows in series.items():
        labels = dict(zip((text.name for text in texts), key, strict=True))
        for number in numbers:
            shown = " ".join([number.name] if not key else [*([number.name] if len(numbers) > 1 else []), *key])
            values = Field(number.name, "number", [number.values[row] for row in rows], labels, shown)
            found.append(Frame(frame.ref_id, [Field("Time", "time", [times.values[row] for row in rows]), values]))
    return found


def _edge(text: str) -> float:
    return math.inf if text in ("", "+Inf") else float(text)
