"""What the commands share: arguments, and running a query."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from argus_otel.terminal.queries import add_query_options, run_query, time_span
from argus_otel.terminal.store_options import add_store

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


def add_store_alone(parser: argparse.ArgumentParser, *forms: str) -> None:
    """Declare ``--format``, of which the first is the default, and the store: for a query without a range."""
    parser.set_defaults(since=None, until=None, service="")
    if forms:
        parser.add_argument("--format", choices=forms, default=forms[0], help="the format (%(default)s)")
    add_store(parser)


def asked(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the keywords that every query on graphs has."""
    return {"graph": arguments.graph, **time_span(arguments)}


def run_graphs_query(
    command: str,
    query: Callable[[History, argparse.Namespace], Any],
    arguments: argparse.Namespace,
    *,
    hidden: tuple[str, ...] = (),
    show: Callable[[Any, str], int] | None = None,
) -> int:
    """Run a query, see :func:`argus_otel.terminal.queries.run_query`."""
    return run_query(f"graphs {command}", _history, query, arguments, hidden=hidden, show=show)


def _history() -> type[History]:
    from argus_otel.sources.graphs.history.queries import History

    return History
