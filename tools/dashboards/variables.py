"""The variables at the top of a dashboard.

A dashboard has those of ``prometheus()``, of ``clickhouse()`` or of both, or those of ``tempo_and_loki()``. Names are
the same everywhere, so that links between dashboards carry the choice along.
"""

from __future__ import annotations

from .queries import CLICKHOUSE, PROMETHEUS, Json
from .tempo_loki import LOKI

_ON_TIME_RANGE = 2
_ALPHABETICAL, _NUMERICAL = 1, 3

_OBSERVED = "argus_process_info"
"""Has one series for each process that argus-otel observes, with the same labels on every path to Prometheus."""


def prometheus(service: str = "Service", *, having: str = "", metric: str = _OBSERVED, **groups: str) -> list[Json]:
    """Return data source, job, groups of processes, and instance.

    Parameters
    ----------
    service:
        The label of the variable ``job``.
    having:
        The label of ``metric`` that only processes of one kind have; others are left out.
    metric:
        The metric that all processes of one kind have; others are left out.
    groups:
        By a variable's name: the label of ``metric`` that processes of a service are grouped by. A group
        narrows the instances down; a process without that label is in "All".
    """
    selectors = [f'{having}!=""'] if having else []
    found = [
        _source("prometheus", "Metrics", "prometheus", "argus-prometheus"),
        labels("job", service, f"label_values({_of(metric, selectors)}, job)"),
    ]
    selectors.append('job=~"$job"')
    for name, label in groups.items():
        query = f"label_values({_of(metric, selectors)}, {label})"
        found.append(labels(name, name.capitalize(), query, everything=".*", numerical=True))
        selectors.append(f'{label}=~"${name}"')
    # "All" has to stay a list, or a group would choose nothing.
    return [*found, labels("instance", "Instance", f"label_values({_of(metric, selectors)}, instance)")]


def _of(metric: str, selectors: list[str]) -> str:
    return f"{metric}{{{','.join(selectors)}}}" if selectors else metric


def clickhouse(**queries: str) -> list[Json]:
    """Return the data source ClickHouse, and variables by queries in SQL, each of one column.

    Parameters
    ----------
    queries:
        By the variable's name, which shows with a capital. Compare by :func:`tools.dashboards.queries.chosen`.
    """
    source = _source("clickhouse", "Traces and history", "grafana-clickhouse-datasource", "argus-clickhouse")
    return [source, *(_rows(name, name.capitalize(), sql) for name, sql in queries.items())]


def tempo_and_loki() -> list[Json]:
    """Return the data sources Tempo and Loki, and the service, whose names are those that Loki knows.

    None of the two is provisioned, since Compose has neither: Grafana takes the first of its kind.
    """
    asked = {"label": "service_name", "refId": "variable-service", "stream": "", "type": 1}
    return [
        _source("tempo", "Traces", "tempo"),
        _source("loki", "Logs", "loki"),
        _query("service", "Service", LOKI, asked, "label_values(service_name)", everything=".+"),
    ]


def textbox(name: str, label: str, description: str, value: str = "") -> Json:
    """Return a variable that is typed in."""
    current = {"selected": True, "text": value, "value": value}
    return {
        "type": "textbox",
        "name": name,
        "label": label,
        "description": description,
        "hide": 0,
        "skipUrlSync": False,
        "query": value,
        "current": current,
        "options": [current],
    }


def choice(name: str, label: str, description: str, options: dict[str, str], chosen: str) -> Json:
    """Return a variable with a fixed set of values, by the texts that are shown for them."""
    return {
        "type": "custom",
        "name": name,
        "label": label,
        "description": description,
        "hide": 0,
        "skipUrlSync": False,
        "multi": False,
        "includeAll": False,
        "query": ", ".join(f"{text} : {value}" for text, value in options.items()),
        "current": {"selected": True, "text": chosen, "value": options[chosen]},
        "options": [{"selected": text == chosen, "text": text, "value": value} for text, value in options.items()],
    }


def _source(name: str, label: str, plugin: str, uid: str = "") -> Json:
    """Return a data source: ours if it is provisioned, else the first of its kind."""
    return {
        "type": "datasource",
        "name": name,
        "label": label,
        "hide": 0,
        "skipUrlSync": False,
        "multi": False,
        "includeAll": False,
        "query": plugin,
        "regex": "",
        "refresh": 1,
        "current": {"selected": True, "text": name, "value": uid} if uid else {},
        "options": [],
    }


def labels(name: str, label: str, query: str, *, everything: str = "", numerical: bool = False) -> Json:
    """Return a variable whose values are those of a label in Prometheus.

    Parameters
    ----------
    name, label:
        The name that queries use, and the text that is shown.
    query:
        Such as ``label_values(metric{…}, label)``.
    everything:
        The regular expression that "All" stands for; the list of all values where empty.
    numerical:
        Sort the values as numbers.
    """
    asked = {"qryType": 1, "query": query, "refId": f"variable-{name}"}
    return _query(name, label, PROMETHEUS, asked, query, everything=everything, numerical=numerical)


def _rows(name: str, label: str, sql: str) -> Json:
    asked = {"pluginVersion": "4.10.0", "editorType": "sql", "rawSql": sql, "refId": f"variable-{name}"}
    return _query(name, label, CLICKHOUSE, asked, sql)


def _query(
    name: str, label: str, source: Json, query: Json, definition: str, *, everything: str = "", numerical: bool = False
) -> Json:
    variable: Json = {
        "type": "query",
        "name": name,
        "label": label,
        "datasource": source,
        "hide": 0,
        "skipUrlSync": False,
        "multi": True,
        "includeAll": True,
        "query": query,
        "definition": definition,
        "regex": "",
        "refresh": _ON_TIME_RANGE,
        "sort": _NUMERICAL if numerical else _ALPHABETICAL,
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "options": [],
    }
    if everything:
        variable["allValue"] = everything
    return variable
