"""``argus-otel discord volume``: uses by day, week or month."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from argus_otel.terminal.queries import add_query_options, time_span

from . import add_guild, add_period, run_discord_query

if TYPE_CHECKING:
    from argus_otel.sources.discord.history.queries import History


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_period(parser, "day")
    add_guild(parser)
    parser.add_argument("--each-guild", action="store_true", help="a row for each of the most active guilds")
    add_query_options(parser, limit=10, limited="the most guilds with --each-guild")


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    return run_discord_query("volume", _query, arguments, hidden=() if arguments.each_guild else ("guild_id",))


def _query(history: History, arguments: argparse.Namespace) -> object:
    return history.volume(
        arguments.by,
        guild=arguments.guild,
        each_guild=arguments.each_guild,
        limit=arguments.limit,
        **time_span(arguments),
    )
