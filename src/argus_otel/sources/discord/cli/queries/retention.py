"""``argus-otel discord retention``: how many guilds stay active, by when they joined."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from argus_otel.terminal.queries import add_query_options, time_span
from argus_otel.terminal.store_options import positive

from . import add_period, run_discord_query

if TYPE_CHECKING:
    from argus_otel.sources.discord.history.queries import History


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_period(parser, "week", ("week", "month"))
    parser.add_argument(
        "--periods", metavar="N", type=positive, default=12, help="the most periods after that of joining (%(default)s)"
    )
    add_query_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    return run_discord_query("retention", _query, arguments)


def _query(history: History, arguments: argparse.Namespace) -> object:
    return history.retention(arguments.by, periods=arguments.periods, **time_span(arguments))
