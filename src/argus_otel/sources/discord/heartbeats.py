"""Observed: each heartbeat that is acknowledged. Signals: histogram, and the data of two gauges.

discord.py makes every heartbeat's payload in ``KeepAliveHandler.get_payload``, sends the regular ones in
``DiscordWebSocket.send_heartbeat`` on the event loop, and calls ``KeepAliveHandler.ack`` for each acknowledgement.
Voice connections have methods of their own with these names. Gateways acknowledge in order, so the acknowledged
heartbeat is the oldest pending one. ``KeepAliveHandler.latency`` is wrong for a heartbeat that is acknowledged after
the next one was sent. Up to discord.py 2.7.1 it is also wrong, by a whole interval, if the acknowledgement arrives
before the keep-alive thread has noted the sending. Safe, because the originals run unchanged, and the hook only appends
a number or removes one.
"""

from __future__ import annotations

import math
import weakref
from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import Telemetry

from .catalogue import HEARTBEAT
from .library import DISCORD_PY
from .patches import Patch, PatchSet

if TYPE_CHECKING:
    from discord.gateway import DiscordVoiceWebSocket, DiscordWebSocket, KeepAliveHandler

HOOK, VOICE = "heartbeats", "voice"

# discord.py closes a silent connection after one or two; a gateway that never acknowledges must not grow memory.
_MOST_PENDING = 16

# Discord asks for a heartbeat each 41.25 s. Less would take a single lost acknowledgement for a silent gateway.
_SILENT_AFTER = 75.0
_SILENT_INTERVALS = 1.8


class _Beats:
    """The heartbeats of one connection.

    Attributes
    ----------
    pending:
        When each heartbeat that has not been acknowledged was sent, by :func:`time.perf_counter`.
    last:
        How long the last acknowledged heartbeat took, in seconds; not a number before the first. If it took an interval
        or more and another heartbeat has been sent since, its own acknowledgement may have been lost: then the time
        since the latest heartbeat was sent.
    acknowledged:
        When the last acknowledgement arrived, or the first heartbeat was due.
    """

    __slots__ = ("pending", "last", "acknowledged")

    def __init__(self) -> None:
        self.pending: deque[float] = deque(maxlen=_MOST_PENDING)
        self.last = math.nan
        self.acknowledged = perf_counter()


class Heartbeats:
    """Times heartbeats of gateway connections, or of voice connections.

    Parameters
    ----------
    voice:
        Whether of voice connections, whose heartbeats no histogram counts.
    """

    def __init__(self, telemetry: Telemetry, hooks: PatchSet, *, voice: bool = False) -> None:
        self._guard = telemetry.guard
        self._hooks = hooks
        self._voice = voice
        self._durations = None if voice else telemetry.histogram(HEARTBEAT)
        self._beats: weakref.WeakKeyDictionary[KeepAliveHandler, _Beats] = weakref.WeakKeyDictionary()
        self._sees_acknowledgements = False

    def latency(self, ws: DiscordWebSocket | DiscordVoiceWebSocket) -> float:
        """Return how long the last acknowledged heartbeat of a connection took, in seconds. Any thread.

        Not finite before the first. If the hooks saw no heartbeat of the connection, because one is absent or the
        connection is older than they are, this is discord.py's own figure.
        """
        beats = self._beats.get(ws._keep_alive) if ws._keep_alive is not None else None
        return ws.latency if beats is None or not self._sees_acknowledgements else beats.last

    def is_silent(self, ws: DiscordWebSocket) -> bool:
        """Whether a gateway has acknowledged no heartbeat for too long. Any thread.

        discord.py notices that only when its next heartbeat is due, up to 100 s after the last acknowledgement.
        """
        handler = ws._keep_alive
        beats = self._beats.get(handler) if handler is not None else None
        if handler is None or beats is None or not beats.pending or not self._sees_acknowledgements:
            return False
        return perf_counter() - beats.acknowledged > max(_SILENT_AFTER, _SILENT_INTERVALS * (handler.interval or 0))

    def patches(self) -> list[Patch]:
        """Return the hooks on heartbeats and their acknowledgement."""
        hook = VOICE if self._voice else HOOK
        due = self._guard.shield(hook, self._due)
        sending = self._guard.shield(hook, self._sending)
        acknowledged = self._guard.shield(hook, self._acknowledged)

        def make_payload(original: Callable[..., Any]) -> Callable[..., Any]:
            def get_payload(self: KeepAliveHandler) -> Any:
                due(self)
                return original(self)

            return get_payload

        def make_send(original: Callable[..., Any]) -> Callable[..., Any]:
            async def send_heartbeat(self: DiscordWebSocket, data: Any) -> None:
                sending(self)
                await original(self, data)

            return send_heartbeat

        def make_ack(original: Callable[..., Any]) -> Callable[..., Any]:
            self._sees_acknowledgements = True

            def ack(self: KeepAliveHandler) -> None:
                original(self)
                acknowledged(self)

            return ack

        handler, ws, libraries = "KeepAliveHandler", "DiscordWebSocket", ()
        if self._voice:
            handler, ws, libraries = "VoiceKeepAliveHandler", "DiscordVoiceWebSocket", (DISCORD_PY,)
        return [
            Patch(hook, "discord.gateway", f"{handler}.get_payload", make_payload, libraries=libraries),
            Patch(hook, "discord.gateway", f"{ws}.send_heartbeat", make_send, libraries=libraries),
            Patch(hook, "discord.gateway", f"{handler}.ack", make_ack, libraries=libraries),
        ]

    def _due(self, handler: KeepAliveHandler) -> None:
        if self._hooks.on:
            beats = self._beats.get(handler)
            if beats is None:
                beats = self._beats[handler] = _Beats()
            beats.pending.append(perf_counter())

    def _sending(self, ws: DiscordWebSocket) -> None:
        # The payload was made on another thread, and may have waited for a busy event loop since.
        beats = self._beats.get(ws._keep_alive) if ws._keep_alive is not None else None
        if beats is not None and beats.pending:
            beats.pending[-1] = perf_counter()

    def _acknowledged(self, handler: KeepAliveHandler) -> None:
        if not self._hooks.on:
            return
        beats = self._beats.get(handler)
        if beats is not None and beats.pending:
            now = beats.acknowledged = perf_counter()
            duration = beats.last = now - beats.pending.popleft()
            if beats.pending and handler.interval is not None and duration >= handler.interval:
                beats.last = now - beats.pending[-1]
        else:  # sent before the hooks were applied: only discord.py knows when
            duration = handler.latency
        if self._durations is not None:
            self._durations[()].record(duration)
