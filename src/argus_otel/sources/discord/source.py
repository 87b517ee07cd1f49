"""The Discord source: its hook files, put together."""

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

from .library import DISCORD_PY, ROOTS, Library
from .patches import Hooks, Patch, patches_for, resolve
from .shards import Roster

_DISCORD_PY = Library("discord", DISCORD_PY, "of any version")

_log = logging.getLogger("argus_otel")

_PARTLY = (
    "argus-otel: %s is observed in part: %d of %d hooks have nothing to take hold of in it, and what they would show "
    "is absent. `argus-otel doctor` and /status list them, docs/hooks.md says what each is for. The bot and everything "
    "else go on."
)


class DiscordSource(Source):
    """Observes discord.py or a fork of it, now or as soon as it is imported. The first client activates it."""

    def __init__(self, telemetry: Telemetry, settings: Settings, activate: Activate) -> None:
        super().__init__(telemetry, settings, activate)
        self._telemetry = telemetry
        self._hooks = Hooks(telemetry)
        self._parts: _Parts | None = None
        self._libraries: dict[str, Library] = {}
        self._wanted = False
        self._watching: set[str] = set()

    def install(self) -> None:
        """Put the hooks in; safe to repeat. No library is imported for it."""
        self._wanted = True
        for root in ROOTS:
            self._when_imported(root, partial(self._library_imported, root))

    def uninstall(self) -> None:
        """Take the hooks out; safe to repeat."""
        self._wanted = False
        self._hooks.remove()
        if self._parts is not None:
            self._parts.release()

    def drop_in_child(self) -> None:
        """After a fork, in the child: forget the parent's bots. The hooks stay, for one that starts here."""
        if self._parts is not None:
            self._parts.listeners.forget()
            self._parts.interactions.forget()
            self._parts.release()
            self._parts.prefix_commands.forget()

    def describe(self) -> str:
        """Return how many hooks are in which libraries."""
        found = " and ".join(map(str, self.libraries)) or DISCORD_PY
        phrase = f"{self._hooks.in_place} hooks in {found}"
        if any(library.fork for library in self.libraries):
            hooks = self._telemetry.health.parts("hook:").values()
            phrase += f" ({sum(part.state is State.ABSENT for part in hooks)} absent, as docs/hooks.md says)"
        return phrase

    @property
    def in_place(self) -> int:
        """How many hooks are in the libraries."""
        return self._hooks.in_place

    @property
    def libraries(self) -> list[Library]:
        """Return the libraries that were imported while we looked: one, in nearly every program."""
        return list(self._libraries.values())

    @staticmethod
    def probe(root: str = "discord") -> dict[str, str | None]:
        """Return each hook, with ``None`` or the reason why the installed library cannot have it.

        Imports the library, and changes nothing in it. Hooks in a package that is not installed are left out.

        Parameters
        ----------
        root:
            The library's import name, one of :data:`.library.ROOTS`.

        Raises
        ------
        ImportError
            There is no such library.
        """
        library = Library.of(import_module(root))
        telemetry = Telemetry()
        patches = _Parts(telemetry, Hooks(telemetry), lambda: None).patches(library)
        return {patch.name: _absence(patch) for patch in patches if find_spec(patch.package) is not None}

    def _library_imported(self, root: str) -> None:
        if self._parts is None:
            self._parts = _Parts(self._telemetry, self._hooks, self.activate)
        library = self._libraries[root] = Library.of(sys.modules[root])
        self._telemetry.health.add_section("libraries", lambda: [each.describe() for each in self.libraries])
        self._hooks.on = True
        patches = self._parts.patches(library)
        for package in {patch.package: None for patch in patches}:
            self._when_imported(package, partial(self._place, library, package))
        if library.fork:
            known = self._telemetry.health.parts("hook:")
            absent = [patch for patch in patches if patch.name in known and known[patch.name].state is State.ABSENT]
            _log.warning(_PARTLY, library, len(absent), len(patches))
        if _in_event_loop():
            self._parts.clients.attach_running()
            self._parts.views.attach_running(self._parts.roster)
            self._parts.voice.attach_running()

    def _place(self, library: Library, package: str) -> None:
        if self._parts is not None:
            patches = self._parts.patches(library)
            self._hooks.place((patch for patch in patches if patch.package == package), partly=library.fork)

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
            if module not in ROOTS or module == "discord":  # of the forks only one that is there is worth a word
                self._telemetry.health.report(part, State.OFF, f"{module} is not imported yet")
            when_imported(module, imported)


