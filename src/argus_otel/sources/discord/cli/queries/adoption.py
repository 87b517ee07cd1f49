"""``argus-otel discord adoption``: how a command spread among guilds."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from argus_otel.terminal.queries import add_query_options, time_span

from . import add_period, run_discord_query

if TYPE_CHECKING:
    from argus_otel.sources.discord.history.queries import History


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("command", metavar="COMMAND", help="the command's name, as in `argus-otel discord top`")
    parser.add_argument("--replaces", metavar="COMMAND", default="", help="the command that it replaces")
    add_period(parser, "week")
    add_query_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    hidden = () if arguments.replaces else ("old_uses", "old_guilds", "moved", "lost")
    return run_discord_query("adoption", _query, arguments, hidden=hidden)


def _query(history: History, arguments: argparse.Namespace) -> object:
    return history.adoption(arguments.command, replaces=arguments.replaces, period=arguments.by, **time_span(arguments))
