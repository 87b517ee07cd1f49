"""Our histograms on a meter provider that argus-otel has not set up.

Its readers cannot see our cells, so each record has to go into a histogram of the SDK. That costs microseconds for each
reader, so it is done off the event loop: a record is queued, and the queue is emptied when the provider collects, or by
a thread when it grows.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.metrics import Histogram as Instrument
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from argus_otel.telemetry import Attributes, Histogram, InstrumentKind, Metric, SpanIds, Telemetry
from argus_otel.telemetry.catalogue import EXPORT_LOST

# An empty context would not do: the SDK takes the running one in its stead.
_NO_SPAN = trace.set_span_in_context(trace.INVALID_SPAN, Context())

_LIMIT = 100_000
_INTERVAL = 5.0

_Record = tuple[Metric, float, Attributes, "SpanIds | None"]


class ForeignHistograms:
    """Queues records for the SDK's histograms.

    The queue holds a hundred thousand records; it overflows only if neither a reader nor the thread has emptied it for
    as long. Records that do not fit are counted as lost.
    """

    def __init__(self, meter: Meter, telemetry: Telemetry, metrics: Iterable[Metric]) -> None:
        self._queue: deque[_Record] = deque()
        self._losses = telemetry.counter(EXPORT_LOST)
        self._emptying = threading.Lock()
        self._stopped = threading.Event()
        self._meter = meter
        self._telemetry = telemetry
        self._histograms: dict[str, Histogram] = {}
        self._instruments: dict[str, Instrument] = {}
        for metric in metrics:
            if metric.kind is InstrumentKind.HISTOGRAM:
                self._instrument(metric)
                self.add(metric)
        # Callbacks run before synchronous instruments are collected: records made here are in this collection.
        meter.create_observable_gauge("argus.deferred", [self._collecting], description="Has no points.")
        self._start()

    def _start(self) -> None:
        threading.Thread(target=self._run, name="argus-otel histograms", daemon=True).start()

    def drop_in_child(self) -> None:
        """After a fork, in the child: leave queued records to the parent."""
        self._queue.clear()
        self._emptying = threading.Lock()

    def restart_in_child(self) -> None:
        """Start the thread that a forked child does not have."""
        if not self._stopped.is_set():
            self._start()

    def add(self, metric: Metric) -> None:
        """Queue each record of ``metric`` from now on. Its instrument is made when the queue is emptied, not here."""
        if metric.name in self._histograms or self._stopped.is_set():
            return
        histogram = self._histograms[metric.name] = self._telemetry.histogram(metric)
        queue, losses = self._queue, self._losses

        def relay(attributes: Attributes, value: float, span: SpanIds | None) -> None:
            if len(queue) < _LIMIT:
                queue.append((metric, value, attributes, span))
            else:
                losses["metrics deferred", "queue_full"].value += 1

        histogram.relay_to(relay)

    def _instrument(self, metric: Metric) -> Instrument:
        instrument = self._instruments.get(metric.name)
        if instrument is None:
            instrument = self._instruments[metric.name] = self._meter.create_histogram(
                metric.name,
                unit=metric.unit,
                description=metric.description,
                explicit_bucket_boundaries_advisory=metric.boundaries,
            )
        return instrument

    def _collecting(self, _: CallbackOptions) -> list[Observation]:
        self.empty()
        return []

    def _run(self) -> None:
        while not self._stopped.wait(_INTERVAL):
            self.empty()

    def empty(self) -> None:
        """Record everything in the queue."""
        with self._emptying:
            while self._queue:
                metric, value, attributes, span = self._queue.popleft()
                self._instrument(metric).record(value, attributes, context=_context(span))

    def stop(self) -> None:
        """Accept no more records, and drop queued ones: the cells show them."""
        self._stopped.set()
        for histogram in self._histograms.values():
            histogram.relay_to(None)
        with self._emptying:
            self._queue.clear()


def _context(span: SpanIds | None) -> Context:
    if span is None:
        return _NO_SPAN
    identity = SpanContext(span.trace_id, span.span_id, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return trace.set_span_in_context(NonRecordingSpan(identity), Context())
