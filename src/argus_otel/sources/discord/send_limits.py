"""Observed: messages to the gateway that wait for its send limit. Signals: histogram, and a gauge by shard.

discord.py calls ``GatewayRatelimiter.block`` before every message but heartbeats. A message has to wait, for the next
window or behind others, if the limit is used up by then. Safe, because the original runs unchanged, and if no message
has to wait, the hook only compares some numbers.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from argus_otel.telemetry import Reading, Telemetry

from .catalogue import GATEWAY_WAIT, SHARD_RATELIMITED
from .patches import Patch, PatchSet
from .shards import ClientRegistry, by_shard

if TYPE_CHECKING:
    from discord.gateway import GatewayRatelimiter

HOOK = "gateway send limits"


class SendLimits:
    """Times the waits, and reads which shards have used up their limit."""

    def __init__(self, telemetry: Telemetry, hooks: PatchSet, registry: ClientRegistry) -> None:
        self._guard = telemetry.guard
        self._hooks = hooks
        self._registry = registry
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
        # Any thread may call `is_ratelimited`: it compares numbers and changes none.
        connections = [(shard.id, shard.ws) for shard in self._registry.open_shards()]
        limited = [(number, float(ws.is_ratelimited())) for number, ws in connections if ws is not None]
        return by_shard(limited, max)
