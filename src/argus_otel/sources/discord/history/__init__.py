"""The history of Discord bots: what happened to each guild, for months.

.. code-block:: python

    import os

    from argus_otel.sources.discord.history import History

    with History.open(os.environ["ARGUS_HISTORY_STORE"]) as history:
        for guild in history.quiet(limit=5):
            print(guild.guild_id, guild.last, guild.uses)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from argus_otel.history.store.model import ErasureReference, HistoryModel, Retention, Rollup

if TYPE_CHECKING:
    from .queries import History

__all__ = ["MODEL", "History"]

COMMAND = "discord.command"
GUILD_JOIN = "discord.guild.join"
GUILD_LEAVE = "discord.guild.leave"

_KEYS = ("service", "cluster", "shard", "guild_id", "event", "command", "type", "outcome", "error")
_MEASURES = (
    "count() as count, min(time) as first, max(time) as last, countIf(duration > 0) as timed,"
    " sum(duration) as duration_sum, max(duration) as duration_max,"
    # Buckets, each 2 % wider than the one before: percentiles are within 1 %, however rows are merged. The engines that
    # are small have no sketches of percentiles.
    " sumMapIf(map(toInt16(ceil(log(if(duration > 0, duration, 1)) / log(1.02))), toUInt64(1)), duration > 0)"
    " as durations,"
    " uniqIfState(user, user != '') as users"
)
_DAY = 24


def snowflake(text: str) -> int:
    """Return an id of Discord's.

    Raises
    ------
    ValueError
        The text is none.
    """
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 1 << 64:
        raise ValueError(f"{text!r} is not an id, such as 81384788765712384")
    return int(text)


def _user(text: str) -> str:
    return str(snowflake(text))


MODEL = HistoryModel(
    "discord",
    package=__name__,
    events="discord_events",
    prefixes=("discord",),
    attributes=("discord.guild.id", "discord.channel.id", "discord.user.id"),
    resource=("discord.cluster.id",),
    references={
        "guild": ErasureReference("discord.guild.id", "guild_id", snowflake, "81384788765712384"),
        "user": ErasureReference("discord.user.id", "user", _user, "80351110224678912", personal=True),
    },
    rollups=(
        Rollup("discord_hourly", "hour", "toStartOfHour(time)", _KEYS, _MEASURES, {"user": "users"}),
        Rollup("discord_daily", "day", "toDate(time)", _KEYS, _MEASURES, {"user": "users"}),
    ),
    retention=(
        Retention("discord_events", {"discord_events": "toDateTime(time)"}, 400 * _DAY),
        Retention("discord_hourly", {"discord_hourly": "hour"}, 3 * 365 * _DAY),
        Retention("discord_daily", {"discord_daily": "day"}, None),
    ),
)


def __getattr__(name: str) -> Any:
    """Import the queries when they are asked for: a bot only writes."""
    if name == "History":
        from .queries import History

        return History
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
