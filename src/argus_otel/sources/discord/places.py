"""Where an event happened and who caused it, as far as its first argument tells: ids, for spans only."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from argus_otel.telemetry import AttributeValue

from .ids import ids, shard_of
from .library import ROOTS

if TYPE_CHECKING:
    from discord.client import Client


def place_of(client: Client, about: object) -> dict[str, AttributeValue]:
    """Return the ids of guild, channel, user and shard that ``about`` has; none of what is not discord.py's.

    A bot may dispatch events of its own with anything, and what its attributes do is its affair.
    """
    kind = _kind_of(type(about))
    if kind is None:
        return {}
    itself: int | None = getattr(about, "id", None)
    guild = itself if kind == "guild" else _id_of(about, "guild")
    return ids(
        guild=guild,
        shard=None if guild is None else shard_of(guild, client.shard_count),
        channel=itself if kind == "channel" else _id_of(about, "channel"),
        user=itself if kind == "user" else _id_of(about, "user", "author"),
    )


def _id_of(about: object, *names: str) -> int | None:
    """Return an id from ``about.guild_id`` or ``about.guild.id``, under the first name that has one."""
    for name in names:
        found = getattr(about, f"{name}_id", None) or getattr(getattr(about, name, None), "id", None)
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
def _kind_of(kind: type[object]) -> str | None:
    """Return what an object is of which the ids are wanted: ``other`` for any other of the library's, else ``None``."""
    names = [base.__name__ for base in kind.__mro__ if base.__module__.partition(".")[0] in ROOTS]
    return next((_KINDS[name] for name in names if name in _KINDS), "other") if names else None
