"""Operations become spans."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import Token
from random import random
from time import perf_counter_ns
from typing import cast

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Status, StatusCode

from argus_otel.telemetry import AttributeValue, SpanIds, SpanKind, Telemetry, TraceSpan, type_name
from argus_otel.version import __version__

from .lazy_spans import LazySpan, LazySpanFactory, TracerProvider, linked
from .private import current_span_key, suppress_http_key
from .sampling import PRESAMPLED, ROOT, RootSampler
from .scope import SCOPE
from .unsampled import UNSAMPLED, span_context

HOOK = "spans"

_KINDS = {
    SpanKind.INTERNAL: trace.SpanKind.INTERNAL,
    SpanKind.SERVER: trace.SpanKind.SERVER,
    SpanKind.CLIENT: trace.SpanKind.CLIENT,
    SpanKind.CONSUMER: trace.SpanKind.CONSUMER,
}

_NOTHING = Context()

_SUPPRESS_HTTP = suppress_http_key()
_CURRENT = current_span_key()

_PRESAMPLED_ROOT = Context({PRESAMPLED: True})


class _Attached(Context):
    """An attached context, which knows the one before it."""

    before: Context | None = None


class ContextScope:
    """Holds an OpenTelemetry context between :meth:`attach` and :meth:`detach`."""

    __slots__ = ("_context", "_token")

    _token: Token[Context] | None

    def __init__(self, context: Context) -> None:
        self._context = context
        self._token = None

    def attach(self) -> None:
        """Attach the context."""
        token = self._token = otel_context.attach(self._context)
        if isinstance(self._context, _Attached) and token.old_value is not Token.MISSING:
            self._context.before = token.old_value

    def detach(self) -> None:
        """Restore the context before, if this one is still current or is an ancestor of the current one.

        Generators need not be left in the order in which they were entered. A coroutine or generator that is closed by
        the garbage collector runs its ``finally`` in a foreign context, or in a copy of its own: there OpenTelemetry
        would log an error over a token that it is asked to detach.
        """
        token = self._token
        if token is None or not self._is_in(otel_context.get_current()):
            return
        try:
            token.var.reset(token)
        except ValueError:  # a copy of the context that was entered
            before = token.old_value
            otel_context.attach(_NOTHING if before is Token.MISSING else before)
        else:
            self._token = None
            if isinstance(self._context, _Attached):
                self._context.before = None  # or tasks that start each other would hold an endless chain

    def _is_in(self, current: Context | None) -> bool:
        while current is not self._context:
            if not isinstance(current, _Attached):
                return False
            current = current.before
        return True


class OTelSpan(ContextScope):
    """An OpenTelemetry span in the neutral layer's terms."""

    __slots__ = ("trace_id", "span_id", "sampled", "_span", "_entries", "_telemetry")

    def __init__(self, span: trace.Span, suppress_http: bool, telemetry: Telemetry, is_root: bool) -> None:
        self._token = None
        identity = span.get_span_context()
        self.trace_id = identity.trace_id
        self.span_id = identity.span_id
        self.sampled = identity.trace_flags.sampled
        self._span = span
        self._telemetry = telemetry
        self._entries: dict[str, object] = (
            {_CURRENT: span} if _CURRENT else {**trace.set_span_in_context(span, _NOTHING)}
        )
        if suppress_http:
            self._entries[_SUPPRESS_HTTP] = True
        if is_root:
            self._entries[ROOT] = self

    def attach(self) -> None:
        """Make it current; for a client span, silence other HTTP instrumentations beneath it."""
        self._context = _Attached({**otel_context.get_current(), **self._entries})
        super().attach()

    def context(self) -> Context:
        """Return a context in which nothing but this span is."""
        return trace.set_span_in_context(self._span, _NOTHING)

    def rename(self, name: str) -> None:
        """Give it its final name."""
        self._span.update_name(name)

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Add attributes, unless it has ended: OpenTelemetry would warn of each."""
        if self._span.is_recording():
            self._span.set_attributes(attributes)

    def add_event(self, name: str, attributes: Mapping[str, AttributeValue]) -> None:
        """Add an event at this moment."""
        self._span.add_event(name, attributes)

    def add_link(self, reference: SpanIds) -> None:
        """Add a link to a span that this one follows from."""
        if self.sampled:
            self._span.add_link(span_context(reference))

    def end(self, error: BaseException | None, *, failed: bool) -> None:
        """End it; if it failed, with the exception's message, and as an event if log records do not hold exceptions.

        A rejection is caused by the user, and its message may quote the user's words: it is not exported.
        """
        try:
            if failed:
                self._fail(error)
        finally:
            self._span.end()

    def _fail(self, error: BaseException | None) -> None:
        span = self._span
        if not span.is_recording():
            return
        message = ""
        if error is not None:
            exceptions = self._telemetry.exceptions
            if self._telemetry.exception_reports.on_spans:
                message, stacktrace = exceptions.describe(error)
                span.add_event(
                    "exception",
                    {
                        "exception.type": type_name(error),
                        "exception.message": message,
                        "exception.stacktrace": stacktrace,
                    },
                )
            else:
                message = exceptions.message(error)
        span.set_status(Status(StatusCode.ERROR, message or None))


class GuardedSpan(OTelSpan):
    """A span that runs code of others: the SDK's, with their processors, or one of another library.

    Exceptions of that code are counted, and the work goes on. The end is the start plus the time that has passed, even
    if the system clock is set meanwhile.
    """

    __slots__ = ("_began",)

    def __init__(self, span: trace.Span, suppress_http: bool, telemetry: Telemetry, is_root: bool) -> None:
        super().__init__(span, suppress_http, telemetry, is_root)
        self._began = perf_counter_ns()

    def rename(self, name: str) -> None:
        """Give it its final name."""
        self._telemetry.guard.run(HOOK, super().rename, name)

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Add attributes, unless it has ended."""
        self._telemetry.guard.run(HOOK, super().set_attributes, attributes)

    def add_event(self, name: str, attributes: Mapping[str, AttributeValue]) -> None:
        """Add an event at this moment."""
        self._telemetry.guard.run(HOOK, super().add_event, name, attributes)

    def add_link(self, reference: SpanIds) -> None:
        """Add a link to a span that this one follows from."""
        self._telemetry.guard.run(HOOK, super().add_link, reference)

    def end(self, error: BaseException | None, *, failed: bool) -> None:
        """End it, whatever recording the failure comes to."""
        started: object = getattr(self._span, "start_time", None)
        end_time = started + perf_counter_ns() - self._began if isinstance(started, int) else None
        if failed:
            self._telemetry.guard.run(HOOK, self._fail, error)
        self._telemetry.guard.run(HOOK, self._span.end, end_time)


