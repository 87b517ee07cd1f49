"""Operations: units of work with a beginning and an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter

from .definitions import AttributeValue
from .tracing import Scope, TraceSpan
from .work_context import WorkContext


class Operation:
    """One unit of work.

    It becomes one span if traces are exported, and its duration one point of a histogram. A source has a subclass for
    each kind of work, with the values that its hooks carry from the beginning to the end.

    Attributes
    ----------
    started:
        When it began, by :func:`time.perf_counter`, in seconds.
    scope:
        The scope that is current while it runs: its span, an unsampled trace, or the suppression of HTTP
        instrumentations. ``None`` if there is none.
    span:
        Its span, or ``None`` if it is not traced.
    work_context:
        The ids that events recorded in it inherit, if history is kept.
    error:
        The exception of the observed program that decided the outcome, until the operation ends. The first one that is
        recorded stays.
    ended:
        Whether it has ended.
    """

    # Slots, each set in __init__: reading a default from the class would take an operation five times as long.
    __slots__ = ("started", "scope", "span", "work_context", "error", "ended")

    def __init__(self) -> None:
        self.started = perf_counter()
        self.scope: Scope | None = None
        self.span: TraceSpan | None = None
        self.work_context: WorkContext | None = None
        self.error: BaseException | None = None
        self.ended = False

    def trace_in(self, root: TraceSpan) -> None:
        """Use ``root`` as its scope, and as its span if the trace is sampled."""
        self.scope = root
        if root.trace_id:
            self.span = root

    def record_error(self, error: BaseException) -> None:
        """Record the exception that decides the outcome, unless an earlier one has been recorded."""
        if self.error is None:
            self.error = error

    @property
    def trace(self) -> TraceSpan | None:
        """The span if it is sampled, for an exemplar to refer to."""
        span = self.span
        return span if span is not None and span.sampled else None

    def settle(self) -> float:
        """End everything but the span; return the duration in seconds.

        Record metrics and history between this and :meth:`end_span`: a span processor may run other code there.
        """
        self.ended = True
        if self.work_context is not None:
            self.work_context.ended = True
        return perf_counter() - self.started

    def end_span(self, failed: bool, attributes: Mapping[str, AttributeValue] | None = None) -> None:
        """End the span with ``attributes`` added, and release the recorded exception."""
        # A context that was copied during the work may hold this operation for as long as a connection lives. Without
        # the exception it does not hold the traceback, and so the program's objects, for that time.
        error, self.error = self.error, None
        span = self.span
        if span is not None:
            if attributes:
                span.set_attributes(attributes)
            span.end(error, failed=failed)

    def end(self, failed: bool) -> float:
        """End the operation and its span if nothing else is recorded of it; return the duration in seconds."""
        duration = self.settle()
        self.end_span(failed)
        return duration
