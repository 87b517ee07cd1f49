"""What an interaction says of itself as it arrives, before discord.py has seen it: nothing of it is relied upon."""

from __future__ import annotations

from typing import Any, cast

from argus_otel.telemetry import AttributeValue

from .ids import ids, shard_of


def qualified_name(data: dict[str, Any]) -> str:
    """Return a command's name with its group and subcommand, as discord.py's ``qualified_name`` has it.

    Raises
    ------
    AttributeError, LookupError, TypeError, ValueError
        It has none, or one that is no text or cannot leave this process.
    """
    name: str = data["name"]
    options: list[dict[str, Any]] | None = data.get("options")
    while options and options[0].get("type") in (1, 2):  # a subcommand or a group of them, always alone
        name += " " + options[0]["name"]
        options = options[0].get("options")
    if not name.isascii():
        name.encode()  # half of a surrogate pair, which JSON may hold, would cost an exporter all that it sends
    return name


def place_of(data: dict[str, Any], shards: int) -> dict[str, AttributeValue]:
    """Return the ids of guild, channel and user, and the shard, as far as they are there."""
    guild = _digits(data, "guild_id")
    return ids(
        guild=guild,
        shard=None if guild is None else shard_of(int(guild), shards),
        channel=_digits(data, "channel_id"),
        user=_digits(_object(_object(data, "member") or data, "user"), "id"),
    )


def _object(data: dict[str, Any], key: str) -> dict[str, Any]:
    """Return an object within another, or an empty one where there is none."""
    value = data.get(key)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _digits(data: dict[str, Any], key: str) -> str | None:
    """Return a snowflake in its decimal digits; ``None`` where there is none."""
    value = data.get(key)
    return value if isinstance(value, str) and len(value) <= 20 and value.isascii() and value.isdecimal() else None
