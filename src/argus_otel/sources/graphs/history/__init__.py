"""The history of agent graphs: every run with its nodes, findings and evaluations; names and shapes, never values.

.. code-block:: python

    import os

    from argus_otel.sources.graphs.history import History

    with History.open(os.environ["ARGUS_HISTORY_STORE"]) as history:
        for run in history.runs("support", outcome="error"):
            print(run.begin, run.error, history.run(run.id).findings)

:func:`argus_otel.graphs.history` opens it, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from argus_otel.history.store import buckets
from argus_otel.history.store.model import ErasureReference, HistoryModel, Retention, Rollup

if TYPE_CHECKING:
    from .queries import History

__all__ = ["MODEL", "History"]

RUN, NODE, FINDING, EVALUATION = "graph.run", "graph.node", "graph.finding", "graph.evaluation"

_MEASURES = (
    "count() as count, sum(duration) as duration_sum, max(duration) as duration_max,"
    f" sum(ifNull(input_tokens, 0)) as input_tokens, sum(ifNull(output_tokens, 0)) as output_tokens, {buckets.MEASURE}"
)
_EVALUATION_MEASURES = (
    "count() as count, count(score) as scored, sum(ifNull(score, 0)) as score_sum,"
    " sumMapIf(map(toString(ifNull(label, '')), toUInt64(1)), isNotNull(label)) as labels"
)
_DAY = 24


def _thread(text: str) -> str:
    if not text:
        raise ValueError("a thread has an id, such as 42")
    return text


MODEL = HistoryModel(
    "graphs",
    package=__name__,
    events="graphs_events",
    prefixes=("graph",),
    references={"thread": ErasureReference("gen_ai.conversation.id", "thread", _thread, "42")},
    rollups=(
        Rollup(
            "graphs_hourly",
            "hour",
            "toStartOfHour(time)",
            ("event", "service", "graph", "node", "outcome", "error"),
            _MEASURES,
            only=f"event in ('{RUN}', '{NODE}')",
        ),
        Rollup(
            "graphs_evaluations_hourly",
            "hour",
            "toStartOfHour(time)",
            ("service", "graph", "node", "evaluation", "error"),
            _EVALUATION_MEASURES,
            only=f"event = '{EVALUATION}'",
        ),
    ),
    retention=(
        Retention("graphs_events", {"graphs_events": "toDateTime(time)"}, 90 * _DAY),
        Retention("graphs_hourly", {"graphs_hourly": "hour"}, 3 * 365 * _DAY),
        Retention("graphs_evaluations_hourly", {"graphs_evaluations_hourly": "hour"}, 3 * 365 * _DAY),
    ),
)


def __getattr__(name: str) -> Any:
    """Import the queries when they are asked for: an observed program only writes."""
    if name == "History":
        from .queries import History

        return History
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
