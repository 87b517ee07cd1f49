"""Operations become spans."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from contextvars import Token

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import (
    _SUPPRESS_HTTP_INSTRUMENTATION_KEY as SUPPRESS_HTTP,  # pyright: ignore[reportPrivateUsage] - as contrib does
)
from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceFlags

from argus_otel.telemetry import AttributeValue, SpanKind, TraceSpan, message_of

_KINDS = {
    SpanKind.INTERNAL: trace.SpanKind.INTERNAL,
    SpanKind.SERVER: trace.SpanKind.SERVER,
    SpanKind.CLIENT: trace.SpanKind.CLIENT,
    SpanKind.CONSUMER: trace.SpanKind.CONSUMER,
}

# Their metrics bear the same names as ours and their spans hold whole URLs, tokens and all.
HTTP_INSTRUMENTATIONS = (
    "opentelemetry.instrumentation.aiohttp_client",
    "opentelemetry.instrumentation.requests",
    "opentelemetry.instrumentation.urllib3",
)


_NOTHING = Context()


class ContextScope:
    """Holds an OpenTelemetry context between enter and leave."""

    __slots__ = ("_context", "_token")

    def __init__(self, context: Context) -> None:
        self._context = context
        self._token: Token[Context] | None = None

    def enter(self) -> None:
        """Attach the context."""
        self._token = otel_context.attach(self._context)

    def leave(self) -> None:
        """Attach what was there before, if the context still is current.

        A coroutine or generator that is closed by the garbage collector runs its ``finally`` in a foreign context, or
        in a copy of its own: there OpenTelemetry would log an error over a token that it is asked to detach.
        """
        token = self._token
        if token is not None and otel_context.get_current() is self._context:
            before = token.old_value
            otel_context.attach(_NOTHING if before is Token.MISSING else before)


class OTelSpan:
    """An OpenTelemetry span in the neutral layer's terms."""

    __slots__ = ("trace_id", "span_id", "sampled", "_span", "_kind", "_redact", "_scope")

    def __init__(self, span: trace.Span, kind: SpanKind, redact: Callable[[str], str]) -> None:
        identity = span.get_span_context()
        self.trace_id = identity.trace_id
        self.span_id = identity.span_id
        self.sampled = identity.trace_flags.sampled
        self._span = span
        self._kind = kind
        self._redact = redact
        self._scope: ContextScope | None = None

    def enter(self) -> None:
        """Make it current; for a client span, silence other HTTP instrumentations beneath it."""
        context = trace.set_span_in_context(self._span)
        if self._kind is SpanKind.CLIENT:
            context = otel_context.set_value(SUPPRESS_HTTP, True, context)
        self._scope = ContextScope(context)
        self._scope.enter()

    def leave(self) -> None:
        """Undo :meth:`enter`."""
        if self._scope is not None:
            self._scope.leave()

    def rename(self, name: str) -> None:
        """Give it its final name."""
        self._span.update_name(name)

    def set(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Add attributes."""
        self._span.set_attributes(attributes)

    def mark(self, name: str, attributes: Mapping[str, AttributeValue]) -> None:
        """Add an event at this moment."""
        self._span.add_event(name, attributes)

    def end(self, error: BaseException | None, *, failed: bool) -> None:
        """End it; where it failed, with what went wrong as OTel semconv's ``exception`` event, free of secrets.

        What was rejected is the user's doing, and its message may quote what the user wrote: that stays here.
        """
        span = self._span
        if failed and span.is_recording():
            message = ""
            if error is not None:
                message = self._redact(message_of(error))
                stack = "".join(traceback.format_exception(type(error), error, error.__traceback__))
                span.add_event(
                    "exception",
                    {
                        "exception.type": f"{type(error).__module__}.{type(error).__qualname__}",
                        "exception.message": message,
                        "exception.stacktrace": self._redact(stack),
                    },
                )
            span.set_status(Status(StatusCode.ERROR, message or None))
        span.end()


class OTelTracing:
    """Starts spans on one tracer."""

    def __init__(self, tracer: trace.Tracer, redact: Callable[[str], str]) -> None:
        self._tracer = tracer
        self._redact = redact

    def start(
        self,
        name: str,
        kind: SpanKind,
        attributes: Mapping[str, AttributeValue],
        *,
        root: bool = False,
        links: Sequence[TraceSpan] = (),
    ) -> TraceSpan:
        """Start a span; a root begins a trace of its own, whatever the running context holds."""
        span = self._tracer.start_span(
            name,
            context=Context() if root else None,
            kind=_KINDS[kind],
            attributes=attributes,
            links=[Link(_span_context(link)) for link in links],
        )
        return OTelSpan(span, kind, self._redact)


def quiet() -> ContextScope:
    """Return a scope in which HTTP client instrumentations are silent."""
    return ContextScope(otel_context.set_value(SUPPRESS_HTTP, True))


def _span_context(span: TraceSpan) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if span.sampled else TraceFlags.DEFAULT)
    return SpanContext(span.trace_id, span.span_id, is_remote=False, trace_flags=flags)
