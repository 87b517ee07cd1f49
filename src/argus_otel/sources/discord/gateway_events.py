"""Observed: every event from the gateway, by shard and type. Signal: counters.

A connection reports each event to discord.py by calling ``ws._dispatch("socket_event_type", type)``. ``_dispatch`` is
an attribute of the connection, so the hook wraps it there: no class is patched and no task is created. Safe, because
the hook only adds to one cell before it calls the original.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from argus_otel.telemetry import OTHER, Telemetry

from .attributes import EVENT_TYPE, SHARD_ID
from .catalogue import GATEWAY_EVENTS, SHARD_EVENTS
from .instance_patches import InstancePatches
from .patches import Function

if TYPE_CHECKING:
    from discord.gateway import DiscordWebSocket

HOOK = "gateway events"


class GatewayEvents:
    """Counts the events of each connection."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._counts = telemetry.counter(GATEWAY_EVENTS, SHARD_EVENTS, key=(SHARD_ID, EVENT_TYPE))
        self._patches: InstancePatches[DiscordWebSocket] = InstancePatches(_dispatch_of, _set_dispatch)

    def attach(self, ws: DiscordWebSocket, shard_id: int) -> None:
        """Count the events of ``ws`` from now on. Safe to repeat."""
        counts = self._counts.bind(shard_id)

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

        self._patches.wrap(ws, make)

    def detach(self) -> None:
        """Restore the ``_dispatch`` of every connection."""
        self._patches.unwrap_all()


def _dispatch_of(ws: DiscordWebSocket) -> Function:
    return ws._dispatch


def _set_dispatch(ws: DiscordWebSocket, dispatch: Function) -> None:
    ws._dispatch = dispatch
