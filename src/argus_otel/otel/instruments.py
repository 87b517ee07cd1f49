"""Counters and gauges become observable instruments, which the SDK reads when somebody collects."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from argus_otel.telemetry import Kind, Metric, Telemetry


def observe(meter: Meter, telemetry: Telemetry, metrics: Iterable[Metric]) -> None:
    """Create one observable instrument on ``meter`` for each counter and gauge among ``metrics``."""
    creators = {
        Kind.COUNTER: meter.create_observable_counter,
        Kind.UP_DOWN: meter.create_observable_up_down_counter,
        Kind.GAUGE: meter.create_observable_gauge,
    }
    for metric in metrics:
        if metric.kind is not Kind.HISTOGRAM:
            creators[metric.kind](
                metric.name, [_callback(telemetry, metric)], unit=metric.unit, description=metric.meaning
            )


def _callback(telemetry: Telemetry, metric: Metric) -> Callable[[CallbackOptions], list[Observation]]:
    def read(_: CallbackOptions) -> list[Observation]:
        return [Observation(value, attributes) for attributes, value in telemetry.points(metric)]

    return read
