"""Where an event happened and who caused it, as far as its first argument tells: ids, for spans only."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import discord

from argus_otel.telemetry import AttributeValue

if TYPE_CHECKING:
    from discord.client import Client


def place_of(client: Client, about: object) -> dict[str, AttributeValue]:
    """Return the ids of guild, channel, user and shard that ``about`` has; none of what is not discord.py's.

    A bot may dispatch events of its own with anything, and what its attributes do is its affair.
    """
    attributes: dict[str, AttributeValue] = {}
    if not _is_discords(type(about)):
        return attributes
    guild = about.id if isinstance(about, discord.Guild) else _id_of(about, "guild")
    if guild is not None:
        attributes["discord.guild.id"] = str(guild)
        attributes["discord.shard.id"] = (guild >> 22) % (client.shard_count or 1)
    is_channel = isinstance(about, (discord.abc.GuildChannel, discord.Thread, discord.abc.PrivateChannel))
    channel = about.id if is_channel else _id_of(about, "channel")
    if channel is not None:
        attributes["discord.channel.id"] = str(channel)
    user = about.id if isinstance(about, discord.abc.User) else _id_of(about, "user", "author")
    if user is not None:
        attributes["discord.user.id"] = str(user)
    return attributes


def _id_of(about: object, *names: str) -> int | None:
    """Return an id from ``about.guild_id`` or ``about.guild.id``, under the first name that has one."""
    for name in names:
        found = getattr(about, f"{name}_id", None) or getattr(getattr(about, name, None), "id", None)
        if isinstance(found, int):
            return found
    return None


@lru_cache(maxsize=256)
def _is_discords(kind: type[object]) -> bool:
    return any(base.__module__.partition(".")[0] == "discord" for base in kind.__mro__)
