"""The commands of ``argus-otel discord``. This file describes them, and imports none."""

from __future__ import annotations

from argus_otel.terminal.commands import Command

_EXIT = " Exit code 0; 1: the store cannot be queried; 2: wrong usage."


def _query(name: str, summary: str, description: str, *examples: str) -> tuple[str, Command]:
    command = Command(
        f"{__name__}.queries.{name}",
        summary,
        description + _EXIT,
        tuple(f"discord {name} {example}".rstrip() for example in examples),
    )
    return name, command


COMMANDS: dict[str, Command] = dict(
    (
        _query(
            "volume",
            "uses by day, week or month",
            "Uses in each period: of all guilds together, of one, or of each of the most active.",
            "--since 30d",
            "--by week --guild 81384788765712384",
            "--by month --each-guild",
        ),
        _query(
            "active",
            "active guilds by day, week or month",
            "Active guilds in each period: how many of them for the first time ever (new), how many as in the period "
            "before (kept), and how many again after a pause (back).",
            "--since 30d",
            "--by month",
        ),
        _query(
            "growth",
            "guilds that joined and left",
            "How many guilds joined and left in each period, and how many there were at its end, of those that are in "
            "history. Churn is the share of those at its beginning, and of those that joined, that left.",
            "--by month",
            "--by week --since 90d",
        ),
        _query(
            "quiet",
            "guilds that stopped using the bot",
            "Guilds that the bot is in and that used it, but not of late; those that had used it most come first.",
            "--for 14d",
            "--since 90d --for 30d --format csv",
        ),
        _query(
            "top",
            "the most used commands",
            "The most used commands, with their guilds, users, rejections and errors.",
            "--since 7d",
            "--guild 81384788765712384 --limit 5",
        ),
        _query(
            "adoption",
            "how a new command spread",
            "How a command spread from guild to guild since its first use; with --replaces, also how many guilds moved "
            "to it from the command that it replaces, and how many were lost on the way.",
            "play",
            "song --replaces play --by day",
        ),
        _query(
            "errors",
            "failures by command and guild",
            "How often commands failed, by command, by guild or by both. A use that a check or a cooldown rejected is "
            "no error.",
            "--since 7d",
            "--by guild",
            "--by both --guild 81384788765712384",
        ),
        _query(
            "latency",
            "how long commands take",
            "How long commands took, from the interaction to the end of its handler; the slowest come first.",
            "--since 7d",
            "--guild 81384788765712384",
        ),
        _query(
            "busiest",
            "the hours with the most uses",
            "The hours of the day, or of the week, with the most uses.",
            "--time-zone Europe/Berlin",
            "--by week --since 28d --limit 10",
        ),
        _query(
            "retention",
            "how many guilds stay active, by when they joined",
            "Of the guilds that joined in each period: how many were active in that period (0), and in each one after.",
            "",
            "--by month --since 2026-01-01",
        ),
        _query(
            "guild",
            "the story of one guild",
            "The story of one guild: when it joined and left, its uses on each day, its commands and errors, and its "
            "latest events. As CSV, the days.",
            "81384788765712384",
            "81384788765712384 --format json",
        ),
    )
)
