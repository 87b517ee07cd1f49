"""Spans that become OpenTelemetry's when they are exported, off the event loop.

The SDK's span costs about twenty microseconds at its start and end: locks, bounded containers, cleaned values, a
copy at its end. Nearly none of ours needs those. So one is a few numbers and a dictionary until its batch is exported,
on the exporter's thread; there it becomes a ``ReadableSpan``. If more is needed before (an event, a status, a value
that has to be copied), it is replaced by the SDK's own span at once, with the same ids.

This is done on a provider of ours while all its span processors are ours too: those of others may look at a span as it
starts.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter_ns, time_ns
from typing import Any, TypeVar, cast

from opentelemetry import trace
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, SynchronousMultiSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Sampler
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.util.types import Attributes, AttributeValue

from argus_otel.telemetry import Guard, SpanIds
from argus_otel.version import __version__

from .private import announce_ending, bounded_list, check_ending
from .redacted_spans import redacted
from .sampling import PRESAMPLED, RootSampler
from .scope import SCOPE
from .unsampled import span_context

T = TypeVar("T")

_log = logging.getLogger("argus_otel")

# Immutable, and accepted by every exporter.
_PLAIN = frozenset((str, int, float, bool))

_KEPT = TraceFlags(TraceFlags.SAMPLED | TraceFlags.RANDOM_TRACE_ID)

_materializing = threading.Lock()

HOOK = "span processors"


class _Processors(SynchronousMultiSpanProcessor):
    """All span processors of a provider; an exception in one of them reaches neither the others nor the program."""

    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self._each: tuple[SpanProcessor, ...] = ()
        self._start = guard.shield(HOOK, _on_start, arguments=3)
        self._ending = guard.shield(HOOK, announce_ending, arguments=2)
        self._end = guard.shield(HOOK, _on_end, arguments=2)

    def add_span_processor(self, span_processor: SpanProcessor) -> None:
        """Add one."""
        super().add_span_processor(span_processor)
        self._each += (span_processor,)

    def on_start(self, span: sdk.Span, parent_context: Context | None = None) -> None:
        """Show each of them a span that has started."""
        for each in self._each:
            self._start(each, span, parent_context)

    def _on_ending(self, span: sdk.Span) -> None:
        for each in self._each:
            self._ending(each, span)

    def on_end(self, span: ReadableSpan) -> None:
        """Hand each of them a span that has ended."""
        for each in self._each:
            self._end(each, span)


def _on_start(processor: SpanProcessor, span: sdk.Span, parent_context: Context | None) -> None:
    processor.on_start(span, parent_context=parent_context)


def _on_end(processor: SpanProcessor, span: ReadableSpan) -> None:
    processor.on_end(span)


class TracerProvider(sdk.TracerProvider):
    """The SDK's provider; it knows whether other code looks at its spans before they are exported.

    Parameters
    ----------
    processors:
        Ours, with exporters made by :func:`readable`.
    guard:
        Counts the exceptions of span processors.

    Attributes
    ----------
    alone:
        Whether there are no others.
    ours, processors:
        Ours, and all that there are.
    """

    def __init__(self, sampler: Sampler, resource: Resource, processors: Sequence[SpanProcessor], guard: Guard) -> None:
        self.ids = _Ids()
        self.limits = SpanLimits()
        self.ours = tuple(processors)
        self.processors = _Processors(guard)
        super().__init__(
            sampler=sampler,
            resource=resource,
            shutdown_on_exit=False,
            active_span_processor=self.processors,
            id_generator=self.ids,
            span_limits=self.limits,
        )
        for processor in processors:
            super().add_span_processor(processor)
        # If the SDK counts spans, it has to see them all.
        counts = os.environ.get("OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED", "").strip().lower() == "true"
        self.alone = isinstance(sampler, RootSampler) and not counts

    def drop_in_child(self) -> None:
        """After a fork, in the child: another thread of the parent may have held the lock of all spans."""
        global _materializing  # one lock for all spans, which are too many for one each
        _materializing = threading.Lock()

    def add_span_processor(self, span_processor: SpanProcessor) -> None:
        """Add a processor of others: from now on every span is the SDK's from its start."""
        check_ending()
        self.alone = False
        super().add_span_processor(span_processor)


class _Ids(RandomIdGenerator):
    """Random ids, or those that a span has already."""

    def __init__(self) -> None:
        self._given = threading.local()

    @contextmanager
    def given(self, context: SpanContext) -> Generator[None]:
        self._given.context = context
        try:
            yield
        finally:
            self._given.context = None

    def generate_trace_id(self) -> int:
        given: SpanContext | None = getattr(self._given, "context", None)
        return super().generate_trace_id() if given is None else given.trace_id

    def generate_span_id(self) -> int:
        given: SpanContext | None = getattr(self._given, "context", None)
        return super().generate_span_id() if given is None else given.span_id


def linked(spans: Sequence[SpanIds]) -> list[Link]:
    """Return links to sampled spans."""
    return [Link(span_context(span), {}) for span in spans]


