"""What the writes of a task mean: which keys of the state it wrote, and which nodes they lead to.

A node mostly writes to the same channels each time. So what follows from the channels alone is found out once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from argus_otel.detections.shapes import Shape
from argus_otel.telemetry.counters import Counter, CounterCell

END = "__end__"
"""The route of a node that leads to no other."""

_SEND = "__pregel_tasks"
_PUSHED = "__pregel_push"

_MOST = 256
"""How many combinations of channels are kept for a node."""


Classes: TypeAlias = "list[tuple[str, bool]]"
"""Of each value that was written the name of its class, and whether it is finite."""


class Writing:
    """What follows from the channels that a task has written to.

    Attributes
    ----------
    keys:
        For each write the key of the state; ``None`` for a write that is none.
    written:
        The keys of the state, in their order; a key may be written twice.
    leading:
        The channels that nodes are triggered by.
    routes:
        The names of these nodes; :data:`END` if there are none, and nothing is sent to a node.
    cells:
        The cells that count these routes.
    sends:
        Whether something is sent to nodes: which, is not known from the channels.
    usual:
        The classes of what was written when nothing was found the last time; ``None`` before that.
    may_have_messages:
        Whether there is a list among them.
    """

    __slots__ = ("keys", "written", "leading", "routes", "cells", "sends", "usual", "may_have_messages")

    def __init__(
        self,
        channels: tuple[str, ...],
        keys: frozenset[str],
        followers: Mapping[str, tuple[str, ...]],
        counter: Counter,
        names: tuple[str, str],
    ) -> None:
        self.keys = tuple(channel if channel in keys else None for channel in channels)
        self.written = tuple(key for key in self.keys if key is not None)
        self.leading = tuple(channel for channel in channels if channel in followers)
        self.sends = _SEND in channels
        routes = tuple(name for channel in self.leading for name in followers[channel])
        self.routes = routes if routes or self.sends else (END,)
        self.usual: Classes | None = None
        self.may_have_messages = True
        self.cells: tuple[CounterCell, ...] = tuple(counter[(*names, route)] for route in self.routes)

    def by_key(self, shapes: Iterable[Shape]) -> dict[str, Shape]:
        """Return the shapes of what was written by the keys of the state. Of a key that is written twice, the last."""
        return {key: shape for key, shape in zip(self.keys, shapes, strict=False) if key is not None}

    def learn(self, classes: Classes) -> None:
        """Take what was written as usual."""
        self.usual = classes
        self.may_have_messages = any(name == "list" for name, _ in classes)


class Writings(dict[tuple[str, ...], Writing]):
    """The writings of one node, by the channels.

    Parameters
    ----------
    keys:
        The keys of the graph's state.
    followers:
        Which nodes a write to a channel leads to, by the channel.
    counter:
        Counts routes.
    names:
        Those of the graph and of the node.
    """

    def __init__(
        self,
        keys: frozenset[str],
        followers: Mapping[str, tuple[str, ...]],
        counter: Counter,
        names: tuple[str, str],
    ) -> None:
        super().__init__()
        self._made_of = (keys, followers, counter, names)

    def __missing__(self, channels: tuple[str, ...]) -> Writing:
        if len(self) >= _MOST:
            self.clear()
        made = self[channels] = Writing(channels, *self._made_of)
        return made


def sent_to(writes: Any) -> list[str]:
    """Return the names of the nodes that something is sent to by ``Send``."""
    names = (getattr(value, "node", None) for channel, value in writes if channel == _SEND)
    return [name for name in names if isinstance(name, str)]


def channel_of_send(node: str) -> str:
    """Return the name under which what is sent to a node is known among the channels that lead to it."""
    return f"{_SEND} {node}"


def triggers_of(name: str, triggers: Sequence[str]) -> Sequence[str]:
    """Return the channels that have led to a task of the node ``name``."""
    return (channel_of_send(name),) if _PUSHED in triggers else triggers
