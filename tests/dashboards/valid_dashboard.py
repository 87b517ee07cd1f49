"""A small dashboard with nothing wrong, which tests break in one way after the other to see that checks notice."""

from __future__ import annotations

from typing import Any

from tools.grafana.model import Dashboard

PROMETHEUS = {"type": "prometheus", "uid": "${prometheus}"}
CLICKHOUSE = {"type": "grafana-clickhouse-datasource", "uid": "${clickhouse}"}
PROVISIONED = {"argus-prometheus": "prometheus", "argus-clickhouse": "grafana-clickhouse-datasource"}


def valid_dashboard() -> dict[str, Any]:
    """Return its JSON, which the caller may change."""
    bot = 'job=~"$job",instance=~"$instance"'
    return {
        "uid": "valid",
        "title": "Valid",
        "description": "Nothing is wrong with it.",
        "schemaVersion": 41,
        "tags": ["argus-otel"],
        "time": {"from": "now-1h", "to": "now"},
        "links": [{"type": "dashboards", "tags": ["argus-otel"]}],
        "templating": {
            "list": [
                _source("prometheus", "prometheus", "argus-prometheus"),
                _source("clickhouse", "grafana-clickhouse-datasource", "argus-clickhouse"),
                _variable("job", PROMETHEUS, "label_values(argus_process_info, job)"),
                _variable("instance", PROMETHEUS, 'label_values(argus_process_info{job=~"$job"}, instance)'),
                _variable("shard", PROMETHEUS, "label_values(discord_shard_up, discord_shard_id)", ".*"),
                _variable("service", CLICKHOUSE, "select distinct ServiceName from otel_traces"),
            ]
        },
        "panels": [
            _panel(1, "row", 0, 0, 24, 1, {}),
            _panel(2, "stat", 0, 1, 6, 4, _prom(f'sum(discord_shard_up{{{bot},discord_shard_id=~"$shard"}})')),
            _panel(
                3, "timeseries", 6, 1, 18, 4,
                _prom(
                    "sum by (discord_command_name) "
                    f"(rate(discord_command_duration_seconds_count{{{bot}}}[$__rate_interval]))",
                    legendFormat="{{discord_command_name}}",
                ),
            ),
            _panel(
                4, "table", 0, 5, 12, 6,
                _prom(f"sum by (discord_outcome) (discord_command_duration_seconds_count{{{bot}}})", format="table",
                      instant=True),
            ),
            _panel(
                5, "table", 12, 5, 12, 6,
                _sql(
                    "select SpanAttributes['discord.command.name'] as command, count() as traces from otel_traces "
                    "where $__timeFilter(Timestamp) and ServiceName in ($service) and command != '' group by command",
                ),
            ),
            _panel(
                6, "logs", 0, 11, 24, 6,
                _sql(
                    "select Timestamp as timestamp, Body as body, SeverityText as level from otel_logs "
                    "where $__timeFilter(Timestamp) and ServiceName in ($service) order by timestamp desc limit 20",
                    format=2,
                ),
            ),
        ],
    }  # fmt: skip


def dashboard(model: dict[str, Any]) -> Dashboard:
    """Return it as if it had been read from its file."""
    return Dashboard(model, "valid")


def _source(name: str, plugin: str, uid: str) -> dict[str, Any]:
    return {"type": "datasource", "name": name, "query": plugin, "current": {"value": uid}}


def _variable(name: str, source: dict[str, str], query: str, everything: str = "") -> dict[str, Any]:
    return {
        "type": "query", "name": name, "datasource": source, "query": query, "multi": True, "includeAll": True,
        "allValue": everything, "current": {"value": ["$__all"]}, "sort": 1,
    }  # fmt: skip


def _panel(number: int, kind: str, x: int, y: int, w: int, h: int, target: dict[str, Any]) -> dict[str, Any]:
    panel: dict[str, Any] = {
        "id": number, "type": kind, "title": f"Panel {number}", "gridPos": {"x": x, "y": y, "w": w, "h": h},
        "fieldConfig": {"defaults": {"unit": "short"}, "overrides": []},
    }  # fmt: skip
    if target:
        panel |= {"description": "What to do when it looks bad: nothing.", "datasource": target["datasource"]}
        panel["targets"] = [target]
    return panel


def _prom(expression: str, **more: Any) -> dict[str, Any]:
    return {"refId": "A", "datasource": PROMETHEUS, "expr": expression, **more}


def _sql(statement: str, **more: Any) -> dict[str, Any]:
    return {"refId": "A", "datasource": CLICKHOUSE, "rawSql": statement, "format": 1, **more}
