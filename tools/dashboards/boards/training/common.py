"""Shared by the dashboards of training runs: variables, selectors, colours, and the rows of history."""

from __future__ import annotations

from ... import variables
from ...queries import SELECTED, chosen, given
from ...style import BAD, GOOD, MUTED, NEUTRAL, WARNING, Json, coloured

MODEL = "argus_training_model"
OUTCOME = "argus_training_outcome"
PHASE = "argus_training_phase"
METRIC = "argus_training_metric"

OF_MODEL = f'{MODEL}=~"$model"'
"""Selects the models that are chosen at the top of the dashboard."""

RUNS_OF_HISTORY = f"$__timeFilter(time) and {chosen('service', 'service')}"
"""Selects the rows of the chosen services in the time range, in ClickHouse."""


def services(*, model: bool = True) -> list[Json]:
    """Return data source, service, instance and, where asked for, model."""
    found = variables.prometheus("Service", metric="training_run_active")
    if model:
        query = f"label_values(training_run_active{{{SELECTED}}}, {MODEL})"
        found.append(variables.labels("model", "Model", query, everything=".*"))
    return found


def stored() -> list[Json]:
    """Return data source and service of history."""
    return variables.clickhouse(service="select distinct service from training_runs where $__timeFilter(time)")


def metric() -> Json:
    """Return the variable that names a value."""
    return variables.textbox("metric", "Value", "The name under which it is logged, such as loss.", "loss")


def of_metric() -> str:
    """Return the name of that value as an expression of SQL."""
    return given("metric")


def of_outcomes() -> list[Json]:
    """Return overrides that colour series which are named after their outcome."""
    colours = {"ok": GOOD, "stopped": NEUTRAL, "interrupted": MUTED, "guarded": WARNING, "error": BAD, "lost": "purple"}
    return [coloured(outcome, colour) for outcome, colour in colours.items()]
