"""``argus-otel training lost``: runs whose process ended without recording an end."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from argus_otel.terminal import records

from .asking import add_runs, add_silent_after, asked, run_training_query
from .local import HUNG, shown

if TYPE_CHECKING:
    from argus_otel.sources.training.history.queries import History
    from argus_otel.sources.training.history.results import RecordedRun


@dataclass(frozen=True, slots=True)
class _Row:
    """What fits on a terminal; JSON and CSV have everything."""

    id: str = field(metadata={"unit": "short id"})
    name: str
    state: str
    host: str
    began: datetime
    heard: datetime
    steps: int
    total_steps: float | None = field(metadata={"unit": "number"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_silent_after(parser)
    add_runs(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    return shown(
        "training lost",
        arguments,
        lambda merge: run_training_query("lost", _query, arguments, show=lambda runs, form: _show(merge(runs), form)),
        _show,
        "lost",
        "silent",
        HUNG,
    )


def _query(history: History, arguments: argparse.Namespace) -> list[RecordedRun]:
    return history.lost(**asked(arguments))


def _show(runs: Sequence[RecordedRun], form: str) -> int:
    if form != "table":
        return records.show(runs, form)
    rows = [
        _Row(run.id, run.name, run.state, run.host, run.began, run.heard, run.steps, run.total_steps) for run in runs
    ]
    return records.show(rows, form)
