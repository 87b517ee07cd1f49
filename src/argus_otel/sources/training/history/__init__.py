"""The history of training runs: every run, every logged value, and the curves that outlive the values.

.. code-block:: python

    import os

    from argus_otel.sources.training.history import History

    with History.open(os.environ["ARGUS_HISTORY_STORE"]) as history:
        for run in history.runs(state="error"):
            print(run.began, run.error, history.curve(run.id, "loss").points[-1])

:func:`argus_otel.training.history` opens it, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from argus_otel.history.store.model import ErasureReference, HistoryModel, Retention
from argus_otel.sources.training import attributes as a

if TYPE_CHECKING:
    from .queries import History

__all__ = ["MODEL", "History"]

BLOCK = 100
"""How many steps one row of ``training_curves`` has."""

_DAY = 24


def _run(text: str) -> str:
    if not text:
        raise ValueError("a run has an id, such as 5f0c7c52-8d1e-44aa-9b1c-0d6f3a1e2b4c")
    return text


MODEL = HistoryModel(
    "training",
    package=__name__,
    events="training_rows",
    prefixes=("training",),
    references={"run": ErasureReference(a.RUN.name, "run_id", _run, "5f0c7c52-8d1e-44aa-9b1c-0d6f3a1e2b4c")},
    others=("training_points", "training_runs", "training_curves"),
    retention=(
        Retention("training_rows", {"training_rows": "stored"}, 90 * _DAY),
        Retention("training_points", {"training_points": "stored"}, 400 * _DAY),
        Retention("training_runs", {"training_runs": "toDateTime(time)"}, None),
        Retention("training_curves", {"training_curves": "toDateTime(day)"}, None),
    ),
)


def __getattr__(name: str) -> Any:
    """Import the queries when they are asked for: an observed program only writes."""
    if name == "History":
        from .queries import History

        return History
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
