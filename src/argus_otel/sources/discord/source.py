"""The Discord source: installs the hook files into discord.py or a fork of it."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from functools import cached_property, partial
from importlib import import_module
from importlib.util import find_spec

from argus_otel.settings import Settings
from argus_otel.sources.patches import when_imported
from argus_otel.sources.spec import Activate, Source
from argus_otel.telemetry import PartError, State, Telemetry

from .clusters import Clusters
from .library import DISCORD_PY, ROOTS, Library
from .patches import Patch, PatchSet, patches_for, resolve
from .settings import DiscordSettings
from .shards import ClientRegistry

_DISCORD_PY = Library("discord", DISCORD_PY, "of any version")

_log = logging.getLogger("argus_otel")

_PARTLY = (
    "argus-otel: %s is observed in part: the patch targets of %d of %d hooks are missing in it, and their signals are "
    "absent. `argus-otel doctor` and /status list them; docs/hooks.md says which signals need each hook. The bot and "
    "all other signals are unaffected."
)


class DiscordSource(Source):
    """Observes discord.py or a fork of it, now or once it is imported. The first client activates it."""

    def __init__(self, telemetry: Telemetry, settings: Settings, activate: Activate) -> None:
        super().__init__(telemetry, settings, activate)
        self._telemetry = telemetry
        self._hooks = PatchSet(telemetry)
        self._clusters = Clusters(settings[DiscordSettings].cluster_id)
        self._parts: _Parts | None = None
        self._libraries: dict[str, Library] = {}
        self._wanted = False
        self._watching: set[str] = set()
        telemetry.health.add_fact("cluster", lambda: self._clusters.cluster_id or "")

    def install(self) -> None:
        """Apply the patches, now or once a library is imported. Safe to repeat. Imports no library."""
        self._wanted = True
        for root in ROOTS:
            self._when_imported(root, partial(self._library_imported, root))

    def uninstall(self) -> None:
        """Revert the patches. Safe to repeat."""
        self._wanted = False
        self._hooks.revert()
        if self._parts is not None:
            self._parts.detach()

    def drop_in_child(self) -> None:
        """After a fork, in the child: forget the parent's bots. The patches stay, for a bot that starts here."""
        self._clusters.forget()
        if self._parts is not None:
            self._parts.listeners.forget()
            self._parts.interactions.forget()
            self._parts.detach()
            self._parts.prefix_commands.forget()

    def resource(self) -> dict[str, str]:
        """Return ``discord.library.name`` and ``.version``, and ``discord.cluster.id`` of a bot with several processes.

        The library is the first one that was imported: a program with a library installed need not be a bot.
        """
        found = {"discord.cluster.id": cluster} if (cluster := self._clusters.cluster_id) else {}
        for library in self.libraries[:1]:
            found.update({"discord.library.name": library.name, "discord.library.version": library.version})
        return found

    def describe(self) -> str:
        """Return how many hooks are active in which libraries."""
        found = " and ".join(map(str, self.libraries)) or DISCORD_PY
        phrase = f"{self._hooks.active} hooks in {found}"
        if any(library.fork for library in self.libraries):
            hooks = self._telemetry.health.parts("hook:").values()
            phrase += f" ({sum(part.state is State.ABSENT for part in hooks)} absent, see docs/hooks.md)"
        return phrase

    @property
    def active_hooks(self) -> int:
        """The number of hooks that are active."""
        return self._hooks.active

    @property
    def libraries(self) -> list[Library]:
        """The libraries that have been imported: one, in nearly every program."""
        return list(self._libraries.values())

    @staticmethod
    def probe(root: str = "discord") -> dict[str, str | None]:
        """Return each hook's name, with ``None`` or the reason why its target is missing in the installed library.

        Imports the library, and changes nothing in it. Hooks in packages that are not installed are left out.

        Parameters
        ----------
        root:
            The library's import name, one of :data:`.library.ROOTS`.

        Raises
        ------
        ImportError
            The library is not installed.
        """
        library = Library.of(import_module(root))
        telemetry = Telemetry()
        patches = _Parts(telemetry, PatchSet(telemetry), Clusters(None), lambda: None).patches(library)
        return {patch.name: _absence(patch) for patch in patches if _is_installed(patch.package)}

    def _library_imported(self, root: str) -> None:
        if self._parts is None:
            self._parts = _Parts(self._telemetry, self._hooks, self._clusters, self.activate)
        library = self._libraries[root] = Library.of(sys.modules[root])
        self._telemetry.health.add_section("libraries", lambda: [each.describe() for each in self.libraries])
        self._hooks.on = True
        patches = self._parts.patches(library)
        for package in {patch.package: None for patch in patches}:
            self._when_imported(package, partial(self._apply, library, package))
        if library.fork:
            known = self._telemetry.health.parts("hook:")
            absent = [patch for patch in patches if patch.name in known and known[patch.name].state is State.ABSENT]
            _log.warning(_PARTLY, library, len(absent), len(patches))
        if _in_event_loop():
            self._parts.clients.attach_running()
            self._parts.views.attach_running(self._parts.registry)

    def _apply(self, library: Library, package: str) -> None:
        if self._parts is not None:
            patches = self._parts.patches(library)
            self._hooks.apply((patch for patch in patches if patch.package == package), some_absent=library.fork)

    def _when_imported(self, module: str, action: Callable[[], None]) -> None:
        part = f"hooks in {module}"

        def imported() -> None:
            self._watching.discard(module)
            self._telemetry.health.forget(part)
            if self._wanted:
                self._telemetry.attempt(part, action)

        if module in sys.modules:
            imported()
        elif module not in self._watching:
            self._watching.add(module)
            if module not in ROOTS or module == "discord":  # a fork is reported only if it is imported
                self._telemetry.health.report(part, State.OFF, f"{module} is not imported yet")
            when_imported(module, imported)


