"""Observed: clients as they are made and start, and their connections. Nouns: gauges, readiness, and the chains.

``Client.__init__`` activates the source. ``Client._async_setup_hook`` (``Client.login`` in the forks) runs once for
each client, when it has its event loop; ``ConnectionState._update_references`` runs for each connection, before its
first poll. The public events tell when a shard's session begins, goes on or is lost. Safe, because the originals run
first and our bodies are shielded.
"""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import Check, Reading, Telemetry

from .catalogue import LATENCY, SHARD_UP
from .disconnects import Disconnects
from .gateway_events import GatewayEvents
from .guild_changes import GuildChanges
from .heartbeats import Heartbeats
from .interactions import Interactions
from .library import DISCORD_PY, FORKS, ROOTS
from .patches import Hooks, Patch
from .public_events import listen
from .shards import Roster, Shard, by_shard

if TYPE_CHECKING:
    from discord.client import Client
    from discord.gateway import DiscordWebSocket
    from discord.state import ConnectionState

HOOK = "clients"


class Clients:
    """Finds clients and connections, and reads their gauges."""

    def __init__(
        self,
        telemetry: Telemetry,
        hooks: Hooks,
        activate: Callable[[], None],
        roster: Roster,
        gateway_events: GatewayEvents,
        disconnects: Disconnects,
        guild_changes: GuildChanges,
        interactions: Interactions,
        heartbeats: Heartbeats,
    ) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._activate = activate
        self._roster = roster
        self._gateway_events = gateway_events
        self._disconnects = disconnects
        self._guild_changes = guild_changes
        self._interactions = interactions
        self._heartbeats = heartbeats
        self._listened_to: weakref.WeakSet[Client] = weakref.WeakSet()
        telemetry.gauge(LATENCY, self._latencies)
        telemetry.gauge(SHARD_UP, self._ups)
        telemetry.health.add_readiness(self._checks)
        telemetry.health.add_section("shards", self._describe)

    def patches(self) -> list[Patch]:
        """Return the hooks on a client's making and start, and on each connection's."""
        made = self._telemetry.guard.shield(HOOK, self._made)
        started = self._telemetry.guard.shield(HOOK, self._started)
        connected = self._telemetry.guard.shield(HOOK, self._connected)

        def make_init(original: Callable[..., Any]) -> Callable[..., Any]:
            def __init__(self: Client, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - its name in tracebacks
                original(self, *args, **kwargs)
                made()

            return __init__

        def make_setup(original: Callable[..., Any]) -> Callable[..., Any]:
            async def start(self: Client, *args: Any, **kwargs: Any) -> None:
                await original(self, *args, **kwargs)
                started(self)

            return start

        def make_update(original: Callable[..., Any]) -> Callable[..., Any]:
            def _update_references(self: ConnectionState[Any], ws: DiscordWebSocket) -> None:
                original(self, ws)
                connected(self, ws)

            return _update_references

        return [
            Patch(HOOK, "discord.client", "Client.__init__", make_init),
            Patch(HOOK, "discord.client", "Client._async_setup_hook", make_setup, of=(DISCORD_PY,)),
            Patch(HOOK, "discord.client", "Client.login", make_setup, of=FORKS),
            Patch(HOOK, "discord.state", "ConnectionState._update_references", make_update),
        ]

    def _made(self) -> None:
        """Activate the source: this is a bot's process, and not one that merely imports the library."""
        if self._hooks.on:
            self._activate()

    # -- on the event loop

    def _started(self, client: Client) -> None:
        if not self._hooks.on:
            return
        self._telemetry.on_program_start()
        self._activate()  # a client that was made before the hooks were placed, or before this process was forked
        self._telemetry.register_loop(client.loop)
        self._roster.of(client)
        if client not in self._listened_to:
            self._listened_to.add(client)
            self._listen(client)

    def _listen(self, client: Client) -> None:
        shard = "shard_" if hasattr(client, "shards") else ""

        def on(event: str, act: Callable[[Shard], None]) -> None:
            def heard(shard_id: int | None = None) -> None:
                for each in self._shards_of(client, shard_id):
                    act(each)

            listen(client, event, self._telemetry.guard.shield(HOOK, heard))

        on(f"{shard}connect", Shard.begin)
        on(f"{shard}resumed", Shard.begin)
        on(f"{shard}disconnect", self._disconnects.lost)

    def _shards_of(self, client: Client, shard_id: int | None) -> list[Shard]:
        known = self._roster.find(client)
        return [] if known is None else [shard for shard in known.shards() if shard_id in (None, shard.id)]

    def _connected(self, state: ConnectionState[Any], ws: DiscordWebSocket) -> None:
        if not self._hooks.on:
            return
        self._telemetry.redact.add_secret(ws.token, permanent=True)
        self._attach(state._get_client(), ws)

    def _attach(self, client: Client, ws: DiscordWebSocket, *, established: bool = False) -> None:
        shard_id = ws.shard_id or 0
        counts = self._gateway_events.of_shard(shard_id)
        shards = self._roster.of(client)
        known = shards.get(shard_id)
        if known is None or known.ws is not ws:
            shards.put(Shard(shard_id, ws, self._heartbeats, begun=established))
            if known is not None:
                self._disconnects.lost(known)
        self._gateway_events.chain(ws, counts)
        self._guild_changes.chain(client._connection)
        self._interactions.chain(client._connection)

    def attach_running(self) -> None:
        """Find the clients that run already: somebody instruments from inside a handler."""
        modules = [sys.modules[name] for root in ROOTS if (name := f"{root}.client") in sys.modules]
        classes: tuple[type[Client], ...] = tuple(module.Client for module in modules)
        attach = self._telemetry.guard.shield(HOOK, self._attach_running)
        for client in [found for found in gc.get_objects() if isinstance(found, classes)]:
            if client.is_ready() and not client.is_closed():
                attach(client)

    def _attach_running(self, client: Client) -> None:
        self._started(client)
        for ws in _connections(client):
            self._attach(client, ws, established=True)

    # -- on the collecting thread

    def _latencies(self) -> Reading:
        return by_shard(((shard.id, shard.latency) for shard in self._roster.shards()), max)

    def _ups(self) -> Reading:
        running = self._roster.shards()
        numbers = {shard.id for shard in running}
        # One of a client that has ended is down, unless another client has taken its place.
        ended = [shard for shard in self._roster.all_shards() if shard.id not in numbers]
        return by_shard(((shard.id, float(shard.up)) for shard in running + ended), min)

    def _checks(self) -> list[Check]:
        return [check for known in self._roster for check in known.checks()]

    def _describe(self) -> list[dict[str, object]]:
        return [shard.describe() for shard in self._roster.all_shards()]


def _connections(client: Client) -> list[DiscordWebSocket]:
    shards = getattr(client, "_AutoShardedClient__shards", None)
    candidates = [shard.ws for shard in shards.values()] if shards else [getattr(client, "ws", None)]
    return [ws for ws in candidates if ws is not None and ws.open]
