"""``argus-otel graphs nodes``: how long nodes take, and how often they fail."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .asking import add_graph, asked, run_graphs_query

if TYPE_CHECKING:
    from argus_otel.sources.graphs.history.queries import History


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_graph(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    return run_graphs_query("nodes", _query, arguments)


def _query(history: History, arguments: argparse.Namespace) -> object:
    return history.nodes(**asked(arguments))
