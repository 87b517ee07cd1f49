"""The Discord source: its hook files, put together."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from importlib.util import find_spec

import wrapt

from argus_otel.telemetry import PartError, State, Telemetry

from .patches import Hooks, Patch, resolve
from .shards import Roster


class DiscordSource:
    """Observes discord.py, now or as soon as it is imported.

    Parameters
    ----------
    on_import:
        Called when discord.py is there and its hooks are in place.
    """

    def __init__(self, telemetry: Telemetry, on_import: Callable[[], None]) -> None:
        self._telemetry = telemetry
        self._on_import = on_import
        self._hooks = Hooks(telemetry)
        self._parts: _Parts | None = None
        self._wanted = False
        self._watching: set[str] = set()

    def install(self) -> None:
        """Put the hooks in; safe to repeat. Nothing of discord.py is imported for it."""
        self._wanted = True
        self._when_imported("discord", self._discord_imported)

    def uninstall(self) -> None:
        """Take the hooks out; safe to repeat."""
        self._wanted = False
        self._hooks.remove()
        if self._parts is not None:
            self._parts.release()

    @staticmethod
    def probe() -> dict[str, str | None]:
        """Return each hook, with ``None`` or the reason why the installed discord.py cannot have it.

        Imports discord.py, and changes nothing in it. Hooks in a package that is not installed are left out.

        Raises
        ------
        ImportError
            There is no discord.py.
        """
        telemetry = Telemetry()
        patches = _Parts(telemetry, Hooks(telemetry)).patches()
        return {patch.name: _absence(patch) for patch in patches if find_spec(patch.package) is not None}

    def _discord_imported(self) -> None:
        if self._parts is None:
            self._parts = _Parts(self._telemetry, self._hooks)
        self._hooks.on = True
        patches = self._parts.patches()
        for package in {patch.package: None for patch in patches}:
            self._when_imported(package, lambda package=package: self._place(package))
        if _in_event_loop():
            self._parts.clients.attach_running()
        self._on_import()

    def _place(self, package: str) -> None:
        if self._parts is not None:
            self._hooks.place(patch for patch in self._parts.patches() if patch.package == package)

    def _when_imported(self, module: str, action: Callable[[], None]) -> None:
        part = f"hooks in {module}"

        def imported(_: object) -> None:
            self._watching.discard(module)
            self._telemetry.health.forget(part)
            if self._wanted:
                self._telemetry.attempt(part, action)

        if module in sys.modules:
            imported(None)
        elif module not in self._watching:
            self._watching.add(module)
            self._telemetry.health.report(part, State.OFF, f"{module} is not imported yet")
            wrapt.register_post_import_hook(imported, module)


class _Parts:
    """The hook files, wired. Made when discord.py is there, since some need its classes."""

    def __init__(self, telemetry: Telemetry, hooks: Hooks) -> None:
        from . import app_commands, connections, listeners, rest_attempts, rest_waits, secrets
        from .clients import Clients
        from .components import Components
        from .disconnects import Disconnects
        from .extensions import Extensions
        from .gateway_events import GatewayEvents
        from .guild_changes import GuildChanges
        from .heartbeats import Heartbeats
        from .interactions import Interactions
        from .prefix_commands import PrefixCommands
        from .rest import RestCalls
        from .send_limits import SendLimits
        from .sessions import Sessions
        from .sizes import Sizes

        secrets.add_patterns(telemetry)
        self.roster = Roster()
        self.gateway_events = GatewayEvents(telemetry)
        self.interactions = Interactions(telemetry, hooks)
        disconnects = Disconnects(telemetry, hooks, self.roster)
        self.guild_changes = GuildChanges(telemetry)
        Sizes(telemetry, self.roster, self.guild_changes)
        self.clients = Clients(
            telemetry, hooks, self.roster, self.gateway_events, disconnects, self.guild_changes, self.interactions
        )
        rest = RestCalls(telemetry, hooks, self.interactions)
        self._patches: list[Patch] = [
            *secrets.patches(telemetry),
            *connections.patches(telemetry),
            *self.clients.patches(),
            *Sessions(telemetry, hooks).patches(),
            *disconnects.patches(),
            *Heartbeats(telemetry, hooks).patches(),
            *SendLimits(telemetry, hooks, self.roster).patches(),
            *Extensions(telemetry, hooks).patches(),
            *listeners.patches(telemetry, self.interactions),
            *app_commands.patches(telemetry.guard, self.interactions),
            *Components(telemetry, self.interactions).patches(),
            *PrefixCommands(telemetry, hooks).patches(),
            *rest.patches(),
            *rest_attempts.patches(telemetry, rest),
            *rest_waits.patches(),
        ]

    def patches(self) -> list[Patch]:
        """Return every patch."""
        return self._patches

    def release(self) -> None:
        """Take the chains off the clients that run."""
        self.gateway_events.release()
        self.guild_changes.release()
        self.interactions.release()
        self.roster.clear()


def _absence(patch: Patch) -> str | None:
    try:
        resolve(patch)
    except PartError as error:
        return str(error)
    return None


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
