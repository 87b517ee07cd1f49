"""What an operation needs of a tracer. The bridge provides it; without one nothing is traced."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from .definitions import AttributeValue, SpanKind


class TraceReference(Protocol):
    """A span, as far as an exemplar or a link needs it."""

    trace_id: int
    span_id: int


class Reference:
    """What a link to a span needs and no more, so that whoever keeps one keeps no span alive."""

    __slots__ = ("trace_id", "span_id")

    def __init__(self, trace_id: int, span_id: int) -> None:
        self.trace_id = trace_id
        self.span_id = span_id

    @classmethod
    def to(cls, span: TraceSpan | None) -> Reference | None:
        """Return a reference to ``span``, or ``None`` where there is none or nobody will see it."""
        return cls(span.trace_id, span.span_id) if span is not None and span.sampled else None


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

    ``sampled`` tells whether anybody will see it: attributes need not be gathered for one that is not. A root that was
    never started, because its trace is not kept, has 0 for its ``trace_id`` and needs no end.
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

    def link(self, reference: TraceReference) -> None:
        """Add a link to what this one follows from, where that was not known when it started."""
        ...

    def end(self, error: BaseException | None, *, failed: bool) -> None:
        """End the span. ``error`` is recorded; ``failed`` makes the status an error."""
        ...


class Tracing(Protocol):
    """Starts spans."""

    def root(
        self,
        name: str,
        kind: SpanKind,
        attributes: Callable[[], Mapping[str, AttributeValue]],
        *,
        rate: float = 1.0,
        links: Sequence[TraceReference] = (),
    ) -> TraceSpan:
        """Start a span that begins a trace of its own, whatever the running context holds.

        Parameters
        ----------
        attributes:
            Called where somebody will see them.
        rate:
            The share of such traces that is kept, from 0 to 1. In one that is not, nothing that it starts is kept
            either, and that costs next to nothing.
        links:
            What this one follows from.
        """
        ...

    def child(self, name: str, kind: SpanKind, attributes: Mapping[str, AttributeValue]) -> TraceSpan | None:
        """Start a span under the running context's, or return ``None`` in a trace that is not kept."""
        ...

    def within(self) -> bool:
        """Whether the running context is in a span, be it ours or the bot's own, or in a trace that is not kept."""
        ...

    def current_root(self) -> TraceSpan | None:
        """Return the root that the running context is in, which may have ended; ``None`` outside any of ours."""
        ...

    def outside(self) -> Scope:
        """Return a scope in which no span is current: what is started in it is in no trace of the running context's.

        For what outlives the work that starts it.
        """
        ...
