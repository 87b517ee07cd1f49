"""The ids on spans, events and history rows: one function for each kind of object that has some.

Each id is spelled here only. Ids are decimal digits, as text: JSON readers lose bits of numbers beyond 2**53, and one
column of a store holds them all. A shard is a number.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from argus_otel.telemetry import AttributeValue

from .attributes import CHANNEL_ID, GUILD_ID, INTERACTION_ID, MESSAGE_ID, SHARD_ID, USER_ID
from .library import ROOTS

if TYPE_CHECKING:
    from discord.client import Client
    from discord.message import Message
    from discord.voice_client import VoiceClient


def ids_of_guild(guild_id: int | None, shard_id: int | None = None) -> dict[str, AttributeValue]:
    """Return the ids of a guild and of its shard, without those that are ``None``."""
    return _ids(guild=guild_id, shard=shard_id)


def ids_of_interaction(data: dict[str, Any], shards: int) -> dict[str, AttributeValue]:
    """Return the ids of guild, shard, channel and user in an interaction's payload, of a bot with so many shards.

    discord.py has not seen the payload yet: an id that is missing or malformed is left out.
    """
    guild = _digits(data, "guild_id")
    return _ids(
        guild=guild,
        shard=None if guild is None else shard_of(int(guild), shards),
        channel=_digits(data, "channel_id"),
        user=_digits(_object(_object(data, "member") or data, "user"), "id"),
    )


def ids_of_message(message: Message) -> dict[str, AttributeValue]:
    """Return the ids of guild, shard, channel and author of a message."""
    guild = message.guild
    if guild is None:
        return _ids(channel=message.channel.id, user=message.author.id)
    return _ids(guild=guild.id, shard=guild.shard_id, channel=message.channel.id, user=message.author.id)


def ids_of_voice_client(voice: VoiceClient) -> dict[str, AttributeValue]:
    """Return the ids of the guild and channel that a voice client connects to."""
    return _ids(guild=voice.guild.id, channel=voice.channel.id)


def ids_of(client: Client, thing: object) -> dict[str, AttributeValue]:
    """Return the ids of guild, shard, channel and user of ``thing``; none if its class is not the library's.

    A bot may dispatch events of its own with any argument, and reading the attributes of such an object may run
    any code.
    """
    kind = _kind_of(type(thing))
    if kind is None:
        return {}
    own: int | None = getattr(thing, "id", None)
    guild = own if kind == "guild" else _id_of(thing, "guild")
    return _ids(
        guild=guild,
        shard=None if guild is None else shard_of(guild, client.shard_count),
        channel=own if kind == "channel" else _id_of(thing, "channel"),
        user=own if kind == "user" else _id_of(thing, "user", "author"),
    )


def add_interaction_id(attributes: dict[str, AttributeValue], interaction_id: int) -> None:
    """Add an interaction's own id, which spans have and history rows do not."""
    attributes[INTERACTION_ID.name] = str(interaction_id)


def add_message_id(attributes: dict[str, AttributeValue], message: Message) -> None:
    """Add a message's own id, which spans have and history rows do not."""
    attributes[MESSAGE_ID.name] = str(message.id)


def shard_of(guild_id: int, shards: int | None) -> int:
    """Return the shard that Discord assigns a guild to, of so many; 0 for a client without shards."""
    return (guild_id >> 22) % (shards or 1)


def _ids(
    *,
    guild: int | str | None = None,
    shard: int | None = None,
    channel: int | str | None = None,
    user: int | str | None = None,
) -> dict[str, AttributeValue]:
    """Return the attributes of those ids that are given. Text has to be decimal digits."""
    attributes: dict[str, AttributeValue] = {}
    if guild is not None:
        attributes[GUILD_ID.name] = str(guild)
    if shard is not None:
        attributes[SHARD_ID.name] = shard
    if channel is not None:
        attributes[CHANNEL_ID.name] = str(channel)
    if user is not None:
        attributes[USER_ID.name] = str(user)
    return attributes


# -- payloads


def _object(data: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the object under ``key``, or an empty one."""
    value = data.get(key)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _digits(data: dict[str, Any], key: str) -> str | None:
    """Return the snowflake under ``key`` in its decimal digits, or ``None``."""
    value = data.get(key)
    return value if isinstance(value, str) and len(value) <= 20 and value.isascii() and value.isdecimal() else None


# -- discord.py's objects


def _id_of(thing: object, *names: str) -> int | None:
    """Return ``thing.NAME_id`` or ``thing.NAME.id``, by the first name that has one."""
    for name in names:
        found = getattr(thing, f"{name}_id", None) or getattr(getattr(thing, name, None), "id", None)
        if isinstance(found, int):
            return found
    return None


# The classes that discord.py and its forks derive all others of that kind from.
_KINDS = {
    "Guild": "guild",
    "GuildChannel": "channel",
    "Thread": "channel",
    "PrivateChannel": "channel",
    "BaseUser": "user",
    "Member": "user",
}


@lru_cache(maxsize=256)
def _kind_of(cls: type[object]) -> str | None:
    """Return which of the ids is the object's own: ``other`` if none is, ``None`` if its class is not the library's."""
    names = [base.__name__ for base in cls.__mro__ if base.__module__.partition(".")[0] in ROOTS]
    return next((_KINDS[name] for name in names if name in _KINDS), "other") if names else None