class UnsampledSpan(ContextScope):
    """The root of an unsampled trace."""

    __slots__ = ()

    trace_id = 0
    span_id = 0
    sampled = False

    def rename(self, name: str) -> None:
        """Do nothing."""

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Do nothing."""

    def add_event(self, name: str, attributes: Mapping[str, AttributeValue]) -> None:
        """Do nothing."""

    def add_link(self, reference: SpanIds) -> None:
        """Do nothing."""

    def end(self, error: BaseException | None, *, failed: bool) -> None:
        """Do nothing."""


_UNSAMPLED_ROOT = UnsampledSpan(_NOTHING)
_UNSAMPLED_CONTEXT = otel_context.set_value(ROOT, _UNSAMPLED_ROOT, trace.set_span_in_context(UNSAMPLED, _NOTHING))


def _unsampled_context() -> Context:
    current = otel_context.get_current()
    if not current or current is _UNSAMPLED_CONTEXT:  # made once: at low rates, this is most roots
        return _UNSAMPLED_CONTEXT
    return otel_context.set_value(ROOT, _UNSAMPLED_ROOT, trace.set_span_in_context(UNSAMPLED, current))


class OTelTracing:
    """Starts spans on one tracer.

    If a sampler or a span processor of others raises as a span starts, the fault is counted, and the work is left
    unsampled.

    Parameters
    ----------
    telemetry:
        Its guard counts the faults of others, and its exceptions are redacted.
    sampler:
        The tracer's sampler, if it is ours: then the decision over a root is made before there is a span.
    lazy:
        Makes sampled spans, if the tracer's provider is ours.
    """

    def __init__(
        self,
        tracer: trace.Tracer,
        telemetry: Telemetry,
        sampler: RootSampler | None = None,
        lazy: LazySpanFactory | None = None,
    ) -> None:
        self._telemetry = telemetry
        self._start = telemetry.guard.shield(HOOK, tracer.start_span)
        self._sampler = sampler
        self._lazy = lazy

    def root(
        self,
        name: str,
        kind: SpanKind,
        attributes: Callable[[], Mapping[str, AttributeValue]],
        *,
        rate: float = 1.0,
        links: Sequence[SpanIds] = (),
    ) -> TraceSpan:
        """Start a span that begins a new trace; see :class:`~argus_otel.telemetry.Tracing`."""
        if not self._is_sampled(rate):
            return UnsampledSpan(_unsampled_context())
        span = self._begin(name, kind, attributes(), links)
        return UnsampledSpan(_unsampled_context()) if span is None else self._wrap(span, kind is SpanKind.CLIENT, True)

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
        """Start a span under the running context's, or return ``None`` in an unsampled trace."""
        context = of.context() if isinstance(of, OTelSpan) else otel_context.get_current()
        parent = context.get(_CURRENT) if _CURRENT else trace.get_current_span(context)
        if parent is UNSAMPLED:
            return None
        lazy = self._lazy
        if type(parent) is LazySpan and lazy is not None and lazy.provider.alone:
            span = lazy.start(name, _KINDS[kind], attributes, parent.context, links)
            return OTelSpan(span, suppress_http and kind is SpanKind.CLIENT, self._telemetry, False)
        if self._sampler is None or (parent is not None and parent is not trace.INVALID_SPAN):
            span = self._start(name, context, _KINDS[kind], attributes, linked(links))
        elif self._is_sampled(1.0):  # in no trace: it begins one
            span = self._begin(name, kind, attributes, links)
        else:
            return None
        return None if span is None else self._wrap(span, suppress_http and kind is SpanKind.CLIENT, False)

    def _wrap(self, span: trace.Span, suppress_http: bool, is_root: bool) -> OTelSpan:
        if type(span) is LazySpan:
            return OTelSpan(span, suppress_http, self._telemetry, is_root)
        return GuardedSpan(span, suppress_http, self._telemetry, is_root)

    def _is_sampled(self, rate: float) -> bool:
        share = rate if self._sampler is None else rate * self._sampler.share
        return share >= 1.0 or random() < share  # noqa: S311 - a draw for sampling

    def _begin(
        self, name: str, kind: SpanKind, attributes: Mapping[str, AttributeValue], links: Sequence[SpanIds]
    ) -> trace.Span | None:
        """Start a presampled root; return ``None`` if that raises."""
        lazy = self._lazy
        if lazy is not None and lazy.provider.alone:
            return lazy.start(name, _KINDS[kind], attributes, links=links)
        return self._start(name, _PRESAMPLED_ROOT, _KINDS[kind], attributes, linked(links))

    def within(self) -> bool:
        """Whether the running context is in a span, or in an unsampled trace."""
        return trace.get_current_span().get_span_context().is_valid

    def current_root(self) -> TraceSpan | None:
        """Return the root that the running context is in, which may have ended."""
        return cast("TraceSpan | None", otel_context.get_value(ROOT))

    def outside(self) -> ContextScope:
        """Return a scope in which no span is current; all else in the running context stays."""
        return ContextScope(otel_context.set_value(ROOT, None, trace.set_span_in_context(trace.INVALID_SPAN)))


def tracing_by(provider: trace.TracerProvider, telemetry: Telemetry) -> OTelTracing:
    """Return the tracing on a provider, which argus-otel may have set up, or which may have its sampler, or neither."""
    sampler = getattr(provider, "sampler", None)
    return OTelTracing(
        provider.get_tracer(SCOPE, __version__),
        telemetry,
        sampler if isinstance(sampler, RootSampler) else None,
        LazySpanFactory(provider) if isinstance(provider, TracerProvider) else None,
    )


def suppress_http_instrumentation() -> ContextScope:
    """Return a scope in which HTTP client instrumentations are silent."""
    return ContextScope(otel_context.set_value(_SUPPRESS_HTTP, True))
