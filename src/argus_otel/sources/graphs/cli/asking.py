"""What the commands share: arguments, and running a query."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from argus_otel.terminal.queries import SourceQueries, add_query_options, time_span

if TYPE_CHECKING:
    from argus_otel.sources.graphs.history.queries import History


def add_graph(parser: argparse.ArgumentParser, *, limit: int = 0, required: bool = False) -> None:
    """Declare ``GRAPH`` and the options of every query."""
    nargs: Any = None if required else "?"
    meaning = "its name" if required else "its name; all graphs without"
    parser.add_argument("graph", metavar="GRAPH", nargs=nargs, default="", help=meaning)
    add_query_options(parser, limit=limit)


def add_run(parser: argparse.ArgumentParser, name: str = "run_id", metavar: str = "RUN") -> None:
    """Declare the id of a run."""
    parser.add_argument(name, metavar=metavar, help="the id of a run, or its first letters")


def asked(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the keywords that every query on graphs has."""
    return {"graph": arguments.graph, **time_span(arguments)}


def _history() -> type[History]:
    from argus_otel.sources.graphs.history.queries import History

    return History


run_graphs_query = SourceQueries("graphs", _history)
"""Runs a query on the source's history as a command."""
