"""Checks of the answers to a dashboard's queries, which are run for real. Each yields a line for each fault."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from argus_otel.catalogues import CATALOGUES, EXTERNAL
from argus_otel.scrape.series import prometheus_name
from argus_otel.telemetry import Catalogue
from tools.grafana.frames import Frame, is_empty
from tools.grafana.macros import MacroError
from tools.grafana.model import Dashboard, Target
from tools.grafana.session import Session, SessionError
from tools.grafana.sources import ClickHouse, Prometheus, RefusedError

from .exceptions import OF_OTHER_SYSTEMS
from .promql import Selector, read

Problems = Iterator[str]

FOREIGN = re.compile(r"up|otelcol_\w+(\(_total\)\?)?|scrape_duration_seconds|scrape_samples_scraped")
"""Metrics that are Prometheus's own, or the Collector's."""


def names(catalogues: Sequence[Catalogue]) -> set[str]:
    """Return the names of all series of these catalogues, as Prometheus spells them."""
    found: set[str] = set()
    for metric in (metric for catalogue in catalogues for metric in catalogue.metrics):
        name = prometheus_name(metric)
        found |= {f"{name}_{part}" for part in ("bucket", "count", "sum")} if metric.boundaries else {name}
        if metric.unit == "1":  # on some paths: docs/pipeline.md
            found.add(f"{name}(_ratio)?")
    return found


def unknown_metrics(dashboard: Dashboard, catalogues: Sequence[Catalogue] = (*CATALOGUES, *EXTERNAL)) -> Problems:
    """Every metric is one of the catalogue's, or Prometheus's or the Collector's own."""
    known = names(catalogues)
    prefixes = "|".join(sorted({name.partition("_")[0] for name in known}))
    for target in dashboard.targets():
        for selector in read(target.promql).selectors if target.promql else ():
            if selector.metric not in known and not FOREIGN.fullmatch(selector.metric):
                yield f"{target.where} asks for {selector.metric or 'no metric'}, which the catalogue does not have"
    for variable in dashboard.variables:
        for word in re.findall(rf"\b((?:{prefixes})_\w+)\s*[{{,]", json.dumps(variable)):
            if word not in known:
                yield f"${variable['name']} asks for {word}, which the catalogue does not have"


@dataclass
class Labels:
    """The labels that the series of each metric really have, in one Prometheus."""

    prometheus: Prometheus
    began: float
    until: float
    _found: dict[str, set[str]] = field(default_factory=dict[str, "set[str]"])

    def __call__(self, metric: str) -> set[str]:
        """Return those of one metric; empty where there is no such metric."""
        if metric in OF_OTHER_SYSTEMS:
            return {"job", "instance"}
        if metric not in self._found:
            series = self.prometheus.series(f'{{__name__=~"{metric}"}}', self.began, self.until) if metric else []
            self._found[metric] = {label for one in series for label in one} - {"__name__"}
        return self._found[metric]


def unknown_labels(dashboard: Dashboard, labels: Callable[[str], set[str]], may_be: Collection[str] = ()) -> Problems:
    """Every label that selects or groups is on a series of the metric that it selects or groups."""
    for target in dashboard.targets():
        if not target.promql or target.panel["title"] in may_be:
            continue
        expression = read(target.promql)
        for selector in expression.selectors:
            for label, _, _ in selector.matchers:
                if label not in labels(selector.metric):
                    yield f"{target.where}: {selector.metric} has no label {label}"
        for label, metrics in expression.groupings:
            if label not in set().union(expression.made, *map(labels, metrics)):
                yield f"{target.where} groups by {label}, which {', '.join(sorted(metrics))} does not have"
        of_all = set().union(expression.made, *(labels(selector.metric) for selector in expression.selectors))
        for label in expression.matchings - of_all:
            yield f"{target.where} matches on {label}, which nothing in it has"


