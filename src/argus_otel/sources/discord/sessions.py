"""Observed: gateway sessions that begin (IDENTIFY) or resume (RESUME). Signals: counter, event.

Safe, because the original runs first and unchanged: a session is counted once its payload has been sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from argus_otel.telemetry import Telemetry

from .attributes import SESSION_TYPE, SHARD_ID
from .catalogue import SESSION_EVENT, SESSIONS
from .patches import Patch, PatchSet

if TYPE_CHECKING:
    from discord.gateway import DiscordWebSocket

HOOK = "gateway sessions"


class Sessions:
    """Counts sessions."""

    def __init__(self, telemetry: Telemetry, hooks: PatchSet) -> None:
        self._telemetry = telemetry
        self._hooks = hooks
        self._counts = telemetry.counter(SESSIONS)

    def patches(self) -> list[Patch]:
        """Return the hooks on IDENTIFY and RESUME."""
        return [
            Patch(HOOK, "discord.gateway", "DiscordWebSocket.identify", self._maker("identify")),
            Patch(HOOK, "discord.gateway", "DiscordWebSocket.resume", self._maker("resume")),
        ]

    def _maker(self, kind: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        sent = self._telemetry.guard.shield(HOOK, self._sent)

        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            async def begin(self: DiscordWebSocket) -> None:
                await original(self)
                sent(self, kind)

            return begin

        return make

    def _sent(self, ws: DiscordWebSocket, kind: str) -> None:
        if not self._hooks.on:
            return
        shard_id = ws.shard_id or 0
        self._counts[shard_id, kind].value += 1
        self._telemetry.emit(SESSION_EVENT, {SHARD_ID.name: shard_id, SESSION_TYPE.name: kind})