class _Parts:
    """The hook files, wired. Made when the first library is there: a process without one pays nothing for them."""

    def __init__(self, telemetry: Telemetry, hooks: Hooks, activate: Activate) -> None:
        from . import app_commands, connections, logged, rest_attempts, rest_waits, secrets
        from .clients import Clients
        from .clock import DiscordClock
        from .components import Components
        from .disconnects import Disconnects
        from .extensions import Extensions
        from .gateway_events import GatewayEvents
        from .guild_changes import GuildChanges
        from .heartbeats import Heartbeats
        from .interactions import Interactions
        from .listeners import Listeners
        from .prefix_commands import PrefixCommands
        from .rest import RestCalls
        from .send_limits import SendLimits
        from .sessions import Sessions
        from .sizes import Sizes
        from .task_loops import TaskLoops
        from .views import Views
        from .voice import Voice

        secrets.add_patterns(telemetry)
        logged.keep_back(telemetry)
        self.roster = Roster()
        self.gateway_events = GatewayEvents(telemetry)
        clock = DiscordClock(telemetry)
        self.interactions = Interactions(telemetry, hooks, clock)
        self._guard = telemetry.guard
        self.listeners = Listeners(telemetry, hooks, self.interactions)
        self.views = Views(telemetry, hooks)
        disconnects = Disconnects(telemetry, hooks, self.roster)
        self.voice = Voice(telemetry, hooks, self.roster)
        self.guild_changes = GuildChanges(telemetry)
        Sizes(telemetry, self.roster, self.guild_changes)
        heartbeats = Heartbeats(telemetry, hooks)
        self.clients = Clients(
            telemetry,
            hooks,
            activate,
            self.roster,
            self.gateway_events,
            disconnects,
            self.guild_changes,
            self.interactions,
            heartbeats,
        )
        self.prefix_commands = PrefixCommands(telemetry, hooks)
        rest = RestCalls(telemetry, hooks, self.interactions, clock)
        self._patches: list[Patch] = [
            *secrets.patches(telemetry),
            *connections.patches(telemetry),
            *self.clients.patches(),
            *Sessions(telemetry, hooks).patches(),
            *disconnects.patches(),
            *self.listeners.patches(),
            *heartbeats.patches(),
            *SendLimits(telemetry, hooks, self.roster).patches(),
            *Extensions(telemetry, hooks).patches(),
            *app_commands.patches(telemetry.guard, self.interactions),
            *self.views.patches(),
            *Components(telemetry, self.interactions, self.views).patches(),
            *self.prefix_commands.patches(),
            *TaskLoops(telemetry, hooks).patches(),
            *rest.patches(),
            *rest_attempts.patches(telemetry, rest),
            *rest_waits.patches(),
            *self.voice.patches(),
        ]

    def patches(self, library: Library = _DISCORD_PY) -> list[Patch]:
        """Return every patch that is for ``library``."""
        return patches_for(library, [*self._patches, *self._of_forks] if library.fork else self._patches)

    @cached_property
    def _of_forks(self) -> list[Patch]:
        from . import fork_commands

        return fork_commands.patches(self._guard, self.interactions)

    def release(self) -> None:
        """Take the chains off the clients that run."""
        self.gateway_events.release()
        self.guild_changes.release()
        self.interactions.release()
        self.listeners.release()
        self.views.release()
        self.voice.release()
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
