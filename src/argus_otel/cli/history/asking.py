"""The questions as the command line has them: their words, their options, and the method that each one calls."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argus_otel.history.questions import History

_QUIET = "14d"


def _nothing(_: argparse.ArgumentParser) -> None:
    pass


def _none(_: argparse.Namespace) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes
    ----------
    ask:
        Returns the answers: dataclasses of :mod:`argus_otel.history.answers`, or a guild's story.
    add:
        Declares options of its own.
    limit, limited:
        How many of what are told where nobody says how many; 0 where all are.
    hidden:
        Returns the columns that a table leaves out, since they say nothing.
    """

    summary: str
    description: str
    examples: tuple[str, ...]
    ask: Callable[[History, argparse.Namespace], Any]
    add: Callable[[argparse.ArgumentParser], None] = _nothing
    limit: int = 0
    limited: str = "the most rows"
    hidden: Callable[[argparse.Namespace], Sequence[str]] = _none


def _span(arguments: argparse.Namespace) -> dict[str, Any]:
    return {"since": arguments.since, "until": arguments.until, "service": arguments.service}


def _volume(history: History, arguments: argparse.Namespace) -> Any:
    return history.volume(
        arguments.by,
        guild=arguments.guild,
        each_guild=arguments.each_guild,
        limit=arguments.limit,
        **_span(arguments),
    )


def _quiet(history: History, arguments: argparse.Namespace) -> Any:
    from argus_otel.history.periods import length

    return history.quiet(length(arguments.quiet_for, "--for"), limit=arguments.limit, **_span(arguments))


def _adoption(history: History, arguments: argparse.Namespace) -> Any:
    return history.adoption(arguments.command, replaces=arguments.replaces, period=arguments.by, **_span(arguments))


def _busiest(history: History, arguments: argparse.Namespace) -> Any:
    return history.busiest(
        arguments.by,
        time_zone=arguments.time_zone,
        guild=arguments.guild,
        limit=arguments.limit,
        **_span(arguments),
    )


def _of_guild(method: str) -> Callable[[History, argparse.Namespace], Any]:
    def ask(history: History, arguments: argparse.Namespace) -> Any:
        return getattr(history, method)(guild=arguments.guild, limit=arguments.limit, **_span(arguments))

    return ask


def _periods(default: str, *known: str) -> Callable[[argparse.ArgumentParser], None]:
    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--by",
            choices=known or ("day", "week", "month"),
            default=default,
            help="how long a period is (%(default)s)",
        )

    return add


def _guild(parser: argparse.ArgumentParser) -> None:
    from . import snowflake

    parser.add_argument("--guild", metavar="ID", type=snowflake, help="only this guild")


def _add_volume(parser: argparse.ArgumentParser) -> None:
    _periods("day")(parser)
    _guild(parser)
    parser.add_argument("--each-guild", action="store_true", help="a row for each of the guilds that did most")


def _add_quiet(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--for", dest="quiet_for", metavar="AGE", default=_QUIET, help="how long they did nothing (%(default)s)"
    )


