"""``argus-otel discord latency``: how long commands take."""

from __future__ import annotations

import argparse

from argus_otel.terminal.queries import add_query_options

from . import add_guild, of_guild, run_discord_query


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_guild(parser)
    add_query_options(parser, limit=20)


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    return run_discord_query("latency", of_guild("latency"), arguments)
