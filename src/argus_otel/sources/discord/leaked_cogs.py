"""Observed: cogs that stay in memory after their extension was reloaded or unloaded. Signal: up-down counter.

``BotBase._remove_module_references`` removes the cogs of an extension that is reloaded or unloaded, or fails to load.
The hook keeps weak references to them. A cog that can be let go is still there until Python's garbage collector has
searched all objects, for a cog and its commands refer to each other. So only cogs that have outlived such a search
count: something holds them, such as a task that was not cancelled, a registry, or a view. Safe, because the original
gets the same arguments, and weak references keep nothing alive. The collector is never started here.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import Reading, Telemetry

from .attributes import EXTENSION_NAME
from .catalogue import LEAKED_COGS
from .library import DISCORD_PY
from .patches import Patch, PatchSet

if TYPE_CHECKING:
    from discord.ext.commands import Bot, Cog

HOOK = "extensions"

_PACKAGE = "discord.ext.commands"


class _RemovedCog:
    """A cog that was removed from its bot.

    Attributes
    ----------
    extension:
        The extension's name.
    """

    __slots__ = ("extension", "_cog", "_bot", "_searches")

    def __init__(self, extension: str, cog: Cog, bot: Bot) -> None:
        self.extension = extension
        self._cog = weakref.ref(cog)
        self._bot = weakref.ref(bot)
        self._searches = _searches()

    @property
    def alive(self) -> bool:
        """Whether it is in memory, although the bot runs, and has not added it again."""
        cog, bot = self._cog(), self._bot()
        if cog is None or bot is None or bot.is_closed():
            return False
        # The same object again: `setup` may add a cog that its module made.
        return all(each is not cog for each in tuple(bot.cogs.values()))

    @property
    def leaked(self) -> bool:
        """Whether it has outlived a search of the garbage collector."""
        return self._searches != _searches() and self.alive


class LeakedCogs:
    """Counts cogs that were removed and are still in memory, by extension."""

    def __init__(self, telemetry: Telemetry, hooks: PatchSet) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        # Replaced, not changed: the collecting thread reads them.
        self._removed: tuple[_RemovedCog, ...] = ()
        self._extensions: dict[str, None] = {}
        telemetry.gauge(LEAKED_COGS, self._leaked)

    def patches(self) -> list[Patch]:
        """Return the hook on removing an extension's cogs."""
        removing = self._telemetry.guard.shield(HOOK, self._removing)

        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            async def _remove_module_references(self: Bot, name: str) -> None:
                removing(self, name)
                await original(self, name)

            return _remove_module_references

        # The forks' function is no coroutine.
        target = "BotBase._remove_module_references"
        return [Patch(HOOK, f"{_PACKAGE}.bot", target, make, _PACKAGE, libraries=(DISCORD_PY,))]

    def _removing(self, bot: Bot, name: str) -> None:
        if not self._hooks.on:
            return
        cogs: Mapping[str, Cog] = bot.cogs
        removed = [cog for cog in cogs.values() if cog.__module__ == name or cog.__module__.startswith(f"{name}.")]
        known = [each for each in self._removed if each.alive]
        self._removed = (*known, *(_RemovedCog(name, cog, bot) for cog in removed))
        self._extensions = {**self._extensions, name: None}

    def _leaked(self) -> Reading:
        # 0 too, so that a cog which is let go after all is seen to go.
        counts = dict.fromkeys(self._extensions, 0)
        for each in self._removed:
            if each.leaked:
                counts[each.extension] += 1
        return [({EXTENSION_NAME.name: name}, float(count)) for name, count in counts.items()]


def _searches() -> int:
    """Return how often the garbage collector has searched its oldest generation, which is all objects."""
    return gc.get_stats()[-1]["collections"]
