"""``argus-otel checks reachability``: the runs of checks by outcome, and how long they took."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from . import add_by_day, add_by_location, add_checks, asked, run_checks_query

if TYPE_CHECKING:
    from argus_otel.sources.checks.history.queries import History


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_checks(parser)
    add_by_day(parser)
    add_by_location(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    hidden = [name for name, shown in (("day", arguments.by_day), ("location", arguments.by_location)) if not shown]
    return run_checks_query("reachability", _query, arguments, hidden=hidden)


def _query(history: History, arguments: argparse.Namespace) -> object:
    return history.reachability(by_day=arguments.by_day, by_location=arguments.by_location, **asked(arguments))
