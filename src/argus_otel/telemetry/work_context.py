"""The context of the running work: the ids that events recorded in the work inherit."""

from __future__ import annotations

from contextvars import ContextVar

from .definitions import AttributeValue


class WorkContext:
    """The ids of a unit of work. Events that the program records while the work runs inherit them.

    Attributes
    ----------
    attributes:
        Known ids of the work and of its actor, by attribute name.
    ended:
        Whether the work has ended. A context that was copied during the work may hold this object for as long as a
        connection lives.
    """

    __slots__ = ("attributes", "ended")

    def __init__(self, attributes: dict[str, AttributeValue]) -> None:
        self.attributes = attributes
        self.ended = False


CURRENT_WORK: ContextVar[WorkContext | None] = ContextVar("argus_otel.work", default=None)
"""The work that runs in this context. Set only if history is kept."""
