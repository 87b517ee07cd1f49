"""Our histograms on a meter provider that somebody else set up.

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

from argus_otel.telemetry import Attributes, Histogram, Kind, Metric, Telemetry, TraceReference

# An empty context would not do: the SDK takes the running one in its stead.
_NO_SPAN = trace.set_span_in_context(trace.INVALID_SPAN, Context())

_LIMIT = 100_000
_INTERVAL = 5.0

_Record = tuple[Instrument, float, Attributes, "TraceReference | None"]


class DeferredHistograms:
    """Queues records for the SDK's histograms.

    The queue holds the last hundred thousand records: it overflows only where neither a reader nor the thread has come
    by for as long.
    """

    def __init__(self, meter: Meter, telemetry: Telemetry, metrics: Iterable[Metric]) -> None:
        self._queue: deque[_Record] = deque(maxlen=_LIMIT)
        self._emptying = threading.Lock()
        self._stopped = threading.Event()
        self._histograms: list[Histogram] = []
        for metric in metrics:
            if metric.kind is Kind.HISTOGRAM:
                instrument = meter.create_histogram(
                    metric.name,
                    unit=metric.unit,
                    description=metric.meaning,
                    explicit_bucket_boundaries_advisory=metric.buckets,
                )
                histogram = telemetry.histogram(metric)
                histogram.relay_to(self._relay(instrument))
                self._histograms.append(histogram)
        # Callbacks run before synchronous instruments are collected: what is recorded here is in this collection.
        meter.create_observable_gauge("argus.deferred", [self._collecting], description="Has no points.")
        threading.Thread(target=self._run, name="argus-otel histograms", daemon=True).start()

    def _relay(self, instrument: Instrument):  # noqa: ANN202 - the closure's type is Relay
        append = self._queue.append

        def relay(attributes: Attributes, value: float, span: TraceReference | None) -> None:
            append((instrument, value, attributes, span))

        return relay

    def _collecting(self, _: CallbackOptions) -> list[Observation]:
        self.empty()
        return []

    def _run(self) -> None:
        while not self._stopped.wait(_INTERVAL):
            self.empty()

    def empty(self) -> None:
        """Record all that is queued."""
        with self._emptying:
            while self._queue:
                instrument, value, attributes, span = self._queue.popleft()
                instrument.record(value, attributes, context=_context(span))

    def stop(self) -> None:
        """Take no more records, and drop those that are queued: they are shown from the cells."""
        for histogram in self._histograms:
            histogram.relay_to(None)
        self._stopped.set()
        with self._emptying:
            self._queue.clear()


def _context(span: TraceReference | None) -> Context:
    if span is None:
        return _NO_SPAN
    identity = SpanContext(span.trace_id, span.span_id, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return trace.set_span_in_context(NonRecordingSpan(identity), Context())