@dataclass
class Answers:
    """Every target of a dashboard, asked once in one session.

    Attributes
    ----------
    frames:
        By the panel's id and the query's letter.
    refused:
        Errors of data sources, with the query.
    """

    session: Session
    skipped: Callable[[Target], bool] = lambda _: False
    frames: dict[tuple[int, str], list[Frame]] = field(default_factory=dict[tuple[int, str], "list[Frame]"])
    refused: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        for target in self.targets():
            self._ask(target)

    def _ask(self, target: Target) -> None:
        try:
            self.frames[self.key(target)] = self.session.ask(target)
        except (RefusedError, MacroError, SessionError) as error:
            self.refused.append(f"{target.where}: {error}")

    def targets(self) -> Iterator[Target]:
        """Those that are asked."""
        for target in self.session.dashboard.targets():
            if not self.skipped(target):
                yield target

    def key(self, target: Target) -> tuple[int, str]:
        """How a target's frames are found."""
        return target.panel["id"], target.ref_id


def refused(answers: Answers) -> Problems:
    """No query is refused: its syntax is right, and every table, column, function, variable and macro is there."""
    yield from answers.refused


def empty(answers: Answers, may_be: Collection[str] = ()) -> Problems:
    """Every query answers something that can be shown.

    Parameters
    ----------
    may_be:
        Titles of panels about events that did not happen. Each has to say that this is well.
    """
    for target in answers.targets():
        frames = answers.frames.get(answers.key(target))
        if frames is None or not is_empty(frames):
            continue
        if target.panel["title"] in may_be and target.panel["fieldConfig"]["defaults"].get("noValue"):
            continue
        query = answers.session.promql(target)[0] if target.promql else target.sql
        yield f"{target.where} is empty: {' '.join(query.split())}"
    for name, options in answers.session.options.items():
        if not options and name not in may_be:
            yield f"${name} has nothing to choose from"


def selects_nothing(answers: Answers, may_be: Collection[str] = ()) -> Problems:
    """Every selector by itself matches a series: one side of an ``or`` may hide that the other has none."""
    session = answers.session
    asked: dict[str, bool] = {}
    for target in answers.targets():
        if not target.promql or target.panel["title"] in may_be:
            continue
        for selector in read(session.promql(target)[0]).selectors:
            if selector.text not in asked:
                asked[selector.text] = bool(_matched(session, selector))
            if not asked[selector.text] and selector.metric not in OF_OTHER_SYSTEMS:
                yield f"{target.where}: there is no {selector.text}"


def _matched(session: Session, selector: Selector) -> list[dict[str, str]]:
    return session.prometheus.series(selector.text, session.began, session.until)


def legends(answers: Answers, may_be: Collection[str] = ()) -> Problems:
    """Every label that a legend names is on a series of the answer."""
    for target in answers.targets():
        if target.panel["title"] in may_be:
            continue
        wanted = set(re.findall(r"\{\{\s*(\w+)\s*\}\}", target.model.get("legendFormat") or ""))
        frames = answers.frames.get(answers.key(target), [])
        have = {label for frame in frames for one in frame.fields for label in one.labels}
        for label in sorted(wanted - have - {"__name__"}):
            yield f"{target.where} has {label} in its legend, and not in its answer"


def columns(answers: Answers) -> Problems:
    """Every column that a table names, hides, sorts or overrides is in the answer."""
    for panel in answers.session.dashboard.panels():
        if panel.get("type") != "table":
            continue
        targets = [target for target in answers.targets() if target.panel is panel]
        if not targets or not all(answers.frames.get(answers.key(target)) for target in targets):
            continue
        have = {one.name for target in targets for frame in answers.frames[answers.key(target)] for one in frame.fields}
        for step in panel.get("transformations") or []:
            options = step.get("options") or {}
            named = set((options.get("include") or {}).get("names") or [])
            named |= set(options.get("indexByName") or {}) | set(options.get("renameByName") or {})
            named |= {name for name, hidden in (options.get("excludeByName") or {}).items() if hidden}
            for name in sorted(named - have):
                yield f"{panel['title']!r} names the column {name!r}, which its answer does not have"
            have = {(options.get("renameByName") or {}).get(name) or name for name in have} | have
        for override in panel.get("fieldConfig", {}).get("overrides", []):
            matcher = override["matcher"]
            if matcher["id"] == "byName" and matcher["options"] not in have:
                yield f"{panel['title']!r} overrides the column {matcher['options']!r}, which it does not have"


