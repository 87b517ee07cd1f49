"""The queries on history as commands, a module each: ``argus-otel discord volume`` and so on."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from argus_otel.sources.discord.history import snowflake
from argus_otel.terminal.queries import SourceQueries, time_span

if TYPE_CHECKING:
    from argus_otel.sources.discord.history.queries import History

PERIODS = ("day", "week", "month")


def add_period(parser: argparse.ArgumentParser, default: str, periods: Sequence[str] = PERIODS) -> None:
    """Declare ``--by``, the length of a period."""
    parser.add_argument("--by", choices=periods, default=default, help="the length of a period (%(default)s)")


def add_guild(parser: argparse.ArgumentParser) -> None:
    """Declare ``--guild``."""
    parser.add_argument("--guild", metavar="ID", type=guild_id, help="only this guild")


def guild_id(text: str) -> int:
    """Return a guild's id, for :mod:`argparse`."""
    try:
        return snowflake(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def of_guild(method: str) -> Callable[[History, argparse.Namespace], Any]:
    """Return a call of a query that may be limited to one guild."""

    def query(history: History, arguments: argparse.Namespace) -> Any:
        return getattr(history, method)(guild=arguments.guild, limit=arguments.limit, **time_span(arguments))

    return query


def _history() -> type[History]:
    from argus_otel.sources.discord.history.queries import History

    return History


run_discord_query = SourceQueries("discord", _history)
"""Runs a query on the source's history as a command."""
