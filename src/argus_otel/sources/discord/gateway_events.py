"""Observed: every event that the gateway sends, by shard and type. Noun: counter.

Each connection tells discord.py of an event by calling ``ws._dispatch("socket_event_type", type)``. That is an
attribute of the connection, so a closure takes its place: no class is wrapped and no task is made. Safe, because all it
does before the original call is to add to one cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from argus_otel.telemetry import OTHER, BoundFamily, CounterCell, Telemetry

from .catalogue import EVENT_TYPE, GATEWAY_EVENTS, SHARD_EVENTS, SHARD_ID
from .chains import Chains
from .patches import Function

if TYPE_CHECKING:
    from discord.gateway import DiscordWebSocket

HOOK = "gateway events"


class GatewayEvents:
    """Counts events on each connection."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._counts = telemetry.counter(GATEWAY_EVENTS, SHARD_EVENTS, key=(SHARD_ID, EVENT_TYPE))
        self._chains: Chains[DiscordWebSocket] = Chains(_dispatch_of, _set_dispatch)

    def of_shard(self, shard_id: int) -> BoundFamily[CounterCell]:
        """Return a shard's cells, by event type."""
        return self._counts.bind(shard_id)

    def chain(self, ws: DiscordWebSocket, counts: BoundFamily[CounterCell]) -> None:
        """Count the events of ``ws`` from now on."""

        def make(original: Function) -> Function:
            def dispatch(name: str, argument: str = "", *more: object) -> None:
                if name == "socket_event_type":
                    # In a malformed frame the type may be a list, or a number that no exporter can carry.
                    counts[argument if type(argument) is str else OTHER].value += 1
                if more:
                    original(name, argument, *more)
                else:
                    original(name, argument)

            return dispatch

        self._chains.place(ws, make)

    def release(self) -> None:
        """Give every connection its own dispatch back."""
        self._chains.release()


def _dispatch_of(ws: DiscordWebSocket) -> Function:
    return ws._dispatch


def _set_dispatch(ws: DiscordWebSocket, dispatch: Function) -> None:
    ws._dispatch = dispatch
