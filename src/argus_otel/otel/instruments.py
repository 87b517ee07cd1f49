"""Counters and gauges become observable instruments, which the SDK reads at each collection."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from math import isfinite

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from argus_otel.telemetry import InstrumentKind, Metric, Telemetry


def observe(
    meter: Meter, telemetry: Telemetry, metrics: Iterable[Metric], readers_show: Callable[[], bool] = lambda: False
) -> None:
    """Create one observable instrument on ``meter`` for each counter and gauge among ``metrics``.

    Parameters
    ----------
    readers_show:
        Whether the readers make the points of large gauges themselves: then the instruments have none.
    """
    creators = {
        InstrumentKind.COUNTER: meter.create_observable_counter,
        InstrumentKind.UP_DOWN_COUNTER: meter.create_observable_up_down_counter,
        InstrumentKind.GAUGE: meter.create_observable_gauge,
    }
    for metric in metrics:
        if metric.kind is not InstrumentKind.HISTOGRAM:
            hidden = readers_show if metric.is_large_gauge else lambda: False
            creators[metric.kind](
                metric.name, [_callback(telemetry, metric, hidden)], unit=metric.unit, description=metric.description
            )


def _callback(
    telemetry: Telemetry, metric: Metric, hidden: Callable[[], bool]
) -> Callable[[CallbackOptions], list[Observation]]:
    def read(_: CallbackOptions) -> list[Observation]:
        if hidden():
            return []
        # OpenTelemetry's SDK leaves out what is not finite, with a warning at each collection.
        points = telemetry.points(metric)
        return [Observation(value, attributes) for attributes, value in points if isfinite(value)]

    return read


class LateInstruments:
    """Makes the instruments of metrics that are defined while the program runs, on a thread of its own.

    The SDK holds one lock while it collects, and again for each observable instrument that is made. An event loop must
    not wait for it, and a callback of the bot's that runs in the collection would wait for itself.

    Parameters
    ----------
    make:
        Makes the instruments of one metric. Must not raise.
    """

    def __init__(self, make: Callable[[Metric], object]) -> None:
        self._make = make
        self._waiting: deque[Metric] = deque()
        self._changing = threading.Lock()
        self._running = False

    def add(self, metric: Metric) -> None:
        """Have the instruments of ``metric`` made, soon."""
        with self._changing:
            self._waiting.append(metric)
            if not self._running:
                with suppress(RuntimeError):  # no thread is started any more when the interpreter is ending
                    threading.Thread(target=self._run, name="argus-otel instruments", daemon=True).start()
                    self._running = True

    def _run(self) -> None:
        while (metric := self._next()) is not None:
            self._make(metric)

    def _next(self) -> Metric | None:
        with self._changing:
            self._running = bool(self._waiting)
            return self._waiting.popleft() if self._waiting else None
