"""What happened, for whoever keeps it: one call at the end of each piece of work, whatever is traced or sampled."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Protocol

from .definitions import AttributeValue, Event


class HistorySink(Protocol):
    """Takes one thing that happened, as it ends. Must not block, and must not keep what it is given changeable."""

    def __call__(self, event: Event, attributes: Mapping[str, AttributeValue], duration: float | None) -> None:
        """Keep it.

        Parameters
        ----------
        attributes:
            By their names on every signal; ids as decimal digits. The mapping is the sink's from now on.
        duration:
            In seconds, of what has just ended; ``None`` for what has none.
        """
        ...


class Place:
    """Where a piece of work happens and who caused it: what the bot's own events in it have too.

    Attributes
    ----------
    attributes:
        Ids of what the work is about and who caused it, as far as they are known.
    over:
        Whether the work has ended. A context that was copied meanwhile may hold this for as long as a connection lives.
    """

    __slots__ = ("attributes", "over")

    def __init__(self, attributes: dict[str, AttributeValue]) -> None:
        self.attributes = attributes
        self.over = False


HERE: ContextVar[Place | None] = ContextVar("argus_otel.place", default=None)
"""The place of the work that runs in this context; set only while there is a history."""
