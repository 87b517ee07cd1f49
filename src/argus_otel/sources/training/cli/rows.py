"""Runs as rows of a table, with what fits on a terminal; JSON and CSV have everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from argus_otel.terminal import records

if TYPE_CHECKING:
    from argus_otel.sources.training.history.results import RecordedRun


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run."""

    id: str = field(metadata={"unit": "short id"})
    name: str
    state: str
    began: datetime
    duration: float = field(metadata={"unit": "duration"})
    steps: int
    metric: str
    last: float | None = field(metadata={"unit": "number"})
    best: float | None = field(metadata={"unit": "number"})
    nonfinite: int


def show_runs(runs: Sequence[RecordedRun], form: str) -> int:
    """Print runs; return 0."""
    return records.show([row_of(each) for each in runs] if form == "table" else runs, form)


def row_of(run: RecordedRun) -> RunRow:
    """Return a run as a row."""
    error = run.error.rpartition(".")[2]
    return RunRow(
        run.id,
        run.name,
        f"{run.state} {error}".rstrip(),
        run.began,
        run.duration,
        run.steps,
        run.metric,
        run.last,
        run.best,
        run.nonfinite,
    )
