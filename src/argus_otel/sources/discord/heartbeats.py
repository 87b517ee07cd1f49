"""Observed: each heartbeat of a gateway connection that is acknowledged. Noun: histogram.

discord.py makes every heartbeat's payload in ``KeepAliveHandler.get_payload``, sends the regular ones in
``DiscordWebSocket.send_heartbeat`` on the event loop, and calls ``KeepAliveHandler.ack`` for each acknowledgement; the
handler of voice connections overrides the first and the last, so those are not seen. Gateways acknowledge in order,
hence the oldest heartbeat under way is the one acknowledged. ``KeepAliveHandler.latency`` would be wrong for one that
is acknowledged after the next has gone out. Safe, because the originals run unchanged, and what is done besides is to
append a number or to take one.
"""

from __future__ import annotations

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


class Heartbeats:
    """Times heartbeats."""

    def __init__(self, telemetry: Telemetry, hooks: Hooks) -> None:
        self._guard = telemetry.guard
        self._hooks = hooks
        self._durations = telemetry.histogram(HEARTBEAT)
        self._under_way: weakref.WeakKeyDictionary[KeepAliveHandler, deque[float]] = weakref.WeakKeyDictionary()

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
            under_way = self._under_way.get(handler)
            if under_way is None:
                under_way = self._under_way[handler] = deque(maxlen=_UNDER_WAY)
            under_way.append(perf_counter())

    def _sending(self, ws: DiscordWebSocket) -> None:
        # The payload was made on another thread, and a busy event loop may have let it wait.
        under_way = self._under_way.get(ws._keep_alive) if ws._keep_alive is not None else None
        if under_way:
            under_way[-1] = perf_counter()

    def _acknowledged(self, handler: KeepAliveHandler) -> None:
        if not self._hooks.on:
            return
        under_way = self._under_way.get(handler)
        # Sent before our time: discord.py's own figure is the best there is.
        duration = perf_counter() - under_way.popleft() if under_way else handler.latency
        self._durations[()].record(duration)
