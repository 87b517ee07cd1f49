"""``argus-otel discord quiet``: guilds that stopped using the bot."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from argus_otel.terminal.queries import add_query_options, time_span

from . import run_discord_query

if TYPE_CHECKING:
    from argus_otel.sources.discord.history.queries import History


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--for", dest="quiet_for", metavar="AGE", default="14d", help="the time without activity (%(default)s)"
    )
    add_query_options(parser, limit=20)


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    return run_discord_query("quiet", _query, arguments)


def _query(history: History, arguments: argparse.Namespace) -> object:
    from argus_otel.history.store.time_range import parse_duration

    return history.quiet(parse_duration(arguments.quiet_for, "--for"), limit=arguments.limit, **time_span(arguments))
