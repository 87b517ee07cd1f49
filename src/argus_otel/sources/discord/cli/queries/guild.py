"""``argus-otel discord guild``: the story of one guild."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from argus_otel.terminal.queries import add_query_options, time_span

from . import guild_id, run_discord_query

if TYPE_CHECKING:
    from argus_otel.sources.discord.history.queries import History
    from argus_otel.sources.discord.history.results import Story


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("guild", metavar="ID", type=guild_id, help="the guild's id")
    add_query_options(parser, limit=20, limited="the most commands, errors and latest events")


def run(arguments: argparse.Namespace) -> int:
    """Run the query; return the exit code."""
    return run_discord_query("guild", _query, arguments, show=_show)


def _query(history: History, arguments: argparse.Namespace) -> Story | None:
    return history.guild(arguments.guild, limit=arguments.limit, **time_span(arguments))


def _show(story: Story | None, form: str) -> int:
    from argus_otel.terminal import records

    if form == "json":
        records.print_json(story)
    elif form == "csv":
        records.print_csv(story.days if story else ())
    elif story is None:
        print(records.NO_RECORDS)
    else:
        _print(story)
    return 0


def _print(story: Story) -> None:
    from argus_otel.terminal.records import print_table, text_of

    print(f"guild {story.guild_id}")
    print(f"joined {text_of(story.joined)}, left {text_of(story.left)}", end="; ")
    print(f"known from {text_of(story.first)} to {text_of(story.last)}")
    print(f"{story.uses:,} uses, {story.users:,} users")
    parts = (("days", story.days), ("commands", story.commands), ("errors", story.errors), ("latest", story.recent))
    for title, rows in parts:
        if rows:
            print()
            print_table(rows, ("guild_id",), title)
