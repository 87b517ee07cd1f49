"""Observed: each heartbeat that is acknowledged. Nouns: histogram, and what two gauges read.

discord.py makes every heartbeat's payload in ``KeepAliveHandler.get_payload``, sends the regular ones in
``DiscordWebSocket.send_heartbeat`` on the event loop, and calls ``KeepAliveHandler.ack`` for each acknowledgement.
Voice connections have methods of their own with these names. Gateways acknowledge in order, hence the oldest heartbeat
under way is the one acknowledged. ``KeepAliveHandler.latency`` would be wrong for one that
is acknowledged after the next has gone out; and, up to discord.py 2.7.1, for one whose acknowledgement comes before its
thread has noted that it was sent: that is a whole interval then. Safe, because the originals run unchanged, and what is
done besides is to append a number or to take one.
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
from .patches import Hooks, Patch

if TYPE_CHECKING:
    from discord.gateway import DiscordVoiceWebSocket, DiscordWebSocket, KeepAliveHandler

HOOK, VOICE = "heartbeats", "voice"

# discord.py gives a silent connection up after one or two; a gateway that never acknowledges must not grow memory.
_UNDER_WAY = 16


class _Beats:
    """The heartbeats of one connection.

    Attributes
    ----------
    under_way:
        When each that has not been acknowledged was sent, by :func:`time.perf_counter`.
    last:
        How long the last one took that was acknowledged, in seconds; not a number before the first. Where another has
        gone out since, the acknowledgement of the first may as well be lost: then since the latest went out.
    """

    __slots__ = ("under_way", "last")

    def __init__(self) -> None:
        self.under_way: deque[float] = deque(maxlen=_UNDER_WAY)
        self.last = math.nan


class Heartbeats:
    """Times heartbeats of gateway connections, or of voice connections.

    Parameters
    ----------
    voice:
        Whether those of voice connections, which no histogram has.
    """

    def __init__(self, telemetry: Telemetry, hooks: Hooks, *, voice: bool = False) -> None:
        self._guard = telemetry.guard
        self._hooks = hooks
        self._voice = voice
        self._durations = None if voice else telemetry.histogram(HEARTBEAT)
        self._beats: weakref.WeakKeyDictionary[KeepAliveHandler, _Beats] = weakref.WeakKeyDictionary()
        self._sees_acknowledgements = False

    def latency(self, ws: DiscordWebSocket | DiscordVoiceWebSocket) -> float:
        """Return how long the last acknowledged heartbeat of a connection took, in seconds. Any thread.

        Not finite before the first. discord.py's own figure, where no heartbeat of it was seen: the hook is absent, or
        the connection is older.
        """
        beats = self._beats.get(ws._keep_alive) if ws._keep_alive is not None else None
        return ws.latency if beats is None or not self._sees_acknowledgements else beats.last

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

        handler, ws, of = "KeepAliveHandler", "DiscordWebSocket", ()
        if self._voice:
            handler, ws, of = "VoiceKeepAliveHandler", "DiscordVoiceWebSocket", (DISCORD_PY,)
        return [
            Patch(hook, "discord.gateway", f"{handler}.get_payload", make_payload, of=of),
            Patch(hook, "discord.gateway", f"{ws}.send_heartbeat", make_send, of=of),
            Patch(hook, "discord.gateway", f"{handler}.ack", make_ack, of=of),
        ]

    def _due(self, handler: KeepAliveHandler) -> None:
        if self._hooks.on:
            beats = self._beats.get(handler)
            if beats is None:
                beats = self._beats[handler] = _Beats()
            beats.under_way.append(perf_counter())

    def _sending(self, ws: DiscordWebSocket) -> None:
        # The payload was made on another thread, and a busy event loop may have let it wait.
        beats = self._beats.get(ws._keep_alive) if ws._keep_alive is not None else None
        if beats is not None and beats.under_way:
            beats.under_way[-1] = perf_counter()

    def _acknowledged(self, handler: KeepAliveHandler) -> None:
        if not self._hooks.on:
            return
        beats = self._beats.get(handler)
        if beats is not None and beats.under_way:
            now = perf_counter()
            duration = beats.last = now - beats.under_way.popleft()
            if beats.under_way and handler.interval is not None and duration >= handler.interval:
                beats.last = now - beats.under_way[-1]
        else:  # sent before our time: discord.py's own figure is the best there is
            duration = handler.latency
        if self._durations is not None:
            self._durations[()].record(duration)
