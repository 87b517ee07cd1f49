"""Observed: messages to the gateway that wait for its send limit. Nouns: histogram, and a gauge of who would wait.

``GatewayRatelimiter.block`` stands before every message but heartbeats. Whether one has to wait, be it for the next
window or behind others that do, is known beforehand: the limit is used up. Safe, because the original runs unchanged
and, where nothing has to wait, all that is done before is to compare some numbers.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from argus_otel.telemetry import Reading, Telemetry

from .catalogue import GATEWAY_WAIT, SHARD_RATELIMITED
from .patches import Hooks, Patch
from .shards import Roster, by_shard

if TYPE_CHECKING:
    from discord.gateway import GatewayRatelimiter

HOOK = "gateway send limits"


class SendLimits:
    """Times the waiting, and reads who would have to wait."""

    def __init__(self, telemetry: Telemetry, hooks: Hooks, roster: Roster) -> None:
        self._guard = telemetry.guard
        self._hooks = hooks
        self._roster = roster
        self._waits = telemetry.histogram(GATEWAY_WAIT)
        telemetry.gauge(SHARD_RATELIMITED, self._ratelimited)

    def patches(self) -> list[Patch]:
        """Return the hook on the limiter."""
        make = self._guard.around(HOOK, self._begin, self._end)
        return [Patch(HOOK, "discord.gateway", "GatewayRatelimiter.block", make)]

    def _begin(self, limiter: GatewayRatelimiter) -> float | None:
        return perf_counter() if self._hooks.on and limiter.is_ratelimited() else None

    def _end(self, started: float, _: object) -> None:
        self._waits[()].record(perf_counter() - started)

    def _ratelimited(self) -> Reading:
        # is_ratelimited compares numbers and changes none, so any thread may call it.
        connections = [(shard.id, shard.ws) for shard in self._roster.shards()]
        limited = [(number, float(ws.is_ratelimited())) for number, ws in connections if ws is not None]
        return by_shard(limited, max)
