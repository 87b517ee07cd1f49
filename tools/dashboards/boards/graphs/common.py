"""Shared by the dashboards of agent graphs: variables, selectors, colours, and metrics that have two names."""

from __future__ import annotations

from ... import variables
from ...queries import SELECTED, increase, quantile, quantile_in_range
from ...style import BAD, GOOD, MUTED, NEUTRAL, WARNING, Json, coloured

IN_GRAPH = 'graph_name=~"$graph"'
"""Selects the graphs that are chosen at the top of the dashboard."""

IN_AGENT = 'gen_ai_agent_name=~"$graph"'
"""The same, of metrics of OpenTelemetry's conventions."""

_IN_WORKFLOW = 'gen_ai_workflow_name=~"$graph"'

RUNS = "graph_run_steps_count"
NODES = "graph_node_duration_seconds"
DURATION = "gen_ai_invoke_agent_duration_seconds"
OLDER_DURATION = "gen_ai_invoke_workflow_duration_seconds"

FAILED = 'graph_outcome=~"error|limit"'


def services(*, graph: bool = True) -> list[Json]:
    """Return data source, service, instance and, where asked for, graph."""
    found = variables.prometheus("Service", metric="graph_runs_active")
    if graph:
        query = f"label_values(graph_runs_active{{{SELECTED}}}, graph_name)"
        found.append(variables.labels("graph", "Graph", query, everything=".*"))
    return found


def of_outcomes() -> list[Json]:
    """Return overrides that colour series which are named after their outcome."""
    colours = {
        "ok": GOOD,
        "interrupted": NEUTRAL,
        "cancelled": MUTED,
        "abandoned": "purple",
        "limit": WARNING,
        "error": BAD,
    }
    return [coloured(outcome, colour) for outcome, colour in colours.items()]


def either(latest: str, older: str) -> str:
    """Return an expression of a metric by its latest name, or by its older one where the services use that alone."""
    return f"({latest}) or ({older})"


def of_graph(expression: str, label: str, name: str = "graph_name") -> str:
    """Return an expression whose label has another name."""
    return f'max by ({name}) (label_replace({expression}, "{name}", "$1", "{label}", "(.+)"))'


def duration_by_graph(share: float, *, in_range: bool = False) -> str:
    """Return a quantile of the duration of runs, by ``graph_name``: over time, or over the whole time range."""
    ask = quantile_in_range if in_range else quantile
    return either(
        of_graph(ask(share, DURATION, IN_AGENT, by="gen_ai_agent_name"), "gen_ai_agent_name"),
        of_graph(ask(share, OLDER_DURATION, _IN_WORKFLOW, by="gen_ai_workflow_name"), "gen_ai_workflow_name"),
    )


_ERROR = 'error_type!=""'

EXCEPTIONS = either(
    increase(f"{DURATION}_count", IN_AGENT, _ERROR, by="error_type"),
    increase(f"{OLDER_DURATION}_count", _IN_WORKFLOW, _ERROR, by="error_type"),
)
"""How many runs ended with an exception in one step of a graph, by the class of the exception."""
