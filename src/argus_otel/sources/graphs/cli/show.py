"""``argus-otel graphs show``: a run as a tree of its nodes, with evaluations and what rules have found."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from argus_otel.terminal import records
from argus_otel.terminal.queries import add_store_alone

from .asking import add_run, run_graphs_query

if TYPE_CHECKING:
    from argus_otel.sources.graphs.history.queries import History
    from argus_otel.sources.graphs.history.results import RunDetail


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_run(parser)
    add_store_alone(parser, "tree", "json")


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    return run_graphs_query("show", _query, arguments, show=_show)


def _query(history: History, arguments: argparse.Namespace) -> RunDetail:
    return history.run(arguments.run_id)


def _show(detail: RunDetail, form: str) -> int:
    from .facts import facts_of
    from .tree import lines_of

    if form == "json":
        records.print_json(detail)
        return 0
    for name, fact in facts_of(detail.run):
        print(f"{name:<10}{records.text_of(fact)}")
    print()
    print("\n".join(lines_of(detail)))
    return 0
