"""The resource attribute that settings decide: the bot's cluster."""

from __future__ import annotations

from argus_otel.settings import Settings

from .settings import DiscordSettings


def attributes(settings: Settings) -> dict[str, str]:
    """Return ``discord.cluster.id`` if it is set. What the bot itself knows, :meth:`.DiscordSource.resource` adds."""
    cluster = settings[DiscordSettings].cluster_id
    return {"discord.cluster.id": cluster} if cluster else {}
