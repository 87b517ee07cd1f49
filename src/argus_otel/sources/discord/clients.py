"""Observed: clients, as they are created and start, and their connections. Signals: gauges, and the readiness check.

``Client.__init__`` activates the source. ``Client._async_setup_hook`` (``Client.login`` in the forks) runs once for
each client, when it has its event loop; the hook on its interactions is attached there. ``Client.login`` and
``Client.connect`` show whether it wants a gateway. ``ConnectionState._update_references`` runs for each connection,
before its first poll; the other hooks on single objects are attached there. discord.py's public events show when a
shard's session begins, resumes or is lost. Safe, because the originals run first and the bodies of the hooks are
shielded.
"""

from __future__ import annotations

import gc
import math
import sys
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import Check, Reading, Telemetry

from .catalogue import LATENCY, SHARD_COUNT, SHARD_UP
from .clusters import Clusters
from .disconnects import Disconnects
from .gateway_events import GatewayEvents
from .guild_changes import GuildChanges
from .heartbeats import Heartbeats
from .http_interactions import framework
from .interactions import Interactions
from .library import DISCORD_PY, FORKS, ROOTS
from .patches import Patch, PatchSet
from .shards import ClientRegistry, Shard, by_shard, shard_count

if TYPE_CHECKING:
    from discord.client import Client
    from discord.gateway import DiscordWebSocket
    from discord.state import ConnectionState

HOOK = "clients"