class LazySpanFactory:
    """Starts argus-otel's spans on a provider that argus-otel has set up."""

    def __init__(self, provider: TracerProvider) -> None:
        self.provider = provider
        self._tracer = provider.get_tracer(SCOPE, __version__)
        self._scope = InstrumentationScope(SCOPE, __version__)
        self._ids = RandomIdGenerator()

    def start(
        self,
        name: str,
        kind: SpanKind,
        attributes: Mapping[str, AttributeValue],
        parent: SpanContext | None = None,
        links: Sequence[SpanIds] = (),
    ) -> LazySpan:
        """Start a sampled span, under ``parent`` or as a root. Its attributes are texts and numbers."""
        ids = self._ids
        trace_id = ids.generate_trace_id() if parent is None else parent.trace_id
        context = SpanContext(trace_id, ids.generate_span_id(), False, _KEPT)
        return LazySpan(self, name, kind, context, parent, {**attributes}, links)

    def started(self, span: LazySpan) -> trace.Span:
        """Return the SDK's span with everything of ``span``, including its ids and its start."""
        context = Context({PRESAMPLED: True})
        if span.parent is not None:
            context = trace.set_span_in_context(NonRecordingSpan(span.parent), context)
        with self.provider.ids.given(span.context):
            return self._tracer.start_span(
                span.name, context, span.kind, span.attributes, linked(span.follows), start_time=span.start_time
            )

    def readable(self, span: LazySpan) -> ReadableSpan:
        """Return ``span`` as exporters take it, with the SDK's limits applied."""
        limits = self.provider.limits
        attributes: Attributes = span.attributes
        length, most = limits.max_span_attribute_length, limits.max_span_attributes
        if length is not None or (most is not None and len(span.attributes) > most):
            attributes = BoundedAttributes(most, span.attributes, max_value_len=length)
        return ReadableSpan(
            name=span.name,
            context=span.context,
            parent=span.parent,
            resource=self.provider.resource,
            attributes=attributes,
            links=bounded_list(limits.max_links, linked(span.follows)) if span.follows else (),
            kind=span.kind,
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=self._scope,
        )


class LazySpan(trace.Span):
    """A sampled span, until it is exported or the SDK's is needed."""

    _sdk: trace.Span | None = None

    def __init__(
        self,
        factory: LazySpanFactory,
        name: str,
        kind: SpanKind,
        context: SpanContext,
        parent: SpanContext | None,
        attributes: dict[str, AttributeValue],
        links: Sequence[SpanIds],
    ) -> None:
        self.start_time = time_ns()
        self._began = perf_counter_ns()
        self.end_time: int | None = None
        self.context = context
        self.name = name
        self.kind = kind
        self.parent = parent
        self.attributes = attributes
        self.follows = links
        self._factory = factory

    def __getattr__(self, name: str) -> Any:
        """Return the other attributes of a ``ReadableSpan``; all of them, once the SDK's span has replaced this one."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._sdk or self._factory.readable(self), name)

    def readable(self) -> ReadableSpan:
        """Return it as exporters take it, once it has ended."""
        return self._factory.readable(self)

    def get_span_context(self) -> SpanContext:
        """Return its ids."""
        return self.context

    def is_recording(self) -> bool:
        """Whether it has not ended."""
        return self.end_time is None if self._sdk is None else self._sdk.is_recording()

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Add attributes."""
        if self._sdk is None and self.end_time is None and _are_plain(attributes):
            self.attributes.update(attributes)
        else:
            self._materialize().set_attributes(attributes)

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Add an attribute."""
        self.set_attributes({key: value})

    def update_name(self, name: str) -> None:
        """Give it another name."""
        if self._sdk is None and self.end_time is None:
            self.name = name
        else:
            self._materialize().update_name(name)

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        """Add an event."""
        self._materialize().add_event(name, attributes, timestamp)

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """Add a link."""
        self._materialize().add_link(context, attributes)

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Set the status."""
        self._materialize().set_status(status, description)

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Add an exception as an event."""
        self._materialize().record_exception(exception, attributes, timestamp, escaped)

    def end(self, end_time: int | None = None) -> None:
        """End it, and hand it to the span processors.

        Parameters
        ----------
        end_time:
            In nanoseconds since the epoch. By default, its start plus the time that has passed, so that it ends no
            earlier than it began if the system clock is set back meanwhile.
        """
        passed = perf_counter_ns() - self._began
        with _materializing:
            if end_time is None:
                end_time = self.start_time + passed
            mine = self._sdk is None and self.end_time is None
            if mine:
                self.end_time = end_time
        if not mine:
            self._materialize().end(end_time)
            return
        provider = self._factory.provider
        if provider.alone:
            for processor in provider.ours:
                processor.on_end(cast("ReadableSpan", self))
        else:
            provider.processors.on_end(self._factory.readable(self))

    def _materialize(self) -> trace.Span:
        """Return the SDK's span, made at the first call, to which all later calls go."""
        with _materializing:
            if self._sdk is None:
                if self.end_time is not None:
                    _log.warning("a span that has ended is changed or ended again, in vain: %s", self.name)
                    return trace.INVALID_SPAN
                self._sdk = self._factory.started(self)
                # From now on, reading these goes to the SDK's span.
                del self.name, self.attributes, self.end_time
            return self._sdk


def _are_plain(attributes: Mapping[str, AttributeValue]) -> bool:
    for name, value in attributes.items():
        if type(name) is not str or not name or not (type(value) in _PLAIN or _is_of_texts(value)):
            return False
    return True


def _is_of_texts(value: object) -> bool:
    return type(value) is tuple and all(type(each) is str for each in cast("tuple[object, ...]", value))


def readable(exporter: type[T], redact: Callable[[str], str]) -> type[T]:
    """Return a subclass of a span exporter that is handed nothing but ``ReadableSpan``, without secrets."""

    class Readable(exporter):  # type: ignore[misc, valid-type]
        def export(self, spans: Sequence[ReadableSpan], *args: Any, **kwargs: Any) -> Any:
            known = [it.readable() if type(it) is LazySpan else it for it in cast("Sequence[Any]", spans)]
            return cast("Any", super()).export([redacted(it, redact) for it in known], *args, **kwargs)

    Readable.__name__ = Readable.__qualname__ = exporter.__name__
    return cast("type[T]", Readable)
