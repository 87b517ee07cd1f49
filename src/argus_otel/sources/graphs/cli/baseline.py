"""``argus-otel graphs baseline``: in what the last runs differ from healthy ones before them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from argus_otel.terminal.store_options import positive

from .asking import add_graph, asked, run_graphs_query

if TYPE_CHECKING:
    from argus_otel.sources.graphs.history.queries import History


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_graph(parser, required=True)
    parser.add_argument("--recent", metavar="N", type=positive, default=20, help="how many runs are looked at (20)")
    parser.add_argument(
        "--earlier", metavar="N", type=positive, default=200, help="with how many healthy ones they are compared (200)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    return run_graphs_query("baseline", _query, arguments)


def _query(history: History, arguments: argparse.Namespace) -> object:
    return history.baseline(recent=arguments.recent, earlier=arguments.earlier, **asked(arguments))