class Clients:
    """Finds clients and connections, attaches the hooks on them, and reads their gauges."""

    def __init__(
        self,
        telemetry: Telemetry,
        hooks: PatchSet,
        activate: Callable[[], None],
        registry: ClientRegistry,
        clusters: Clusters,
        gateway_events: GatewayEvents,
        disconnects: Disconnects,
        guild_changes: GuildChanges,
        interactions: Interactions,
        heartbeats: Heartbeats,
    ) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._activate = activate
        self._registry = registry
        self._clusters = clusters
        self._gateway_events = gateway_events
        self._disconnects = disconnects
        self._guild_changes = guild_changes
        self._interactions = interactions
        self._heartbeats = heartbeats
        self._subscribed: weakref.WeakSet[Client] = weakref.WeakSet()
        telemetry.gauge(LATENCY, self._latencies)
        telemetry.gauge(SHARD_UP, self._ups)
        telemetry.gauge(SHARD_COUNT, self._shard_count)
        telemetry.health.add_readiness(self._checks)
        telemetry.health.add_section("shards", self._describe)
        telemetry.health.add_section("http_interactions", self._describe_without_gateway)
        telemetry.health.add_fact("shards", lambda: str(sum(shard.up for shard in registry.open_shards())))
        telemetry.health.add_fact("latency", self._milliseconds)
        telemetry.health.add_labels(clusters.labels)

    def patches(self) -> list[Patch]:
        """Return the hooks on the creation and start of a client, and on each connection."""
        made = self._telemetry.guard.shield(HOOK, self._made)
        started = self._telemetry.guard.shield(HOOK, self._started)
        connected = self._telemetry.guard.shield(HOOK, self._connected)
        logged_in = self._telemetry.guard.shield(HOOK, self._logged_in)
        connecting = self._telemetry.guard.shield(HOOK, self._connecting)

        def make_init(original: Callable[..., Any]) -> Callable[..., Any]:
            def __init__(self: Client, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - its name in tracebacks
                original(self, *args, **kwargs)
                made(self)

            return __init__

        def make_setup(original: Callable[..., Any]) -> Callable[..., Any]:
            async def start(self: Client, *args: Any, **kwargs: Any) -> None:
                await original(self, *args, **kwargs)
                started(self)

            return start

        def make_login(original: Callable[..., Any]) -> Callable[..., Any]:
            async def login(self: Client, *args: Any, **kwargs: Any) -> None:
                await original(self, *args, **kwargs)
                logged_in(self)

            return login

        def make_connect(original: Callable[..., Any]) -> Callable[..., Any]:
            async def connect(self: Client, *args: Any, **kwargs: Any) -> None:
                connecting(self)
                await original(self, *args, **kwargs)

            return connect

        def make_update(original: Callable[..., Any]) -> Callable[..., Any]:
            def _update_references(self: ConnectionState[Any], ws: DiscordWebSocket) -> None:
                original(self, ws)
                connected(self, ws)

            return _update_references

        return [
            Patch(HOOK, "discord.client", "Client.__init__", make_init),
            Patch(HOOK, "discord.client", "Client._async_setup_hook", make_setup, libraries=(DISCORD_PY,)),
            Patch(HOOK, "discord.client", "Client.login", lambda login: make_login(make_setup(login)), libraries=FORKS),
            Patch(HOOK, "discord.client", "Client.login", make_login, libraries=(DISCORD_PY,)),
            Patch(HOOK, "discord.client", "Client.connect", make_connect),
            Patch(HOOK, "discord.shard", "AutoShardedClient.connect", make_connect),
            Patch(HOOK, "discord.state", "ConnectionState._update_references", make_update),
        ]

    def _made(self, client: Client) -> None:
        """Activate the source: this process runs a bot, and does not only import the library."""
        if self._hooks.on:
            self._clusters.add(client)
            self._activate()

    # -- on the event loop

    def _started(self, client: Client) -> None:
        if not self._hooks.on:
            return
        self._clusters.add(client)
        self._telemetry.on_program_start()
        self._activate()  # for a client that was created before the hooks were applied, or before a fork
        self._telemetry.register_loop(client.loop)
        self._registry.register(client)
        self._interactions.attach(client._connection)
        if client not in self._subscribed:
            self._subscribed.add(client)
            self._subscribe(client)

    def _subscribe(self, client: Client) -> None:
        shard = "shard_" if hasattr(client, "shards") else ""

        def on(event: str, act: Callable[[Shard], None]) -> None:
            def dispatched(shard_id: int | None = None) -> None:
                for each in self._shards_of(client, shard_id):
                    act(each)

            subscribe(client, event, self._telemetry.guard.shield(HOOK, dispatched))

        on(f"{shard}connect", Shard.session_began)
        on(f"{shard}resumed", Shard.session_began)
        on(f"{shard}disconnect", self._disconnects.lost)

    def _shards_of(self, client: Client, shard_id: int | None) -> list[Shard]:
        known = self._registry.find(client)
        return [] if known is None else [shard for shard in known.shards() if shard_id in (None, shard.id)]

    def _logged_in(self, client: Client) -> None:
        if self._hooks.on:
            self._registry.register(client).logged_in()

    def _connecting(self, client: Client) -> None:
        if self._hooks.on:
            self._registry.register(client).connecting()

    def _connected(self, state: ConnectionState[Any], ws: DiscordWebSocket) -> None:
        if not self._hooks.on:
            return
        self._telemetry.redact.add_secret(ws.token, permanent=True)
        self._attach(state._get_client(), ws)

    def _attach(self, client: Client, ws: DiscordWebSocket, *, established: bool = False) -> None:
        shard_id = ws.shard_id or 0
        shards = self._registry.register(client)
        known = shards.get(shard_id)
        if known is None or known.ws is not ws:
            shards.put(Shard(shard_id, ws, self._heartbeats, begun=established))
            if known is not None:
                self._disconnects.lost(known)
        self._gateway_events.attach(ws, shard_id)
        self._guild_changes.attach(client._connection)
        self._interactions.attach(client._connection)

    def attach_running(self) -> None:
        """Attach to the clients that run already, as when a handler calls ``instrument()``."""
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
        return by_shard(((shard.id, shard.latency) for shard in self._registry.open_shards()), max)

    def _ups(self) -> Reading:
        running = self._registry.open_shards()
        numbers = {shard.id for shard in running}
        # A shard of a client that has ended is down, unless another client runs a shard of that number.
        ended = [shard for shard in self._registry.all_shards() if shard.id not in numbers]
        return by_shard(((shard.id, float(shard.up)) for shard in running + ended), min)

    def _shard_count(self) -> Reading:
        counts = [count for client in self._registry.open_clients() if (count := shard_count(client))]
        return [({}, float(max(counts)))] if counts else []

    def _checks(self) -> list[Check]:
        return [check for known in self._registry for check in known.checks()]

    def _milliseconds(self) -> str:
        latency = self._registry.slowest()
        return f"{latency * 1000:.0f}" if math.isfinite(latency) else ""

    def _describe(self) -> list[dict[str, object]]:
        return [shard.describe() for shard in self._registry.all_shards()]

    def _describe_without_gateway(self) -> dict[str, object] | None:
        """Return what hands interactions in, if a client has no gateway."""
        if not any(known.open_client is not None and known.without_gateway for known in self._registry):
            return None
        return {"framework": framework(self._interactions.answers_by)}


def subscribe(client: Client, event: str, dispatched: Callable[..., object]) -> None:
    """Call ``dispatched`` with the arguments of each ``event`` of ``client`` from now on, without a task.

    ``Client.wait_for`` calls its check synchronously as the event is dispatched. A check that is never true stays for
    as long as the client lives, across ``Client.clear`` and a new event loop.

    Parameters
    ----------
    dispatched:
        Must not raise.
    """

    def check(*arguments: object) -> bool:
        dispatched(*arguments)
        return False

    waiting = client.wait_for(event, check=check)  # type: ignore[call-overload]
    # The check is registered by now. Closing the coroutine avoids the warning that it was never awaited.
    waiting.close()


def _connections(client: Client) -> list[DiscordWebSocket]:
    shards = getattr(client, "_AutoShardedClient__shards", None)
    candidates = [shard.ws for shard in shards.values()] if shards else [getattr(client, "ws", None)]
    return [ws for ws in candidates if ws is not None and ws.open]