def _add_adoption(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("command", metavar="COMMAND", help="the command's name, as `top` has it")
    parser.add_argument("--replaces", metavar="COMMAND", default="", help="the command whose place it takes")
    _periods("week")(parser)


def _add_errors(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--by", choices=("command", "guild", "both"), default="command", help="(%(default)s)")
    _guild(parser)


def _add_busiest(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--by", choices=("day", "week"), default="day", help="the hours of the day, or of the week (%(default)s)"
    )
    parser.add_argument("--time-zone", metavar="NAME", default="UTC", help="such as Europe/Berlin (%(default)s)")
    _guild(parser)


def _add_retention(parser: argparse.ArgumentParser) -> None:
    from . import positive

    _periods("week", "week", "month")(parser)
    parser.add_argument(
        "--periods", metavar="N", type=positive, default=12, help="the most periods after that of joining (%(default)s)"
    )


def _add_story(parser: argparse.ArgumentParser) -> None:
    from . import snowflake

    parser.add_argument("guild", metavar="ID", type=snowflake, help="the guild's id")


QUESTIONS = {
    "volume": Question(
        "how much was done, by day, week or month",
        "How much was done in each period: by all guilds together, by one, or by each of those that did most.",
        ("volume --since 30d", "volume --by week --guild 81384788765712384", "volume --by month --each-guild"),
        _volume,
        _add_volume,
        10,
        "the most guilds with --each-guild",
        lambda arguments: () if arguments.each_guild else ("guild_id",),
    ),
    "active": Question(
        "how many guilds were active",
        "How many guilds did something in each period; how many of them for the first time ever (new), how many as in\n"
        "the period before (kept), and how many again after a pause (back).",
        ("active --since 30d", "active --by month"),
        lambda history, arguments: history.active(arguments.by, **_span(arguments)),
        _periods("day"),
    ),
    "growth": Question(
        "how many guilds joined and left",
        "How many guilds joined and left in each period, and how many there were at its end, of those that history\n"
        "has heard of. Churn is the share of those at its beginning, and of those that joined, that left.",
        ("growth --by month", "growth --by week --since 90d"),
        lambda history, arguments: history.growth(arguments.by, **_span(arguments)),
        _periods("month"),
    ),
    "quiet": Question(
        "which guilds stopped using the bot",
        "Guilds that the bot is in and that used it, but not of late; those that had used it most come first.",
        ("quiet --for 14d", "quiet --since 90d --for 30d --format csv"),
        _quiet,
        _add_quiet,
        20,
    ),
    "top": Question(
        "which commands are used most",
        "The commands that were used most, by how many guilds and users, and how it went.",
        ("top --since 7d", "top --guild 81384788765712384 --limit 5"),
        _of_guild("top"),
        _guild,
        20,
    ),
    "adoption": Question(
        "how a new command spread",
        "How a command spread from guild to guild since its first use; with --replaces, also what became of the one\n"
        "that it takes the place of: guilds that moved to the new one, and guilds that were lost on the way.",
        ("adoption play", "adoption song --replaces play --by day"),
        _adoption,
        _add_adoption,
        hidden=lambda arguments: () if arguments.replaces else ("old_uses", "old_guilds", "moved", "lost"),
    ),
    "errors": Question(
        "which commands fail, and where",
        "How often commands failed, by command, by guild or by both. What a check or a cooldown rejected is no error.",
        ("errors --since 7d", "errors --by guild", "errors --by both --guild 81384788765712384"),
        lambda history, arguments: history.errors(
            arguments.by, guild=arguments.guild, limit=arguments.limit, **_span(arguments)
        ),
        _add_errors,
        20,
        hidden=lambda arguments: {"command": ("guild_id",), "guild": ("command", "type")}.get(arguments.by, ()),
    ),
    "latency": Question(
        "how long commands take",
        "How long commands took, from the interaction to its handler's end; the slowest come first.",
        ("latency --since 7d", "latency --guild 81384788765712384"),
        _of_guild("latency"),
        _guild,
        20,
    ),
    "busiest": Question(
        "in which hours most is done",
        "The hours of the day, or of the week, in which most is done.",
        ("busiest --time-zone Europe/Berlin", "busiest --by week --since 28d --limit 10"),
        _busiest,
        _add_busiest,
        24,
        hidden=lambda arguments: ("weekday",) if arguments.by == "day" else (),
    ),
    "retention": Question(
        "how many guilds stay, by when they joined",
        "Of the guilds that joined in each period: how many were active in that period (0), and in each one after.",
        ("retention", "retention --by month --since 2026-01-01"),
        lambda history, arguments: history.retention(arguments.by, periods=arguments.periods, **_span(arguments)),
        _add_retention,
    ),
    "guild": Question(
        "everything about one guild",
        "One guild's story: when it came and went, what it did on each day, its commands and errors, and the latest\n"
        "that happened. As CSV, the days.",
        ("guild 81384788765712384", "guild 81384788765712384 --format json"),
        lambda history, arguments: history.guild(arguments.guild, limit=arguments.limit, **_span(arguments)),
        _add_story,
        20,
        "the most commands, errors and latest happenings",
    ),
}
