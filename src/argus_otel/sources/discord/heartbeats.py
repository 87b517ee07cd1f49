"""Observed: each heartbeat of a gateway connection that is acknowledged. Nouns: histogram, and what a gauge reads.

discord.py makes every heartbeat's payload in ``KeepAliveHandler.get_payload``, sends the regular ones in
``DiscordWebSocket.send_heartbeat`` on the event loop, and calls ``KeepAliveHandler.ack`` for each acknowledgement; the
handler of voice connections overrides the first and the last, so those are not seen. Gateways acknowledge in order,
hence the oldest heartbeat under way is the one acknowledged. ``KeepAliveHandler.latency`` would be wrong for one that
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
from .patches import Hooks, Patch

if TYPE_CHECKING:
    from discord.gateway import DiscordWebSocket, KeepAliveHandler

HOOK = "heartbeats"

# discord.py gives a silent connection up after one or two; a gateway that never acknowledges must not grow memory.
_UNDER_WAY = 16


class _Beats:
    """The heartbeats of one connection.

    Attributes
    ----------
    under_way:
        When each that has not been acknowledged was sent, by :func:`time.perf_counter`.
    last:
        How long the last one took that was acknowledged, in seconds; not a number before the first.
    """

    __slots__ = ("under_way", "last")

    def __init__(self) -> None:
        self.under_way: deque[float] = deque(maxlen=_UNDER_WAY)
        self.last = math.nan


class Heartbeats:
    """Times heartbeats."""

    def __init__(self, telemetry: Telemetry, hooks: Hooks) -> None:
        self._guard = telemetry.guard
        self._hooks = hooks
        self._durations = telemetry.histogram(HEARTBEAT)
        self._beats: weakref.WeakKeyDictionary[KeepAliveHandler, _Beats] = weakref.WeakKeyDictionary()
        self._sees_acknowledgements = False

    def latency(self, ws: DiscordWebSocket) -> float:
        """Return how long the last acknowledged heartbeat of a connection took, in seconds. Any thread.

        Not finite before the first. discord.py's own figure, where no heartbeat of it was seen: the hook is absent, or
        the connection is older.
        """
        beats = self._beats.get(ws._keep_alive) if ws._keep_alive is not None else None
        return ws.latency if beats is None or not self._sees_acknowledgements else beats.last

    def patches(self) -> list[Patch]:
        """Return the hooks on heartbeats and their acknowledgement."""
        due = self._guard.shield(HOOK, self._due)
        sending = self._guard.shield(HOOK, self._sending)
        acknowledged = self._guard.shield(HOOK, self._acknowledged)

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

        return [
            Patch(HOOK, "discord.gateway", "KeepAliveHandler.get_payload", make_payload),
            Patch(HOOK, "discord.gateway", "DiscordWebSocket.send_heartbeat", make_send),
            Patch(HOOK, "discord.gateway", "KeepAliveHandler.ack", make_ack),
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
            duration = beats.last = perf_counter() - beats.under_way.popleft()
        else:  # sent before our time: discord.py's own figure is the best there is
            duration = handler.latency
        self._durations[()].record(duration)
