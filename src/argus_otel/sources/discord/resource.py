"""Resource attributes: the bot's library and its cluster."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from argus_otel.settings import Settings

from .library import DISCORD_PY, FORKS
from .settings import DiscordSettings


def attributes(settings: Settings) -> dict[str, str]:
    """Return ``discord.library.name`` and ``.version``, and ``discord.cluster.id`` if it is set.

    The library is the first of the supported ones that is installed. It is not imported.
    """
    cluster = settings[DiscordSettings].cluster_id
    return {**({"discord.cluster.id": cluster} if cluster else {}), **_library()}


def _library() -> dict[str, str]:
    for name in (DISCORD_PY, *FORKS):
        try:
            return {"discord.library.name": name, "discord.library.version": version(name)}
        except PackageNotFoundError:  # noqa: PERF203 - there are four at most
            continue
    return {}
