"""A history model as a source of another kind would bring it: jobs, who owns them, and which worker ran them."""

from __future__ import annotations

from argus_otel.history.store.model import ErasureReference, HistoryModel, Retention, Rollup


def _name(text: str) -> str:
    if not text.isalnum():
        raise ValueError(f"{text!r} is not a name, such as ann")
    return text


MODEL = HistoryModel(
    "jobs",
    package=__name__,
    events="jobs_events",
    prefixes=("jobs",),
    attributes=("jobs.id",),
    resource=("jobs.pool",),
    references={
        "owner": ErasureReference("jobs.owner", "owner", _name, "ann", personal=True),
        "worker": ErasureReference("jobs.worker", "worker", int, "7"),
    },
    rollups=(
        Rollup(
            "jobs_daily",
            "day",
            "toDate(time)",
            ("worker",),
            "count() as count, uniqIfState(owner, owner != '') as owners",
            {"owner": "owners"},
        ),
    ),
    retention=(Retention("jobs_events", {"jobs_events": "toDateTime(time)"}, 24 * 400),),
)
