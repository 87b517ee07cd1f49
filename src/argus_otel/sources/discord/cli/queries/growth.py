"""``argus-otel discord growth``: guilds that joined and left."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from argus_otel.terminal.queries import add_query_options, time_span

from . import add_period, run_discord_query

if TYPE_CHECKING:
    from argus_otel.sources.discord.history.queries import History


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_period(parser, "month")
    add_query_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    return run_discord_query("growth", _query, arguments)


def _query(history: History, arguments: argparse.Namespace) -> object:
    return history.growth(arguments.by, **time_span(arguments))
