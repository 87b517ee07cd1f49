"""The tracer that operations use. The bridge provides it; without one nothing is traced."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from .definitions import AttributeValue, SpanKind


class SpanIds(Protocol):
    """The ids of a span, which is all that an exemplar or a link needs."""

    trace_id: int
    span_id: int


class SpanRef:
    """Refers to a span by its ids, so that keeping a reference does not keep the span alive."""

    __slots__ = ("trace_id", "span_id")

    def __init__(self, trace_id: int, span_id: int) -> None:
        self.trace_id = trace_id
        self.span_id = span_id

    @classmethod
    def to(cls, span: TraceSpan | None) -> SpanRef | None:
        """Return a reference to ``span``, or ``None`` if there is none or it is not sampled."""
        return cls(span.trace_id, span.span_id) if span is not None and span.sampled else None


class Scope(Protocol):
    """A context that is current between :meth:`attach` and :meth:`detach`, for what is started meanwhile too."""

    def attach(self) -> None:
        """Make it the current context."""
        ...

    def detach(self) -> None:
        """Restore the context before it. Does nothing in another context than the one :meth:`attach` was called in."""
        ...


class TraceSpan(Scope, Protocol):
    """A started span, current between :meth:`attach` and :meth:`detach`.

    ``sampled`` says whether it is exported: attributes of an unsampled one need not be collected. A root that was never
    started, because its trace is not sampled, has the ``trace_id`` 0 and need not be ended.
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

    def link(self, reference: SpanIds) -> None:
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
        links: Sequence[SpanIds] = (),
    ) -> TraceSpan:
        """Start a span that begins a trace of its own, whatever the running context holds.

        Parameters
        ----------
        attributes:
            Called if the span is sampled.
        rate:
            The share of such traces that is sampled, from 0 to 1. An unsampled trace costs next to nothing, and nothing
            that is started in it is sampled.
        links:
            Spans that this one follows from.
        """
        ...

    def child(self, name: str, kind: SpanKind, attributes: Mapping[str, AttributeValue]) -> TraceSpan | None:
        """Start a span under the running context's, or return ``None`` in an unsampled trace."""
        ...

    def within(self) -> bool:
        """Whether the running context is in a span, ours or the program's own, or in an unsampled trace."""
        ...

    def current_root(self) -> TraceSpan | None:
        """Return the root that the running context is in, which may have ended; ``None`` outside any of ours."""
        ...

    def outside(self) -> Scope:
        """Return a scope in which no span is current, for work that outlives the work that starts it."""
        ...
