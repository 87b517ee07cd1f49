"""Observed: where the bot's application is installed, and which privileged intents it uses. Signals: gauges.

``Client.application_info`` fetches the application when the client logs in, and when the bot calls it. The hook keeps
the answer, and makes no request of its own. Safe, because the original runs first, and its result and its exceptions
pass through.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import Reading, Telemetry

from .attributes import INSTALL_TYPE, INTENT_NAME
from .catalogue import INSTALLS, PRIVILEGED_INTENTS
from .library import DISCORD_PY
from .patches import Patch, PatchSet
from .shards import ClientRegistry

if TYPE_CHECKING:
    from discord.appinfo import AppInfo
    from discord.client import Client

HOOK = "application"

_FIELDS = {"guild_install": "approximate_guild_count", "user_install": "approximate_user_install_count"}


class _Application:
    """The numbers of an application. The object that discord.py makes of it would keep its client alive."""

    __slots__ = ("id", "installs")

    def __init__(self, fetched: AppInfo) -> None:
        self.id = fetched.id
        self.installs: dict[str, int | None] = {kind: getattr(fetched, field, None) for kind, field in _FIELDS.items()}


class Applications:
    """Keeps the applications as they were fetched last, and reads the gauges."""

    def __init__(self, telemetry: Telemetry, hooks: PatchSet, registry: ClientRegistry) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._registry = registry
        self._fetched: weakref.WeakKeyDictionary[Client, _Application] = weakref.WeakKeyDictionary()
        telemetry.gauge(INSTALLS, self._installs)
        telemetry.gauge(PRIVILEGED_INTENTS, self._privileged_intents)

    def patches(self) -> list[Patch]:
        """Return the hook on fetching the application."""
        keep = self._telemetry.guard.shield(HOOK, self._keep)

        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            async def application_info(self: Client) -> AppInfo:
                found: AppInfo = await original(self)
                keep(self, found)
                return found

            return application_info

        return [Patch(HOOK, "discord.client", "Client.application_info", make, libraries=(DISCORD_PY,))]

    def _keep(self, client: Client, application: AppInfo) -> None:
        if self._hooks.on:
            self._fetched[client] = _Application(application)

    # -- on the collecting thread

    def _installs(self) -> Reading:
        # By id: clients of one application have the same installations.
        applications = {found.id: found for client in self._registry.open_clients() if (found := self._of(client))}
        for kind in _FIELDS:
            known = [count for found in applications.values() if (count := found.installs[kind]) is not None]
            if known:
                yield {INSTALL_TYPE.name: kind}, float(sum(known))

    def _of(self, client: Client) -> _Application | None:
        found = self._fetched.get(client)
        if found is None:
            # A client that ran before the hook has what it fetched when it logged in.
            application: AppInfo | None = getattr(client, "application", None)
            found = None if application is None else _Application(application)
        return found

    def _privileged_intents(self) -> Reading:
        clients = self._registry.open_clients()
        if clients:
            for name in INTENT_NAME.values:
                asking = sum(bool(getattr(client._connection._intents, str(name), False)) for client in clients)
                yield {INTENT_NAME.name: name}, float(asking)
