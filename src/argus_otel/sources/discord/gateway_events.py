"""Observed: every event that the gateway sends, by shard and type. Noun: counter.

Each connection tells discord.py of an event by calling ``ws._dispatch("socket_event_type", type)``. That is an
attribute of the connection, so a closure takes its place: no class is wrapped and no task is made. Safe, because all it
does before the original call is to add to one cell.
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

        original = ws._dispatch
        guard = self._guard

        def dispatch(name: str, argument: str = "", *more: object) -> None:
            if name == "socket_event_type":
                try:
                    counts[argument].value += 1
                except TypeError as error:  # a malformed frame, whose type is a list or an object
                    guard.fault(HOOK, error)
            if more:
                original(name, argument, *more)
            else:
                original(name, argument)

        ws._dispatch = dispatch
        self._chained = [chained for chained in self._chained if chained[0].open]
        self._chained.append((ws, dispatch, original))

    def release(self) -> None:
        """Give every connection its own dispatch back, where nobody has chained on ours since."""
        for ws, ours, original in self._chained:
            if ws._dispatch is ours:
                ws._dispatch = original  # type: ignore[assignment]
        self._chained.clear()
