"""The layer's front: where a source gets its nouns, and where a bridge reads them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar

from .caps import AttributeCaps
from .catalogue import ATTRIBUTE_OVERFLOW, HOOK_ERRORS
from .counters import Counter
from .definitions import Attribute, AttributeValue, Event, Metric
from .exceptions import Exceptions
from .families import MOST_SERIES, Attributes
from .gauges import Gauge, Reading
from .guard import Guard
from .health import Health, State
from .histograms import Histogram
from .history import HistorySink
from .instrumentations import ForeignInstrumentations
from .logged import Logged
from .loop_liveness import LoopLiveness
from .rates import Rates
from .redaction import Redactor
from .references import IdReference
from .tracing import Scope, Tracing

T = TypeVar("T")

EventSink = Callable[[Event, Mapping[str, AttributeValue]], None]
"""Takes an event as it happens: (definition, attributes). Must not block."""

DefinitionWatcher = Callable[[Metric], None]
"""Is told of a metric that no catalogue has; called by whoever uses it first, on any thread. Must not block."""

LoopWatcher = Callable[[asyncio.AbstractEventLoop], None]
"""Is told of an event loop that a source's program runs on; called on that loop, and again for one that it knows."""


class Telemetry:
    """Everything that sources record into, and that a bridge reads.

    It knows no source and no exporter. One exists for each process; it outlives hooks, so that counters go on where
    they stood when hooks are removed and put back.

    Parameters
    ----------
    guard:
        The class of the guard.

    Attributes
    ----------
    guard, health, redact, exceptions, logged:
        See their classes.
    asleep:
        Whether this is a forked child in which no source's program has started: nobody is shown anything.
    tracing:
        Set by the bridge; ``None`` while nothing is traced.
    history:
        Set by whoever keeps a history; ``None`` while nobody does.
    rates:
        Which share of the traces of each kind of work is sampled.
    references:
        Keywords of :func:`argus_otel.record` that stand for an id, of the sources that are active.
    suppress_http_instrumentation:
        Set by the bridge where HTTP client instrumentations are loaded: makes a scope in which they are silent.
    instrumentations:
        Set by the bridge: finds OpenTelemetry's own instrumentations. ``None`` before that.
    on_start:
        Called whenever a source's program (a bot) starts: a bridge looks again at what the program has set up since.
    """

    def __init__(self, guard: type[Guard] = Guard) -> None:
        self.redact = Redactor()
        self.exceptions = Exceptions(self.redact)
        self.health = Health()
        self.asleep = False
        self.tracing: Tracing | None = None
        self.history: HistorySink | None = None
        self.rates = Rates()
        self.references: dict[str, IdReference] = {}
        self.suppress_http_instrumentation: Callable[[], Scope] | None = None
        self.instrumentations: ForeignInstrumentations | None = None
        self.on_start: Callable[[], None] = _nothing
        self._sinks: list[EventSink] = []
        self._loop_watchers: list[LoopWatcher] = []
        self._counters: dict[str, Counter] = {}
        self._histograms: dict[str, Histogram] = {}
        self._gauges: dict[str, Gauge] = {}
        self._defined: dict[str, Metric] = {}
        self._definition_watchers: list[DefinitionWatcher] = []
        self._caps: dict[str, AttributeCaps] = {}
        self._loops = LoopLiveness()
        self.health.add_liveness(self._loops.check)
        self._overflows = self.counter(ATTRIBUTE_OVERFLOW)
        self._faults = self.counter(HOOK_ERRORS)
        self.guard = guard(self._faulted, self.redact, self.exceptions.stacktrace)
        self.logged = Logged(self.guard, self.exceptions)

    # -- for sources

    def counter(self, *metrics: Metric, key: tuple[Attribute, ...] | None = None) -> Counter:
        """Return the cells behind ``metrics``, the same ones each time.

        Parameters
        ----------
        metrics:
            The counters that are read from these cells.
        key:
            The attributes of the cells' keys, where several metrics share them; by default the first metric's.
        """
        counter = self._counters.get(metrics[0].name)
        if counter is None:
            # Where no metric can have too many series, cells that no metric shows one by one need no bound of theirs.
            most = MOST_SERIES if any(metric.most_series > MOST_SERIES for metric in metrics) else None
            counter = Counter(
                metrics[0].name, metrics[0].attributes if key is None else key, self._caps_of(metrics[0]), most
            )
            for metric in metrics:
                self._counters[metric.name] = counter
        return counter

    def histogram(self, metric: Metric) -> Histogram:
        """Return the cells behind ``metric``, the same ones each time."""
        histogram = self._histograms.get(metric.name)
        if histogram is None:
            histogram = self._histograms[metric.name] = Histogram(metric, self._caps_of(metric), MOST_SERIES)
        return histogram

    def gauge(self, metric: Metric, read: Callable[[], Reading]) -> None:
        """Read ``metric`` by ``read`` from now on; see :class:`~.gauges.Gauge` for what it must heed."""
        self._gauges[metric.name] = Gauge(metric, read)

    def define(self, metric: Metric, cells: Counter | Histogram) -> None:
        """Add a metric that no catalogue has, with its cells, and tell every bridge of it."""
        if isinstance(cells, Histogram):
            self._histograms[metric.name] = cells
        else:
            self._counters[metric.name] = cells
        self._defined[metric.name] = metric
        for watch in self._definition_watchers:
            watch(metric)

    def emit(self, event: Event, attributes: Mapping[str, AttributeValue]) -> None:
        """Tell that ``event`` happened now."""
        for sink in self._sinks:
            sink(event, attributes)

    def found_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tell, on ``loop``, that a source's program runs on it; safe to repeat."""
        self._loops.watch(loop)
        for watch in self._loop_watchers:
            watch(loop)

    def watch_loops(self, watch: LoopWatcher) -> None:
        """Have ``watch`` told of every event loop that is found from now on."""
        if watch not in self._loop_watchers:
            self._loop_watchers.append(watch)

    # -- for whoever starts a part of the distro

    def attempt(self, part: str, start: Callable[[], T]) -> T | None:
        """Start a part. One that cannot start is reported as failed, and everything else goes on."""
        return self.guard.attempt(start, lambda reason: self.health.report(part, State.FAILED, reason))

    # -- for bridges

    def add_sink(self, sink: EventSink) -> None:
        """Have ``sink`` told of every event."""
        if sink not in self._sinks:
            self._sinks.append(sink)

    def defined(self) -> list[Metric]:
        """Return the metrics that no catalogue has, which were defined while the program ran. Any thread."""
        return list(self._defined.values())

    def watch_definitions(self, watch: DefinitionWatcher) -> None:
        """Have ``watch`` told of every metric that is defined from now on."""
        if watch not in self._definition_watchers:
            self._definition_watchers.append(watch)

    def points(self, metric: Metric) -> list[tuple[Attributes, float]]:
        """Return the points of a counter or gauge now; none where no source has asked for it. Any thread."""
        if self.asleep:
            return []
        counter = self._counters.get(metric.name)
        if counter is not None:
            return counter.points(metric)
        gauge = self._gauges.get(metric.name)
        if gauge is not None:
            return self.guard.shield(metric.name, gauge.points)() or []
        return []

    def histograms(self) -> list[Histogram]:
        """Return the histograms that sources have asked for."""
        if self.asleep:
            return []
        return list(self._histograms.values())

    def overflowed(self, attribute: str) -> None:
        """Count a value that became ``_OTHER``."""
        # The overflow counter's own attribute can overflow too: that must not come back here.
        if attribute != ATTRIBUTE_OVERFLOW.attributes[0].name:
            self._overflows[attribute].value += 1

    # -- in a forked child

    def drop_in_child(self) -> None:
        """After a fork, in the child: show nothing, and let nothing be recorded that began in the parent."""
        self.asleep = True
        self.tracing = self.history = self.logged.sink = None
        self.guard.in_flight.forget()
        self._loops.forget()
        for family in (*self._counters.values(), *self._histograms.values()):
            family.unlock()

    def begin_again(self) -> None:
        """Count from zero: a source's program has started in the child."""
        for family in (*self._counters.values(), *self._histograms.values()):
            family.begin_again()
        self.asleep = False

    # -- its own

    def _caps_of(self, metric: Metric) -> AttributeCaps:
        """Return the limits of the metric's source: what one source records takes nothing of another's."""
        return self._caps.setdefault(metric.scope, AttributeCaps(self.overflowed))

    def _faulted(self, hook: str) -> None:
        self._faults[hook].value += 1


def _nothing() -> None:
    pass
