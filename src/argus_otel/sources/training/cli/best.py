"""``argus-otel training best``: runs by the best value of a metric."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .asking import PHASES, add_runs, run_training_query, time_span

if TYPE_CHECKING:
    from argus_otel.sources.training.history.queries import History
    from argus_otel.sources.training.history.results import BestRun


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("metric", metavar="METRIC", help="the name of a logged value, such as val_loss")
    parser.add_argument("--group", metavar="NAME", default="", help="only runs of this group, such as a sweep")
    parser.add_argument("--phase", choices=PHASES, default="", help="only values of this phase")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--minimise", action="store_true", default=None, help="the least value is the best")
    which.add_argument("--maximise", dest="minimise", action="store_false", help="the greatest value is the best")
    add_runs(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    return run_training_query("best", _query, arguments, hidden=("metric", "phase", "config"))


def _query(history: History, arguments: argparse.Namespace) -> list[BestRun]:
    return history.best(
        arguments.metric,
        group=arguments.group,
        phase=arguments.phase,
        minimise=arguments.minimise,
        limit=arguments.limit,
        **time_span(arguments),
    )
