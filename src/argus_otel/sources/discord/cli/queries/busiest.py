"""``argus-otel discord busiest``: the hours with the most uses."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from argus_otel.terminal.queries import add_query_options, time_span

from . import add_guild, run_discord_query

if TYPE_CHECKING:
    from argus_otel.sources.discord.history.queries import History


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--by", choices=("day", "week"), default="day", help="the hours of the day, or of the week (%(default)s)"
    )
    parser.add_argument("--time-zone", metavar="NAME", default="UTC", help="such as Europe/Berlin (%(default)s)")
    add_guild(parser)
    add_query_options(parser, limit=24)


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    return run_discord_query("busiest", _query, arguments, hidden=("weekday",) if arguments.by == "day" else ())


def _query(history: History, arguments: argparse.Namespace) -> object:
    return history.busiest(
        arguments.by,
        time_zone=arguments.time_zone,
        guild=arguments.guild,
        limit=arguments.limit,
        **time_span(arguments),
    )