class _Parts:
    """The hook files, connected. Created with the first import of a library: other processes pay nothing for them."""

    def __init__(self, telemetry: Telemetry, hooks: PatchSet, clusters: Clusters, activate: Activate) -> None:
        from . import app_commands, http_interactions, log_policy, secrets
        from .applications import Applications
        from .caches import Caches
        from .clients import Clients
        from .clock import DiscordClock
        from .components import Components
        from .disconnects import Disconnects
        from .extensions import Extensions
        from .gateway_events import GatewayEvents
        from .guild_changes import GuildChanges
        from .heartbeats import Heartbeats
        from .interactions import Interactions
        from .leaked_cogs import LeakedCogs
        from .listeners import Listeners
        from .prefix_commands import PrefixCommands
        from .rest import waits
        from .rest.attempts import RestAttempts
        from .rest.calls import RestCalls
        from .send_limits import SendLimits
        from .sessions import Sessions
        from .state_gauges import StateGauges
        from .task_loops import TaskLoops
        from .views import Views
        from .voice import Voice

        secrets.add_patterns(telemetry)
        log_policy.apply_to(telemetry)
        self.registry = ClientRegistry()
        self.gateway_events = GatewayEvents(telemetry)
        clock = DiscordClock(telemetry)
        self.interactions = Interactions(telemetry, hooks, clock)
        self._guard = telemetry.guard
        self.listeners = Listeners(telemetry, hooks, self.interactions)
        self.views = Views(telemetry, hooks)
        disconnects = Disconnects(telemetry, hooks, self.registry)
        voice = Voice(telemetry, hooks, self.registry)
        self.guild_changes = GuildChanges(telemetry)
        StateGauges(telemetry, self.registry, self.guild_changes)
        self.caches = Caches(telemetry, self.registry)
        heartbeats = Heartbeats(telemetry, hooks)
        self.clients = Clients(
            telemetry,
            hooks,
            activate,
            self.registry,
            clusters,
            self.gateway_events,
            disconnects,
            self.guild_changes,
            self.interactions,
            heartbeats,
        )
        self.prefix_commands = PrefixCommands(telemetry, hooks)
        attempts = RestAttempts(telemetry, clock)
        self._patches: list[Patch] = [
            *secrets.patches(telemetry),
            *self.clients.patches(),
            *Applications(telemetry, hooks, self.registry).patches(),
            *Sessions(telemetry, hooks).patches(),
            *disconnects.patches(),
            *self.listeners.patches(),
            *heartbeats.patches(),
            *SendLimits(telemetry, hooks, self.registry).patches(),
            *Extensions(telemetry, hooks).patches(),
            *LeakedCogs(telemetry, hooks).patches(),
            *app_commands.patches(telemetry.guard, self.interactions),
            *http_interactions.patches(telemetry.guard, self.interactions),
            *self.views.patches(),
            *Components(telemetry, self.interactions, self.views).patches(),
            *self.prefix_commands.patches(),
            *TaskLoops(telemetry, hooks).patches(),
            *RestCalls(telemetry, hooks, attempts, self.interactions).patches(),
            *attempts.patches(),
            *waits.patches(),
            *voice.patches(),
        ]

    def patches(self, library: Library = _DISCORD_PY) -> list[Patch]:
        """Return every patch that applies to ``library``."""
        return patches_for(library, [*self._patches, *self._of_forks] if library.fork else self._patches)

    @cached_property
    def _of_forks(self) -> list[Patch]:
        from . import fork_commands

        return fork_commands.patches(self._guard, self.interactions)

    def detach(self) -> None:
        """Unwrap the functions of the clients that run, and forget the clients."""
        self.gateway_events.detach()
        self.guild_changes.detach()
        self.interactions.detach()
        self.listeners.detach()
        self.views.detach()
        self.registry.clear()


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package that the module is in
        return False


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
