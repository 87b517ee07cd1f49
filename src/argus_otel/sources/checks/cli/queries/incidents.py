"""``argus-otel checks incidents``: when checks were down, and how often."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from . import add_checks, asked, run_checks_query

if TYPE_CHECKING:
    from argus_otel.sources.checks.history.queries import History


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_checks(parser)
    parser.add_argument(
        "--by-check",
        action="store_true",
        help="a row for each check instead: how many, and the mean times to repair (MTTR) and between failures (MTBF)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    return run_checks_query("incidents", _query, arguments)


def _query(history: History, arguments: argparse.Namespace) -> object:
    return history.reliability(**asked(arguments)) if arguments.by_check else history.incidents(**asked(arguments))
