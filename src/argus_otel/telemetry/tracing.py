"""The interface of the tracer. The bridge implements it; without a tracer nothing is traced."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from .definitions import AttributeValue, SpanKind


class SpanIds(Protocol):
    """The ids of a span, for an exemplar or a link."""

    trace_id: int
    span_id: int


class SpanRef:
    """A reference to a span by its ids. It does not keep the span alive."""

    __slots__ = ("trace_id", "span_id")

    def __init__(self, trace_id: int, span_id: int) -> None:
        self.trace_id = trace_id
        self.span_id = span_id

    @classmethod
    def to(cls, span: TraceSpan | None) -> SpanRef | None:
        """Return a reference to ``span``, or ``None`` if it is ``None`` or not sampled."""
        return cls(span.trace_id, span.span_id) if span is not None and span.sampled else None


class Scope(Protocol):
    """A context that is current between :meth:`attach` and :meth:`detach`. Tasks that start meanwhile inherit it."""

    def attach(self) -> None:
        """Make it the current context."""
        ...

    def detach(self) -> None:
        """Restore the previous context. Does nothing in another context than that of :meth:`attach`."""
        ...


class TraceSpan(Scope, Protocol):
    """A started span, current between :meth:`attach` and :meth:`detach`.

    Attributes
    ----------
    trace_id, span_id:
        Its ids. A root of an unsampled trace, which is never started, has the ``trace_id`` 0 and need not be ended.
    sampled:
        Whether it is exported. Attributes of an unsampled span need not be collected.
    """

    trace_id: int
    span_id: int
    sampled: bool

    def rename(self, name: str) -> None:
        """Set the final name."""
        ...

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Add attributes."""
        ...

    def add_event(self, name: str, attributes: Mapping[str, AttributeValue]) -> None:
        """Add a span event with the current time."""
        ...

    def add_link(self, reference: SpanIds) -> None:
        """Add a link to a span that this one follows from, if it was unknown at the start."""
        ...

    def end(self, error: BaseException | None, *, failed: bool) -> None:
        """End the span. ``error`` is recorded, and ``failed`` sets the status to error."""
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
        """Start the root span of a new trace, whatever span is current.

        Parameters
        ----------
        attributes:
            Returns the attributes. Called only if the span is sampled.
        rate:
            The share of such traces that is sampled, from 0 to 1. An unsampled trace costs next to nothing, and no span
            that starts in it is sampled.
        links:
            Spans that this one follows from.
        """
        ...

    def child(
        self,
        name: str,
        kind: SpanKind,
        attributes: Mapping[str, AttributeValue],
        *,
        links: Sequence[SpanIds] = (),
        suppress_http: bool = True,
        of: TraceSpan | None = None,
    ) -> TraceSpan | None:
        """Start a child of the current span, or return ``None`` in an unsampled trace.

        Parameters
        ----------
        links:
            Spans that this one follows from.
        suppress_http:
            Whether instrumentations of HTTP clients are silent while a span of the kind ``CLIENT`` is current: it is
            their request. If not, it has requests below it.
        of:
            The span to start a child of, instead of the current one.
        """
        ...

    def within(self) -> bool:
        """Whether a span is current, ours or the program's own, or the context is in an unsampled trace."""
        ...

    def current_root(self) -> TraceSpan | None:
        """Return the root span of the current trace, which may have ended; ``None`` outside traces of ours."""
        ...

    def outside(self) -> Scope:
        """Return a scope in which no span is current, for work that outlives the work that started it."""
        ...
