"""The history of jobs: one table, and one query on it."""

from argus_otel.history.store.model import HistoryModel, Retention

MODEL = HistoryModel(
    "executor",
    package=__name__,
    events="executor_jobs",
    prefixes=("executor",),
    retention=(Retention("executor_jobs", {"executor_jobs": "toDateTime(time)"}, 30 * 24),),
)
