"""Operations: one unit of work with a beginning, marks in between, and an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter

from .definitions import AttributeValue
from .history import Place
from .tracing import Scope, TraceSpan


class Operation:
    """One unit of work.

    It becomes one span where something is traced, and its duration one point of a histogram. A source makes a subclass
    for each kind of work, with what its hooks have to carry from beginning to end.

    Attributes
    ----------
    started:
        When it began, by :func:`time.perf_counter`, in seconds.
    scope:
        What is in force while it runs, if something is: its span, a trace that is not kept, or silence.
    span:
        Its span, or ``None`` where nothing is traced, or not this.
    place:
        Where it happens, while there is a history of it.
    error:
        The exception of the observed program's own code that decided the outcome, until the operation ends. The first
        one noted stays.
    """

    # Slots, each set as it is made: a default that is found in the class takes an operation five times as long to read.
    __slots__ = ("started", "scope", "span", "place", "error", "ended")

    def __init__(self) -> None:
        self.started = perf_counter()
        self.scope: Scope | None = None
        self.span: TraceSpan | None = None
        self.place: Place | None = None
        self.error: BaseException | None = None
        self.ended = False

    def trace_in(self, root: TraceSpan) -> None:
        """Let ``root`` be its span, or no more than its scope where the trace is not kept."""
        self.scope = root
        if root.trace_id:
            self.span = root

    def note(self, error: BaseException) -> None:
        """Remember what went wrong, unless something earlier did."""
        if self.error is None:
            self.error = error

    @property
    def trace(self) -> TraceSpan | None:
        """The span, if anybody will see it: what an exemplar refers to."""
        span = self.span
        return span if span is not None and span.sampled else None

    def settle(self) -> float:
        """End the operation but for its span; return its duration in seconds.

        What is recorded of it is recorded between this and :meth:`end_span`: code of others runs where a span ends.
        """
        self.ended = True
        if self.place is not None:
            self.place.over = True
        return perf_counter() - self.started

    def end_span(self, failed: bool, attributes: Mapping[str, AttributeValue] | None = None) -> None:
        """End its span, with these attributes added, and let go of what went wrong."""
        # A context that somebody copied meanwhile may hold this operation for as long as a connection lives: it must
        # not hold, by the exception's traceback, what the observed program was at.
        error, self.error = self.error, None
        span = self.span
        if span is not None:
            if attributes:
                span.set(attributes)
            span.end(error, failed=failed)

    def end(self, failed: bool) -> float:
        """End the operation and its span, where nothing else is recorded of it; return its duration in seconds."""
        duration = self.settle()
        self.end_span(failed)
        return duration
