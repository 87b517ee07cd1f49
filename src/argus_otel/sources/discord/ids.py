"""The ids of what something is about, for spans, events and history: one spelling of each name, decimal digits each.

As text, since readers of JSON lose bits of a number beyond 2**53, and so that one column of a store takes them all.
"""

from __future__ import annotations

from argus_otel.telemetry import AttributeValue

from .catalogue import CHANNEL_ID, GUILD_ID, INTERACTION_ID, MESSAGE_ID, SHARD_ID, USER_ID


def ids(
    *,
    interaction: int | None = None,
    message: int | None = None,
    guild: int | str | None = None,
    shard: int | None = None,
    channel: int | str | None = None,
    user: int | str | None = None,
) -> dict[str, AttributeValue]:
    """Return the attributes for those ids that are there. Text has to be decimal digits; a shard is a number."""
    attributes: dict[str, AttributeValue] = {}
    if interaction is not None:
        attributes[INTERACTION_ID.name] = str(interaction)
    if message is not None:
        attributes[MESSAGE_ID.name] = str(message)
    if guild is not None:
        attributes[GUILD_ID.name] = str(guild)
    if shard is not None:
        attributes[SHARD_ID.name] = shard
    if channel is not None:
        attributes[CHANNEL_ID.name] = str(channel)
    if user is not None:
        attributes[USER_ID.name] = str(user)
    return attributes


def shard_of(guild: int, shards: int | None) -> int:
    """Return which of so many shards has a guild, as Discord assigns them; a client without shards has 0."""
    return (guild >> 22) % (shards or 1)
