"""The queries on history as commands, a module each: ``argus-otel checks uptime`` and so on."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from argus_otel.terminal.queries import add_query_options, run_query, time_span

if TYPE_CHECKING:
    from argus_otel.sources.checks.history.queries import History


def add_names(parser: argparse.ArgumentParser) -> None:
    """Declare ``NAME…``."""
    parser.add_argument("names", metavar="NAME", nargs="*", help="names of checks, or patterns ('db-*'); all without")


def add_checks(parser: argparse.ArgumentParser, *, limit: int = 0) -> None:
    """Declare ``NAME…`` and the options of every query; see :func:`add_query_options`."""
    add_names(parser)
    add_query_options(parser, limit=limit)


def add_by_day(parser: argparse.ArgumentParser) -> None:
    """Declare ``--by-day``."""
    parser.add_argument("--by-day", action="store_true", help="a row for each check and day (UTC)")


def add_by_location(parser: argparse.ArgumentParser) -> None:
    """Declare ``--by-location``."""
    parser.add_argument("--by-location", action="store_true", help="each location by itself, not all together")


def asked(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the keywords that every query has."""
    return {"checks": arguments.names, **time_span(arguments)}


def run_checks_query(
    command: str,
    query: Callable[[History, argparse.Namespace], Any],
    arguments: argparse.Namespace,
    *,
    hidden: Sequence[str] = (),
    show: Callable[[Any, str], int] | None = None,
) -> int:
    """Run a query, see :func:`argus_otel.terminal.queries.run_query`."""
    return run_query(f"checks {command}", _history, query, arguments, hidden=hidden, show=show)


def _history() -> type[History]:
    from argus_otel.sources.checks.history.queries import History

    return History
