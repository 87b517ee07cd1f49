"""Which node a run went on to: read from what a task has written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from argus_otel.telemetry import Telemetry

from . import catalogue as c
from .kinds import NodeKind

END = "__end__"

_SEND = "__pregel_tasks"


class Routes:
    """Counts routes."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._counter = telemetry.counter(c.ROUTES)

    def count(self, kind: NodeKind, writes: Iterable[tuple[str, Any]]) -> tuple[str, ...]:
        """Count where a node led to, and return that: :data:`END` if nowhere."""
        found = tuple(_routes(kind, writes)) or (END,)
        for route in found:
            self._counter[(kind.graph.name, kind.name, route)].value += 1
        return found


def _routes(kind: NodeKind, writes: Iterable[tuple[str, Any]]) -> Iterator[str]:
    """Yield the nodes that are triggered by what was written, and those that something was sent to."""
    followers = kind.graph.followers
    for channel, value in writes:
        if channel == _SEND:
            name: object = getattr(value, "node", None)
            if isinstance(name, str):
                yield name
        elif channel in followers:
            yield from followers[channel]
