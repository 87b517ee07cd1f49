"""Targets: the queries of panels to Tempo and Loki.

A value is written into them as it is, except that Grafana escapes what a regular expression reads: neither language can
decode a text. So a link that sets a variable may change what a query selects. Both languages only read, and only what
the data source has.
"""

from __future__ import annotations

from .style import Json

TEMPO = {"type": "tempo", "uid": "${tempo}"}
LOKI = {"type": "loki", "uid": "${loki}"}

LINES = '{service_name=~"$service"}'
"""Selects the log lines of the services that are chosen. Loki makes this label of ``service.name``."""


def search(query: str, *, limit: int = 50) -> Json:
    """Return a target for a table: the spans that a query of TraceQL finds, the latest first.

    A row's fields are ``traceIdHidden``, ``traceService``, ``traceName``, ``spanID``, ``time``, ``name``, ``duration``
    and the attributes that the query selects.
    """
    return {**_traceql(query), "limit": limit, "spss": 1, "tableType": "spans"}


def counted(query: str) -> Json:
    """Return a target for a single figure: a metric of TraceQL over the dashboard's whole time range."""
    return {**_traceql(query), "metricsQueryType": "instant"}


def over_time(query: str) -> Json:
    """Return a target for lines over time: a metric of TraceQL."""
    return {**_traceql(query), "metricsQueryType": "range"}


def one_trace(variable: str) -> Json:
    """Return a target for a waterfall: the trace whose id a variable has."""
    return _traceql(f"${{{variable}:percentencode}}")


def _traceql(query: str) -> Json:
    return {"datasource": TEMPO, "queryType": "traceql", "query": query}


def loki(expression: str, legend: str = "", *, instant: bool = False) -> Json:
    """Return a target that asks Loki, for log lines or for series.

    Parameters
    ----------
    legend:
        The name of a series, with ``{{label}}``.
    instant:
        Query the end of the time range only.
    """
    return {
        "datasource": LOKI,
        "editorMode": "code",
        "expr": expression,
        "legendFormat": legend,
        "queryType": "instant" if instant else "range",
    }
