"""Observed: clients as they start, and their connections as they are made. Nouns: gauges, readiness, and the chains.

``Client._async_setup_hook`` (``Client.login`` in the forks) runs once for each client, when it has its event loop;
``ConnectionState._update_references`` runs for each connection, before its first poll. Safe, because the originals run
first and our bodies are shielded.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import AttributeValue, Check, Telemetry

from .catalogue import GUILDS, LATENCY, SHARD_ID, SHARD_UP, USERS
from .disconnects import Disconnects
from .gateway_events import GatewayEvents
from .interactions import Interactions
from .library import DISCORD_PY, FORKS, ROOTS
from .patches import Hooks, Patch
from .shards import Roster, Shard

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
        roster: Roster,
        gateway_events: GatewayEvents,
        disconnects: Disconnects,
        interactions: Interactions,
    ) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._roster = roster
        self._gateway_events = gateway_events
        self._disconnects = disconnects
        self._interactions = interactions
        telemetry.gauge(LATENCY, self._latencies)
        telemetry.gauge(SHARD_UP, self._ups)
        telemetry.gauge(GUILDS, lambda: self._sizes("_guilds"))
        telemetry.gauge(USERS, lambda: self._sizes("_users"))
        telemetry.health.add_readiness(self._checks)
        telemetry.health.add_section("shards", self._describe)

    def patches(self) -> list[Patch]:
        """Return the hooks on a client's start and on each connection's."""
        started = self._telemetry.guard.shield(HOOK, self._started)
        connected = self._telemetry.guard.shield(HOOK, self._connected)

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
            Patch(HOOK, "discord.client", "Client._async_setup_hook", make_setup, of=(DISCORD_PY,)),
            Patch(HOOK, "discord.client", "Client.login", make_setup, of=FORKS),
            Patch(HOOK, "discord.state", "ConnectionState._update_references", make_update),
        ]

    # -- on the event loop

    def _started(self, client: Client) -> None:
        if not self._hooks.on:
            return
        self._telemetry.found_loop(client.loop)
        self._telemetry.on_start()
        self._disconnects.listen(client)

    def _connected(self, state: ConnectionState[Any], ws: DiscordWebSocket) -> None:
        if not self._hooks.on:
            return
        self._telemetry.redact.add_secret(ws.token)
        self._attach(state._get_client(), ws)

    def _attach(self, client: Client, ws: DiscordWebSocket, *, established: bool = False) -> None:
        shard_id = ws.shard_id or 0
        counts = self._gateway_events.of_shard(shard_id)
        self._roster.of(client).put(Shard(shard_id, ws, counts, established=established))
        self._gateway_events.chain(ws, counts)
        self._interactions.chain(client._connection)

    def attach_running(self) -> None:
        """Find the clients that run already: somebody instruments from inside a handler."""
        modules = [sys.modules[name] for root in ROOTS if (name := f"{root}.client") in sys.modules]
        classes: tuple[type[Client], ...] = tuple(module.Client for module in modules)
        attach = self._telemetry.guard.shield(HOOK, self._attach_running)
        for client in [found for found in gc.get_objects() if isinstance(found, classes)]:
            if client.is_ready():
                attach(client)

    def _attach_running(self, client: Client) -> None:
        self._started(client)
        for ws in _connections(client):
            self._attach(client, ws, established=True)

    # -- on the collecting thread

    def _latencies(self) -> Iterator[tuple[dict[str, AttributeValue], float]]:
        for shard in self._shards():
            yield {SHARD_ID.name: shard.id}, shard.latency

    def _ups(self) -> Iterator[tuple[dict[str, AttributeValue], float]]:
        for known in self._roster:
            for shard in known.all():
                yield {SHARD_ID.name: shard.id}, float(shard.up)

    def _sizes(self, cache: str) -> list[tuple[dict[str, AttributeValue], float]]:
        clients = [client for known in self._roster if (client := known.client) is not None]
        return [({}, float(sum(len(getattr(client._connection, cache)) for client in clients)))] if clients else []

    def _shards(self) -> list[Shard]:
        return [shard for known in self._roster for shard in known.shards()]

    def _checks(self) -> list[Check]:
        return [check for known in self._roster for check in known.checks()]

    def _describe(self) -> list[dict[str, object]]:
        return [shard.describe() for known in self._roster for shard in known.all()]


def _connections(client: Client) -> list[DiscordWebSocket]:
    shards = getattr(client, "_AutoShardedClient__shards", None)
    candidates = [shard.ws for shard in shards.values()] if shards else [getattr(client, "ws", None)]
    return [ws for ws in candidates if ws is not None and ws.open]
