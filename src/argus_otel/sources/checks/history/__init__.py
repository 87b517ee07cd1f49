"""The history of checks: every run for months, every change of status for ever.

.. code-block:: python

    import os

    from argus_otel.sources.checks.history import History

    with History.open(os.environ["ARGUS_HISTORY_STORE"]) as history:
        for incident in history.incidents(["shop"]):
            print(incident.begin, incident.duration, incident.error)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from argus_otel.history.store import buckets
from argus_otel.history.store.model import ErasureReference, HistoryModel, Retention, Rollup

if TYPE_CHECKING:
    from .queries import History

__all__ = ["MODEL", "History"]

RUN = "argus.check.run"
STATUS = "argus.check.status"
STATE = "argus.check.state"

_RUN_KEYS = ("location", "name", "type", "service", "muted", "outcome", "error")
_RUN_MEASURES = (
    "count() as count, sum(greatest(attempts, 1) - 1) as retries, countIf(disturbed) as disturbed,"
    f" sum(duration) as duration_sum, max(duration) as duration_max, {buckets.MEASURE}"
)
_STATUS_KEYS = (
    "event", "location", "name", "type", "service", "muted", "error", "state", "before", "since", "holds", "condition",
)  # fmt: skip
_DAY = 24


def _name(text: str) -> str:
    if not text or not text.isprintable():
        raise ValueError(f"{text!r} is not the name of a check, such as shop")
    return text


MODEL = HistoryModel(
    "checks",
    package=__name__,
    events="checks_events",
    prefixes=("argus.check",),
    resource=("argus.check.location",),
    references={"check": ErasureReference("argus.check.name", "name", _name, "shop")},
    rollups=(
        Rollup("checks_hourly", "hour", "toStartOfHour(slot)", _RUN_KEYS, _RUN_MEASURES, only=f"event = '{RUN}'"),
        Rollup("checks_daily", "day", "toDate(slot)", _RUN_KEYS, _RUN_MEASURES, only=f"event = '{RUN}'"),
        Rollup(
            "checks_status", "time", "time", _STATUS_KEYS, "count() as count", only=f"event in ('{STATUS}', '{STATE}')"
        ),
    ),
    retention=(
        Retention("checks_events", {"checks_events": "toDateTime(time)"}, 90 * _DAY),
        Retention("checks_hourly", {"checks_hourly": "hour"}, 3 * 365 * _DAY),
        Retention("checks_daily", {"checks_daily": "day"}, None),
        Retention("checks_status", {"checks_status": "toDateTime(time)"}, None),
    ),
)


def __getattr__(name: str) -> Any:
    """Import the queries when they are asked for: an agent only writes."""
    if name == "History":
        from .queries import History

        return History
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