_SHAPES = {
    "logs": {"timestamp": "time", "body": "string"},
    "traces": {"traceID": "string", "spanID": "string", "parentSpanID": "string", "operationName": "string",
               "serviceName": "string", "startTime": "", "duration": "number"},
}  # fmt: skip


def shapes(answers: Answers) -> Problems:
    """The answer for a panel of logs or traces has the columns that such a panel reads."""
    for target in answers.targets():
        for frame in answers.frames.get(answers.key(target), []):
            have = {one.name: one.kind for one in frame.fields}
            for name, kind in _SHAPES.get(target.panel["type"], {}).items():
                if name not in have or (kind and have[name] != kind):
                    yield f"{target.where} has no {name}, of the type {kind or 'any'}"
            if target.panel["type"] == "timeseries" and not (frame.of_kind("time") and frame.of_kind("number")):
                yield f"{target.where} has no time or no number"


def unknown_attributes(answers: Answers, clickhouse: ClickHouse) -> Problems:
    """Every key of a map that SQL looks up is in a row; every name of ours that it compares with is in a catalogue."""
    keys = _map_keys(clickhouse)
    known = {one.name for catalogue in CATALOGUES for kind in (catalogue.metrics, catalogue.events) for one in kind}
    prefixes = "|".join(sorted({name.partition(".")[0] for name in known}))
    known |= keys
    for target in answers.targets():
        for column, key in re.findall(r"(\w*[aA]ttributes)\s*\[\s*'([^']+)'\s*\]", target.sql):
            if key not in keys:
                yield f"{target.where} looks up {column}[{key!r}], which no row has"
        for name in re.findall(rf"'((?:{prefixes})\.[a-z_.]+)'", target.sql):
            if name not in known:
                yield f"{target.where} has {name!r}, which no catalogue has"


def _map_keys(clickhouse: ClickHouse) -> set[str]:
    maps = [("otel_traces", "SpanAttributes"), ("otel_traces", "ResourceAttributes"), ("otel_logs", "LogAttributes"),
            ("otel_logs", "ResourceAttributes"), ("discord_events", "attributes")]  # fmt: skip
    parts = [f"select arrayJoin(mapKeys({column})) as key from {table}" for table, column in maps]
    parts.append("select arrayJoin(mapKeys(arrayJoin(Events.Attributes))) as key from otel_traces")
    _, rows = clickhouse.query("select distinct toString(key) from (" + " union all ".join(parts) + ")")
    return {row[0] for row in rows}


# -- two paths to the same


def lacking(first: Answers, second: Answers, lag: float) -> Problems:
    """The second path has all that the first has: the same series for every selector, the same labels in every answer.

    Answers are not compared value by value: a single event, just before a scrape or an export, is a rise of a counter
    on one path and its first value on the other.

    Parameters
    ----------
    lag:
        How much later the second path may have it, in seconds.
    """
    asked: dict[str, set[tuple[tuple[str, str], ...]]] = {}
    for target in first.targets():
        key = first.key(target)
        if not target.promql or key not in first.frames or key not in second.frames:
            continue
        only = _label_names(first.frames[key]) - _label_names(second.frames[key])
        if only:
            yield f"{target.where} has the labels {sorted(only)} on one path only"
        for selector in read(first.session.promql(target)[0]).selectors:
            if selector.text not in asked:
                asked[selector.text] = _series(first, selector) - _series(second, selector, lag)
            if asked[selector.text]:
                yield f"{target.where}: the other path lacks {sorted(asked[selector.text])[:3]} of {selector.text}"


def _series(answers: Answers, selector: Selector, lag: float = 0.0) -> set[tuple[tuple[str, str], ...]]:
    session = answers.session
    found = session.prometheus.series(selector.text, session.began, session.until + lag)
    return {tuple(sorted(one.items())) for one in found}


def _label_names(frames: Sequence[Frame]) -> set[str]:
    found: set[str] = set()
    for frame in frames:
        for one in frame.fields:
            found |= {one.name} if frame.of_kind("string") else one.labels.keys()
    return found
