"""Observed: voice. Signals: gauges, counters, operation, event.

Voice clients are found at ``ConnectionState._add_voice_client``, and read at collection. Those of other libraries, such
as Lavalink clients, connect elsewhere and are left out. Joining is ``VoiceClient.connect``. discord.py calls
``DiscordVoiceWebSocket.close`` at the end of each connection, whichever side has ended it. ``heartbeats.py`` times
heartbeats. Packets are counted at ``VoiceConnectionState.send_packet``, which still raises for those that the network
refuses. Safe, because the originals get the same arguments, and their exceptions pass through. Players send from
threads of their own, and each thread has its own cell.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import THREAD, AttributeValue, Operation, Telemetry, ThreadCells

from .attributes import CLOSE_CODE, ERROR_TYPE
from .catalogue import (
    VOICE_CONNECT_SPAN,
    VOICE_CONNECTING,
    VOICE_CONNECTIONS,
    VOICE_DISCONNECT_EVENT,
    VOICE_DISCONNECTS,
    VOICE_LATENCY,
    VOICE_PACKETS,
)
from .heartbeats import Heartbeats
from .ids import ids_of_guild, ids_of_voice_client
from .library import DISCORD_PY
from .patches import Patch, PatchSet
from .shards import ClientRegistry

if TYPE_CHECKING:
    from discord.gateway import DiscordVoiceWebSocket
    from discord.voice_client import VoiceClient

HOOK = "voice"

# RFC 6455: the connection ended without a close frame.
_ABNORMAL = 1006


class Voice:
    """Reads voice clients, and counts their packets, connections and disconnections."""

    def __init__(self, telemetry: Telemetry, hooks: PatchSet, registry: ClientRegistry) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._registry = registry
        self._heartbeats = Heartbeats(telemetry, hooks, voice=True)
        # Replaced, not changed: the collecting thread reads it.
        self._clients: tuple[weakref.ref[VoiceClient], ...] = ()
        self._ended: weakref.WeakSet[DiscordVoiceWebSocket] = weakref.WeakSet()
        self._packets = ThreadCells(telemetry.counter(VOICE_PACKETS, key=(THREAD,)))
        self._connects = telemetry.histogram(VOICE_CONNECTING)
        self._disconnects = telemetry.counter(VOICE_DISCONNECTS)
        telemetry.gauge(VOICE_CONNECTIONS, self._connections)
        telemetry.gauge(VOICE_LATENCY, self._latency)

    def patches(self) -> list[Patch]:
        """Return the hooks on voice clients, their connections and their packets."""
        guard = self._telemetry.guard
        joining, own = guard.around(HOOK, self._begin, self._end), (DISCORD_PY,)
        return [
            Patch(HOOK, "discord.state", "ConnectionState._add_voice_client", self._make_add, libraries=own),
            Patch(HOOK, "discord.voice_client", "VoiceClient.connect", joining, libraries=own),
            Patch(HOOK, "discord.voice_state", "VoiceConnectionState.send_packet", self._make_send, libraries=own),
            Patch(HOOK, "discord.gateway", "DiscordVoiceWebSocket.close", self._make_close, libraries=own),
            *self._heartbeats.patches(),
        ]

    def attach_running(self) -> None:
        """Find the voice clients of the clients that run already."""
        add = self._telemetry.guard.shield(HOOK, self._add)
        for known in self._registry:
            client = known.client
            for voice in () if client is None else client.voice_clients:
                add(voice)

    def detach(self) -> None:
        """Forget every voice client."""
        self._clients = ()

    # -- clients

    def _make_add(self, original: Callable[..., Any]) -> Callable[..., Any]:
        add = self._telemetry.guard.shield(HOOK, self._add)

        def _add_voice_client(self: object, guild_id: int, voice: object) -> Any:
            result = original(self, guild_id, voice)
            add(voice)
            return result

        return _add_voice_client

    def _add(self, voice: object) -> None:
        from discord.voice_client import VoiceClient

        if self._hooks.on and isinstance(voice, VoiceClient):
            known = tuple(ref for ref in self._clients if ref() not in (None, voice))
            self._clients = (*known, weakref.ref(voice))

    # -- joining

    def _begin(self, voice: VoiceClient) -> Operation | None:
        if not self._hooks.on:
            return None
        operation = Operation()
        tracing = self._telemetry.tracing
        if tracing is not None:
            ids = ids_of_voice_client(voice)
            operation.span = tracing.child(VOICE_CONNECT_SPAN.name, VOICE_CONNECT_SPAN.kind, ids)
        return operation

    def _end(self, operation: Operation, error: BaseException | None) -> None:
        kind, ending = None, None
        if error is not None:
            operation.record_error(error)
            kind = type(error).__qualname__
            ending = {ERROR_TYPE.name: kind}
        self._connects[kind].record(operation.settle(), operation.trace)
        trace = operation.trace
        if error is not None and trace is not None:
            self._telemetry.exception_reports.report(VOICE_CONNECT_SPAN.exception, error, ending or {}, trace)
        operation.end_span(error is not None, ending)

    # -- packets

    def _make_send(self, original: Callable[..., Any]) -> Callable[..., Any]:
        sent = self._telemetry.guard.shield(HOOK, self._sent)

        def send_packet(self: object, packet: bytes) -> Any:
            result = original(self, packet)
            sent()
            return result

        return send_packet

    def _sent(self) -> None:
        if self._hooks.on:
            self._packets.current.value += 1

    # -- disconnections

    def _make_close(self, original: Callable[..., Any]) -> Callable[..., Any]:
        received = self._telemetry.guard.shield(HOOK, _received)
        count = self._telemetry.guard.shield(HOOK, self._count_disconnect)

        async def close(self: DiscordVoiceWebSocket, code: int = 1000) -> Any:
            theirs = received(self)  # aiohttp drops it if the close frame in return cannot be written
            try:
                return await original(self, code)
            finally:
                count(self, code if theirs is None else theirs)

        return close

    def _count_disconnect(self, ws: DiscordVoiceWebSocket, code: int) -> None:
        if not self._hooks.on or ws in self._ended:
            return
        self._ended.add(ws)
        # If both sides close at once, the other side's code counts, provided that it could be read.
        theirs = _received(ws)
        if theirs is not None and theirs != _ABNORMAL:
            code = theirs
        self._disconnects[code].value += 1
        self._telemetry.emit(VOICE_DISCONNECT_EVENT, {CLOSE_CODE.name: code, **ids_of_guild(ws._connection.server_id)})

    # -- on the collecting thread

    def _up(self) -> list[VoiceClient]:
        return [voice for ref in self._clients if (voice := ref()) is not None and _is_up(voice)]

    def _connections(self) -> Iterable[tuple[dict[str, AttributeValue], float]]:
        observed = any(known.client is not None for known in self._registry)
        return [({}, float(len(self._up())))] if observed else []

    def _latency(self) -> Iterable[tuple[dict[str, AttributeValue], float]]:
        latencies = [latency for voice in self._up() if math.isfinite(latency := self._heartbeats.latency(voice.ws))]
        return [({}, max(latencies))] if latencies else []


def _received(ws: DiscordVoiceWebSocket) -> int | None:
    """Return the code that the other side has closed with; 1006 if the connection broke."""
    code = ws.ws.close_code
    return None if code is None else int(code)


def _is_up(voice: VoiceClient) -> bool:
    # After a disconnection, discord.py still counts as connected while it sleeps before its next try.
    return voice.is_connected() and _received(voice.ws) is None
