"""A history small enough to answer every question about it in one's head.

Monday was 2026-01-05. All times are UTC.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timezone

from argus_otel.history.row import Row
from argus_otel.history.store.schema import Schema
from argus_otel.sources.discord.history import COMMAND, GUILD_JOIN, GUILD_LEAVE, MODEL
from argus_otel.telemetry import AttributeValue

SCHEMA = Schema((MODEL,))

_ATTRIBUTES = {
    "user": "discord.user.id",
    "command": "discord.command.name",
    "type": "discord.command.type",
    "outcome": "discord.outcome",
    "error": "error.type",
}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def row(
    when: str,
    guild: int,
    event: str,
    number: int = 0,
    *,
    duration: float = 0.0,
    service: str = "bot",
    attributes: Mapping[str, AttributeValue] | None = None,
    **columns: str,
) -> Row:
    """One row; the same arguments make the same id. Columns are attributes by their names in Discord's tables."""
    name = f"{when} {guild} {event} {number} {duration} {service} {attributes} {columns}"
    made: dict[str, AttributeValue] = {_ATTRIBUTES[column]: value for column, value in columns.items() if value}
    if guild:
        made["discord.guild.id"] = str(guild)
    return Row(
        time=int(at(when).timestamp()) * 1_000_000 + number,
        event=event,
        event_id=str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
        service=service,
        duration=duration,
        attributes={**made, **(attributes or {})},
    )


def use(
    when: str,
    guild: int,
    command: str,
    *durations: float,
    user: str = "",
    outcome: str = "ok",
    error: str = "",
    service: str = "bot",
) -> list[Row]:
    """One use of a command for each duration, in seconds."""
    return [
        row(
            when,
            guild,
            COMMAND,
            number,
            command=command,
            type="slash",
            user=user,
            outcome=outcome,
            error=error,
            duration=duration,
            service=service,
        )
        for number, duration in enumerate(durations)
    ]


def joins(when: str, guild: int) -> list[Row]:
    return [row(when, guild, GUILD_JOIN)]


def leaves(when: str, guild: int) -> list[Row]:
    return [row(when, guild, GUILD_LEAVE)]


ROWS: list[Row] = [
    # 1: there before history began, and active throughout.
    *use("2026-01-05T10:00", 1, "play", 0.1, 0.2, user="ann"),
    *use("2026-01-05T10:15", 1, "play", 0.3, user="bob"),
    row("2026-01-05T20:00", 1, "bot.level_up", user="ann", attributes={"level": "7"}),
    *use("2026-01-06T10:00", 1, "play", 0.4, user="ann", outcome="error", error="ValueError"),
    *use("2026-01-12T18:00", 1, "stop", 1.0, 1.0, user="ann"),
    *use("2026-02-02T10:00", 1, "play", 0.2, user="ann"),
    # 2: joins, is rejected at first, and stays. `song` is what `play` is called later.
    *joins("2026-01-06T09:00", 2),
    *use("2026-01-06T11:00", 2, "play", 0.1, 0.1, user="cat", outcome="rejected"),
    *use("2026-01-13T10:00", 2, "song", 0.5, user="cat"),
    *use("2026-02-03T10:00", 2, "song", 0.5, 0.5, user="cat"),
    # 3: joins, does nothing, leaves.
    *joins("2026-01-07T12:00", 3),
    *leaves("2026-01-20T12:00", 3),
    # 4: tries once, fails, leaves.
    *joins("2026-01-14T12:00", 4),
    *use("2026-01-14T12:05", 4, "song", 2.0, user="dan", outcome="error", error="KeyError"),
    *leaves("2026-01-15T08:00", 4),
    # 5: joins, is active for two days, and then is quiet.
    *joins("2026-01-08T10:00", 5),
    *use("2026-01-08T10:30", 5, "stop", 0.1, user="eve"),
    *use("2026-01-09T10:30", 5, "stop", 0.1, user="eve"),
    # In direct messages.
    *use("2026-01-05T10:30", 0, "play", 0.1, user="fay"),
    # Another bot's.
    *use("2026-01-05T10:00", 1, "play", 9.0, 9.0, 9.0, user="ann", service="other"),
]
