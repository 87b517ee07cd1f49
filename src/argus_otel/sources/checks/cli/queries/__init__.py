"""The queries on history as commands, a module each: ``argus-otel checks uptime`` and so on."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from argus_otel.terminal.queries import SourceQueries, add_query_options, time_span

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


def _history() -> type[History]:
    from argus_otel.sources.checks.history.queries import History

    return History


run_checks_query = SourceQueries("checks", _history)
"""Runs a query on the source's history as a command."""
