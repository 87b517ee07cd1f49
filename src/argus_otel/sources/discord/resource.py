"""Resource attributes: the library that a bot is built on, and its cluster."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argus_otel.settings import Settings

_LIBRARIES = ("discord.py", "py-cord", "nextcord", "disnake")


def attributes(settings: Settings) -> dict[str, str]:
    """Return ``discord.library.name`` and ``.version``, and ``discord.cluster.id`` if it is set.

    The library is the first one that is installed; nothing of it is imported.
    """
    found = _library()
    if settings.cluster_id:
        found["discord.cluster.id"] = settings.cluster_id
    return found


def _library() -> dict[str, str]:
    for name in _LIBRARIES:
        try:
            return {"discord.library.name": name, "discord.library.version": version(name)}
        except PackageNotFoundError:  # noqa: PERF203 - there are four at most
            continue
    return {}
