"""The variables at the top of a dashboard.

A dashboard takes those of ``prometheus()``, of ``clickhouse()`` or of both. Names are the same everywhere, so that
links between dashboards carry the choice along.
"""

from __future__ import annotations

from .queries import CLICKHOUSE, PROMETHEUS, Json

_ON_TIME_RANGE = 2
_ALPHABETICAL, _NUMERICAL = 1, 3

BOTS = 'target_info{telemetry_distro_name="argus-otel"}'
"""Every process that argus-otel observes, and nothing else that Prometheus may know."""


def prometheus(*, shard: bool = False) -> list[Json]:
    """Return data source, job, cluster, instance and, where asked for, shard."""
    of_job = BOTS.replace("}", ',job=~"$job"}')
    of_cluster = BOTS.replace("}", ',job=~"$job",discord_cluster_id=~"$cluster"}')
    found = [
        _source("prometheus", "Metrics", "prometheus", "argus-prometheus"),
        _labels("job", "Bot", f"label_values({BOTS}, job)"),
        # Whatever comes, even a process that belongs to no cluster.
        _labels("cluster", "Cluster", f"label_values({of_job}, discord_cluster_id)", everything=".*", numerical=True),
        # "All" has to stay a list, or a cluster would choose nothing.
        _labels("instance", "Instance", f"label_values({of_cluster}, instance)"),
    ]
    if shard:
        of_instance = 'discord_shard_up{job=~"$job",instance=~"$instance"}'
        query = f"label_values({of_instance}, discord_shard_id)"
        found.append(_labels("shard", "Shard", query, everything=".*", numerical=True))
    return found


def clickhouse(**queries: str) -> list[Json]:
    """Return the data source ClickHouse, and variables by queries in SQL, each of one column.

    Parameters
    ----------
    queries:
        By the variable's name, which shows with a capital. Compare by :func:`tools.dashboards.queries.chosen`.
    """
    source = _source("clickhouse", "Traces and history", "grafana-clickhouse-datasource", "argus-clickhouse")
    return [source, *(_rows(name, name.capitalize(), sql) for name, sql in queries.items())]


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
    """Return a variable with a fixed set of values, by what is shown for them."""
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


def _source(name: str, label: str, plugin: str, uid: str) -> Json:
    """A data source: ours, where it is provisioned, else the first of its kind."""
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
        "current": {"selected": True, "text": name, "value": uid},
        "options": [],
    }


def _labels(name: str, label: str, query: str, *, everything: str = "", numerical: bool = False) -> Json:
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
