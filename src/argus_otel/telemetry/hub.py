"""The hub of the neutral layer: sources get their instruments from it, and bridges read them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Protocol, TypeVar

from .cardinality import CardinalityLimits
from .catalogue import ATTRIBUTE_OVERFLOW, EXCEPTIONS, HOOK_ERRORS
from .counters import Counter
from .definitions import Attribute, AttributeValue, Event, Metric
from .exception_reports import ExceptionReports
from .exceptions import ExceptionRedactor
from .families import MAX_SERIES, Attributes
from .foreign_instrumentations import ForeignInstrumentations
from .gauges import Gauge, Reading
from .guard import Guard
from .health import Health, State
from .histograms import Histogram
from .inbound import Inbound
from .log_pipeline import LogPipeline
from .loop_liveness import LoopLiveness
from .redaction import Redactor
from .sampling_rates import SamplingRates
from .tracing import Scope, SpanIds, Tracing

T = TypeVar("T")

EventSink = Callable[[Event, Mapping[str, AttributeValue], SpanIds | None], None]
"""Receives an event as it happens: (definition, attributes, sampled span that it belongs to). Must not block.

Without a span, it belongs to the current one, if there is one."""

DefinitionListener = Callable[[Metric], None]
"""Called with a metric that is in no catalogue when it is first used. Any thread. Must not block."""

LoopListener = Callable[[asyncio.AbstractEventLoop], None]
"""Called with an event loop, on that loop, each time that a source registers it."""


class HistorySink(Protocol):
    """Receives an event of history when the work that it describes ends. Must not block."""

    def __call__(
        self,
        event: Event,
        attributes: Mapping[str, AttributeValue],
        duration: float | None,
        event_id: str | None = None,
        at: float | None = None,
    ) -> bool | None:
        """Record an event; return whether it is taken: it may be lost, and is counted then.

        Parameters
        ----------
        attributes:
            By their names on every signal, with ids as decimal digits. The sink owns the mapping from now on, and must
            not keep it where it can be changed.
        duration:
            Of the work that has just ended, in seconds; ``None`` if the event has no duration.
        event_id:
            A UUID, if others may record the same event: one of them is kept. By default, a new one.
        at:
            When it happened, in seconds since 1970; by default now.
        """
        ...


class Telemetry:
    """Everything that sources record into and bridges read.

    It knows no source and no exporter. A process has one. It outlives the hooks, so that counters keep their values
    when hooks are removed and installed again.

    Parameters
    ----------
    guard:
        The class of the guard.

    Attributes
    ----------
    guard, health, inbound, redact, exceptions, exception_reports, log_pipeline:
        See their classes.
    started:
        When counting began, by :func:`time.monotonic`, in seconds.
    suspended:
        Whether this is a forked child in which no source's program has started. No metric then has a point.
    tracing:
        Set by the bridge; ``None`` if nothing is traced.
    history:
        Set while history is kept; ``None`` otherwise.
    rates:
        The share of the traces of each kind of work that is sampled.
    suppress_http_instrumentation:
        Set by the bridge if HTTP client instrumentations are loaded: returns a scope in which they are silent.
    loop_blocked:
        Set by the source that watches event loops: returns how many seconds, between two moments by
        :func:`time.perf_counter`, the running loop was blocked for. Without one, 0.
    instrumentations:
        Set by the bridge: finds OpenTelemetry's own instrumentations. ``None`` before that.
    on_program_start:
        Called whenever a source's program (a bot) starts. The bridge then looks for providers that the program has set.
    """

    def __init__(self, guard: type[Guard] = Guard) -> None:
        self.redact = Redactor()
        self.exceptions = ExceptionRedactor(self.redact)
        self.health = Health()
        self.inbound = Inbound()
        self.suspended = False
        self.started = monotonic()
        self.tracing: Tracing | None = None
        self.history: HistorySink | None = None
        self.rates = SamplingRates()
        self.suppress_http_instrumentation: Callable[[], Scope] | None = None
        self.loop_blocked: Callable[[float, float], float] = _not_blocked
        self.instrumentations: ForeignInstrumentations | None = None
        self.on_program_start: Callable[[], None] = _do_nothing
        self._event_sinks: list[EventSink] = []
        self._loop_listeners: list[LoopListener] = []
        self._counters: dict[str, Counter] = {}
        self._histograms: dict[str, Histogram] = {}
        self._gauges: dict[str, Gauge] = {}
        self._defined: dict[str, Metric] = {}
        self._definition_listeners: list[DefinitionListener] = []
        self._limits: dict[str, CardinalityLimits] = {}
        self._loops = LoopLiveness()
        self.health.add_liveness(self._loops.check)
        self._overflows = self.counter(ATTRIBUTE_OVERFLOW)
        self._faults = self.counter(HOOK_ERRORS)
        self.guard = guard(self._count_fault, self.redact, self.exceptions.stacktrace)
        self.exception_reports = ExceptionReports(self.counter(EXCEPTIONS), self.exceptions)
        self.log_pipeline = LogPipeline(self.guard, self.exceptions, self.exception_reports)

    # -- for sources

    def counter(self, *metrics: Metric, key: tuple[Attribute, ...] | None = None) -> Counter:
        """Return the cells behind ``metrics``; the same ones each time.

        Parameters
        ----------
        metrics:
            The counters and up-down counters that read these cells.
        key:
            The attributes of the cells' keys, if several metrics share the cells; by default those of the first metric.
        """
        counter = self._counters.get(metrics[0].name)
        if counter is None:
            # If no metric can have too many series, the cells that they share need no limit.
            limit = metrics[0].series_limit or MAX_SERIES
            max_series = limit if any(metric.max_series > limit for metric in metrics) else None
            attributes = metrics[0].attributes if key is None else key
            counter = Counter(metrics[0].name, attributes, self._limits_of(metrics[0]), max_series)
            for metric in metrics:
                self._counters[metric.name] = counter
        return counter

    def histogram(self, metric: Metric) -> Histogram:
        """Return the cells behind ``metric``; the same ones each time."""
        histogram = self._histograms.get(metric.name)
        if histogram is None:
            limit = metric.series_limit or MAX_SERIES
            histogram = self._histograms[metric.name] = Histogram(metric, self._limits_of(metric), limit)
        return histogram

    def gauge(self, metric: Metric, read: Callable[[], Reading]) -> None:
        """Read ``metric`` by ``read`` from now on. :class:`~.gauges.Gauge` says what ``read`` must not do."""
        self._gauges[metric.name] = Gauge(metric, read)

    def define_metric(self, metric: Metric, cells: Counter | Histogram) -> None:
        """Add a metric that is in no catalogue, with its cells, and call every definition listener."""
        if isinstance(cells, Histogram):
            self._histograms[metric.name] = cells
        else:
            self._counters[metric.name] = cells
        self._defined[metric.name] = metric
        for listener in self._definition_listeners:
            listener(metric)

    def emit(self, event: Event, attributes: Mapping[str, AttributeValue], span: SpanIds | None = None) -> None:
        """Emit ``event`` with the current time.

        Parameters
        ----------
        span:
            The sampled span that it belongs to, which may have ended; by default the current one.
        """
        for sink in self._event_sinks:
            sink(event, attributes, span)

    def register_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Register the event loop of a source's program; called on ``loop``, safe to repeat."""
        self._loops.register(loop)
        for listener in self._loop_listeners:
            listener(loop)

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop of the program that was registered last; ``None`` before the first."""
        return self._loops.last

    def add_loop_listener(self, listener: LoopListener) -> None:
        """Call ``listener`` with every event loop that is registered from now on."""
        if listener not in self._loop_listeners:
            self._loop_listeners.append(listener)

    # -- for the start of each part of the distro

    def attempt(self, part: str, start: Callable[[], T]) -> T | None:
        """Start a part. If it cannot start, it is reported as failed, and everything else goes on."""
        return self.guard.attempt(start, lambda reason: self.health.report(part, State.FAILED, reason))

    # -- for bridges

    def add_event_sink(self, sink: EventSink) -> None:
        """Pass every event to ``sink``."""
        if sink not in self._event_sinks:
            self._event_sinks.append(sink)

    def defined_metrics(self) -> list[Metric]:
        """Return the metrics that are in no catalogue: the program has defined them by using them. Any thread."""
        return list(self._defined.values())

    def add_definition_listener(self, listener: DefinitionListener) -> None:
        """Call ``listener`` with every metric that is defined from now on."""
        if listener not in self._definition_listeners:
            self._definition_listeners.append(listener)

    def points(self, metric: Metric) -> list[tuple[Attributes, float]]:
        """Return the points of a counter or gauge now; none if no source uses the metric. Any thread."""
        if self.suspended:
            return []
        counter = self._counters.get(metric.name)
        if counter is not None:
            return counter.points(metric)
        gauge = self._gauges.get(metric.name)
        if gauge is not None:
            return self.guard.shield(metric.name, gauge.points)() or []
        return []

    def large_gauges(self) -> list[Metric]:
        """Return the gauges of many series that sources use."""
        return [gauge.metric for gauge in tuple(self._gauges.values()) if gauge.metric.is_large_gauge]

    def histograms(self) -> list[Histogram]:
        """Return the histograms that sources use."""
        if self.suspended:
            return []
        return list(self._histograms.values())

    def count_overflow(self, attribute: str) -> None:
        """Count a value of ``attribute`` that became ``_OTHER``."""
        # The overflow counter's own attribute can overflow too, and must not recurse.
        if attribute != ATTRIBUTE_OVERFLOW.attributes[0].name:
            self._overflows[attribute].value += 1

    # -- in a forked child

    def drop_in_child(self) -> None:
        """After a fork, in the child: suspend everything, and record nothing that began in the parent."""
        self.suspended = True
        self.tracing = self.history = self.log_pipeline.sink = self.exception_reports.sink = None
        self.guard.in_flight.forget()
        self._loops.forget()
        self.exception_reports.recent.forget()
        for family in (*self._counters.values(), *self._histograms.values()):
            family.unlock()

    def restart_in_child(self) -> None:
        """Count from zero: a source's program has started in the child."""
        for family in (*self._counters.values(), *self._histograms.values()):
            family.restart_in_child()
        self.started = monotonic()
        self.suspended = False

    # -- internal

    def _limits_of(self, metric: Metric) -> CardinalityLimits:
        """Return the limits of the metric's source. No source uses up another's."""
        return self._limits.setdefault(metric.scope, CardinalityLimits(self.count_overflow))

    def _count_fault(self, hook: str) -> None:
        self._faults[hook].value += 1


def _do_nothing() -> None:
    pass


def _not_blocked(since: float, until: float) -> float:  # noqa: ARG001 - the signature is the attribute's
    return 0.0
