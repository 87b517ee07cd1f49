"""Observed: voice. Signals: gauges, counters, operation, event.

Voice connections are those in ``Client.voice_clients``, read at collection: discord.py's own, and those of libraries
that bring a ``VoiceProtocol``, such as Lavalink clients. Everything else here is about discord.py's own. Joining is
``VoiceClient.connect``. discord.py calls ``DiscordVoiceWebSocket.close`` at the end of each connection, whichever side
has ended it. ``heartbeats.py`` times heartbeats. Packets are counted at ``VoiceConnectionState.send_packet``, which
still raises for those that the network refuses. Whether one is late is compared with the schedule that its player
keeps. Safe, because the originals get the same arguments, and their exceptions pass through. Players send from threads
of their own, and each thread has its own cells.
"""

from __future__ import annotations

import inspect
import math
import sys
import time
import weakref
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import THREAD, AttributeValue, Operation, Telemetry, ThreadCells

from .attributes import CLOSE_CODE, ERROR_TYPE
from .catalogue import (
    VOICE_CONNECTING,
    VOICE_CONNECTIONS,
    VOICE_DISCONNECT_EVENT,
    VOICE_DISCONNECTS,
    VOICE_LATE,
    VOICE_LATENCY,
    VOICE_PACKETS,
)
from .heartbeats import Heartbeats
from .ids import ids_of_guild, ids_of_voice_client
from .library import DISCORD_PY
from .patches import Patch, PatchSet
from .shards import ClientRegistry
from .spans import VOICE_CONNECT_SPAN

if TYPE_CHECKING:
    from typing import TypeGuard

    from discord.gateway import DiscordVoiceWebSocket
    from discord.player import AudioPlayer
    from discord.voice_client import VoiceClient, VoiceProtocol
    from discord.voice_state import VoiceConnectionState

HOOK = "voice"

# RFC 6455: the connection ended without a close frame.
_ABNORMAL = 1006

# A packet has 20 ms of sound. Two packets too late, a listener hears it.
_LATE = 0.04


class Voice:
    """Reads voice clients, and counts their packets, connections and disconnections."""

    def __init__(self, telemetry: Telemetry, hooks: PatchSet, registry: ClientRegistry) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._registry = registry
        self._heartbeats = Heartbeats(telemetry, hooks, voice=True)
        self._ended: weakref.WeakSet[DiscordVoiceWebSocket] = weakref.WeakSet()
        self._packets = ThreadCells(telemetry.counter(VOICE_PACKETS, key=(THREAD,)))
        self._late = ThreadCells(telemetry.counter(VOICE_LATE, key=(THREAD,)))
        self._connects = telemetry.histogram(VOICE_CONNECTING)
        self._disconnects = telemetry.counter(VOICE_DISCONNECTS)
        telemetry.gauge(VOICE_CONNECTIONS, self._connections)
        telemetry.gauge(VOICE_LATENCY, self._latency)

    def patches(self) -> list[Patch]:
        """Return the hooks on voice clients, their connections and their packets."""
        guard = self._telemetry.guard
        joining, own = guard.around(HOOK, self._begin, self._end), (DISCORD_PY,)
        return [
            Patch(HOOK, "discord.voice_client", "VoiceClient.connect", joining, libraries=own),
            Patch(HOOK, "discord.voice_state", "VoiceConnectionState.send_packet", self._make_send, libraries=own),
            Patch(HOOK, "discord.gateway", "DiscordVoiceWebSocket.close", self._make_close, libraries=own),
            *self._heartbeats.patches(),
        ]

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

        def send_packet(self: VoiceConnectionState, packet: bytes) -> Any:
            result = original(self, packet)
            sent(self)
            return result

        return send_packet

    def _sent(self, connection: VoiceConnectionState) -> None:
        if self._hooks.on:
            self._packets.current.value += 1
            player = connection.voice_client._player
            if player is not None and _is_late(player):
                self._late.current.value += 1

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

    def _connections(self) -> Iterable[tuple[dict[str, AttributeValue], float]]:
        # Those that have been closed too: their connections are 0, and not unknown.
        clients = [client for known in self._registry if (client := known.client) is not None]
        up = sum(_is_up(voice) for client in clients for voice in client.voice_clients)
        return [({}, float(up))] if clients else []

    def _latency(self) -> Iterable[tuple[dict[str, AttributeValue], float]]:
        clients = self._registry.open_clients()
        own = [voice for client in clients for voice in client.voice_clients if _is_own(voice) and _is_up(voice)]
        latencies = [latency for voice in own if math.isfinite(latency := self._heartbeats.latency(voice.ws))]
        return [({}, max(latencies))] if latencies else []


def _is_late(player: AudioPlayer) -> bool:
    """Return whether the packet that ``player`` sends now is late. The first after a start or a pause never is."""
    if not player.loops:
        return False
    # discord.py waits for one packet's time more before the second packet.
    late = time.perf_counter() - player._start - player.DELAY * (player.loops + 1)
    # Neither is the silence at a pause and at the end, though the source may have taken long to say that it ends.
    return late > _LATE and player._resumed.is_set() and not player._end.is_set()


def _received(ws: DiscordVoiceWebSocket) -> int | None:
    """Return the code that the other side has closed with; 1006 if the connection broke."""
    code = ws.ws.close_code
    return None if code is None else int(code)


def _is_own(voice: VoiceProtocol) -> TypeGuard[VoiceClient]:
    module = sys.modules.get("discord.voice_client")
    return module is not None and isinstance(voice, module.VoiceClient)


def _is_up(voice: VoiceProtocol) -> bool:
    if _is_own(voice):
        # After a disconnection, discord.py still counts as connected while it sleeps before its next try.
        return voice.is_connected() and _received(voice.ws) is None
    # Other libraries say it in one of these ways, or not at all.
    for name in ("is_connected", "connected"):
        connected = getattr(voice, name, None)
        if callable(connected) and not inspect.iscoroutinefunction(connected):
            connected = connected()
        if isinstance(connected, bool):
            return connected
    return True
