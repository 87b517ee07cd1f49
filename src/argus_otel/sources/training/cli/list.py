"""``argus-otel training list``: runs, the latest first."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .asking import add_runs, add_silent_after, asked, run_training_query
from .local import HUNG, shown
from .rows import show_runs

if TYPE_CHECKING:
    from argus_otel.sources.training.history.queries import History
    from argus_otel.sources.training.history.results import RecordedRun


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    from argus_otel.sources.training.history.states import STATES

    parser.add_argument("--state", choices=(*STATES, HUNG), default="", help="only runs in this state")
    parser.add_argument("--group", metavar="NAME", default="", help="only runs of this group, such as a sweep")
    parser.add_argument("--metric", metavar="NAME", default="", help="the value to show; by default the loss")
    add_silent_after(parser)
    add_runs(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    states = (arguments.state,) if arguments.state else ()
    return shown(
        "training list",
        arguments,
        lambda merge: run_training_query(
            "list", _query, arguments, show=lambda runs, form: show_runs(merge(runs), form)
        ),
        show_runs,
        *states,
    )


def _query(history: History, arguments: argparse.Namespace) -> list[RecordedRun]:
    state = "" if arguments.state == HUNG else arguments.state
    return history.runs(state=state, group=arguments.group, metric=arguments.metric, **asked(arguments))
