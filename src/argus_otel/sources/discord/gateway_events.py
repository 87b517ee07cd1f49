"""Observed: every event that the gateway sends, by shard and type. Noun: counter.

Each connection tells discord.py of an event by calling ``ws._dispatch("socket_event_type", type)``. That is an
attribute of the connection, so a closure takes its place: no class is wrapped and no task is made. Safe, because it
adds to one cell and then makes the original call; a fault of its own is swallowed by the guard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from argus_otel.telemetry import Bound, CounterCell, Telemetry

from .catalogue import EVENT_TYPE, GATEWAY_EVENTS, SHARD_EVENTS, SHARD_ID

if TYPE_CHECKING:
    from discord.gateway import DiscordWebSocket

HOOK = "gateway events"


class GatewayEvents:
    """Counts events on each connection."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._guard = telemetry.guard
        self._counts = telemetry.counter(GATEWAY_EVENTS, SHARD_EVENTS, key=(SHARD_ID, EVENT_TYPE))
        self._chained: list[tuple[DiscordWebSocket, object, object]] = []

    def of_shard(self, shard_id: int) -> Bound[CounterCell]:
        """Return a shard's cells, by event type."""
        return self._counts.bind(shard_id)

    def chain(self, ws: DiscordWebSocket, counts: Bound[CounterCell]) -> None:
        """Count the events of ``ws`` from now on."""

        def count(name: str, argument: str = "", *_: object) -> None:
            if name == "socket_event_type":
                counts[argument].value += 1

        original = ws._dispatch
        ws._dispatch = self._guard.before(HOOK, count, original)
        self._chained = [chained for chained in self._chained if chained[0].open]
        self._chained.append((ws, ws._dispatch, original))

    def release(self) -> None:
        """Give every connection its own dispatch back, where nobody has chained on ours since."""
        for ws, ours, original in self._chained:
            if ws._dispatch is ours:
                ws._dispatch = original  # type: ignore[assignment]
        self._chained.clear()
