"""``argus-otel discord errors``: failures by command and guild."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from argus_otel.terminal.queries import add_query_options, time_span

from . import add_guild, run_discord_query

if TYPE_CHECKING:
    from argus_otel.sources.discord.history.queries import History


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--by", choices=("command", "guild", "both"), default="command", help="(%(default)s)")
    add_guild(parser)
    add_query_options(parser, limit=20)


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    hidden = {"command": ("guild_id",), "guild": ("command", "type")}.get(arguments.by, ())
    return run_discord_query("errors", _query, arguments, hidden=hidden)


def _query(history: History, arguments: argparse.Namespace) -> object:
    return history.errors(arguments.by, guild=arguments.guild, limit=arguments.limit, **time_span(arguments))
