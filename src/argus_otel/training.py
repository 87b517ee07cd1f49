"""Training runs of a loop of one's own. Runs of Lightning, Keras and transformers are observed without a line.

.. code-block:: python

    from argus_otel import training

    with training.run("baseline", model=model, total_steps=10_000, config={"lr": 0.1}) as run:
        for step, batch in enumerate(batches):
            loss = train(model, batch)
            run.log(loss=loss, step=step)
            if step % 1000 == 999:
                with run.validation():
                    run.log(loss=evaluate(model), phase="validation")
            if run.should_stop:
                break

In a program that argus-otel does not observe, all of this does nothing.

If history is on, what runs have done can be asked for:

.. code-block:: python

    from argus_otel import training

    with training.history() as history:
        for run in history.runs(group="sweep-7"):
            print(run.id, run.state, run.steps, run.metric, run.last, run.best)
        for point in history.curve("5f0c7c52", "loss", points=200).points:
            print(point.step, point.low, point.mean, point.high, point.nonfinite)
        for best in history.best("accuracy", group="sweep-7"):
            print(best.id, best.best, best.config)

:class:`History` has a method for each question: ``runs``, ``run``, ``lost``, ``curve``, ``compare`` and ``best``. Each
returns frozen dataclasses: :class:`RecordedRun`, :class:`RunDetail`, :class:`Attempt`, :class:`LoggedValue`,
:class:`WrittenFile`, :class:`Curve`, :class:`CurvePoint`, :class:`Resume` and :class:`BestRun`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from argus_otel.sources.training.api import Run
from argus_otel.sources.training.api import begin as run

if TYPE_CHECKING:
    from argus_otel.sources.training.history.queries import History
    from argus_otel.sources.training.history.results import (
        Attempt,
        BestRun,
        Curve,
        CurvePoint,
        LoggedValue,
        RecordedRun,
        Resume,
        RunDetail,
        WrittenFile,
    )

__all__ = [
    "Attempt",
    "BestRun",
    "Curve",
    "CurvePoint",
    "History",
    "LoggedValue",
    "RecordedRun",
    "Resume",
    "Run",
    "RunDetail",
    "WrittenFile",
    "history",
    "run",
]

_HISTORY = "argus_otel.sources.training.history"


def history(store: str | None = None) -> History:
    """Open the history of training runs, to be closed after use: it is a context manager.

    Parameters
    ----------
    store:
        ``clickhouse://user:password@host:8123/database``, ``clickhouses://…``, ``chdb:DIRECTORY`` or
        ``files:DIRECTORY``. By default the one that ``ARGUS_HISTORY_STORE`` names.

    Raises
    ------
    StoreError
        It cannot be opened, or is missing the tables; the message says what to do.
    """
    from argus_otel.settings import Settings
    from argus_otel.sources.training.history.queries import History

    return History.open(store or Settings.resolve().history_store)


def __getattr__(name: str) -> Any:
    """Import what questions need when it is asked for: an observed program only logs."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{_HISTORY}.{'queries' if name == 'History' else 'results'}"), name)
