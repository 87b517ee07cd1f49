"""What an operation needs of a tracer. The bridge provides it; without one nothing is traced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from .definitions import AttributeValue, SpanKind


class Scope(Protocol):
    """Something that holds for the running context, and what is started from it, between two moments."""

    def enter(self) -> None:
        """Begin. What is started from here on nests under it."""
        ...

    def leave(self) -> None:
        """End. Called from another context than :meth:`enter` was, it does nothing."""
        ...


class TraceSpan(Scope, Protocol):
    """A started span, current between :meth:`enter` and :meth:`leave`.

    ``sampled`` tells whether anybody will see it: attributes need not be gathered for one that is not.
    """

    trace_id: int
    span_id: int
    sampled: bool

    def rename(self, name: str) -> None:
        """Give the span its final name."""
        ...

    def set(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Add attributes."""
        ...

    def mark(self, name: str, attributes: Mapping[str, AttributeValue]) -> None:
        """Add an event at this moment."""
        ...

    def end(self, error: BaseException | None, *, failed: bool) -> None:
        """End the span. ``error`` is recorded; ``failed`` makes the status an error."""
        ...


class Tracing(Protocol):
    """Starts spans."""

    def start(
        self,
        name: str,
        kind: SpanKind,
        attributes: Mapping[str, AttributeValue],
        *,
        root: bool = False,
        links: Sequence[TraceSpan] = (),
    ) -> TraceSpan | None:
        """Start a span, or return ``None`` where nothing is traced.

        Parameters
        ----------
        root:
            Whether it begins a trace of its own, whatever the running context holds.
        links:
            Spans that this one follows from.
        """
        ...
