"""``argus-otel graphs runs``: runs, the latest first."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from argus_otel.sources.graphs.outcomes import Outcome

from .asking import add_graph, asked, run_graphs_query

if TYPE_CHECKING:
    from argus_otel.sources.graphs.history.queries import History

_HIDDEN = ("trace_id", "service", "thread")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_graph(parser, limit=20)
    outcomes = tuple(each.value for each in Outcome)
    parser.add_argument("--outcome", choices=outcomes, default="", help="only runs that ended so")
    parser.add_argument("--thread", metavar="ID", default="", help="only runs of this thread")
    parser.add_argument("--found", action="store_true", help="only runs in which a rule found something")


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    return run_graphs_query("runs", _query, arguments, hidden=_HIDDEN)


def _query(history: History, arguments: argparse.Namespace) -> object:
    return history.runs(
        outcome=arguments.outcome,
        thread=arguments.thread,
        found=arguments.found,
        limit=arguments.limit,
        **asked(arguments),
    )
