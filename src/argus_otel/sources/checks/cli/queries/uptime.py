"""``argus-otel checks uptime``: how long checks were up, and how many of their runs succeeded."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from . import add_by_day, add_checks, asked, run_checks_query

if TYPE_CHECKING:
    from argus_otel.sources.checks.history.queries import History


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_checks(parser)
    add_by_day(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    return run_checks_query("uptime", _query, arguments, hidden=() if arguments.by_day else ("day",))


def _query(history: History, arguments: argparse.Namespace) -> object:
    return history.uptime(by_day=arguments.by_day, **asked(arguments))
