"""Runs a source in this process, with the SDK's in-memory exporters."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from argus_otel.discovery import installed
from argus_otel.otel.bridge import Bridge
from argus_otel.settings import Settings
from argus_otel.source_handle import SourceHandle
from argus_otel.telemetry import AttributeValue, Catalogue, Event, Guard, Telemetry
from argus_otel.telemetry.catalogue import CATALOGUE as ARGUS

Point = tuple[dict[str, AttributeValue], float]
"""A point: its attributes and its value, or the number of records of a histogram."""


class Observation:
    """An installed and started source and the signals that it emits. Every trace is sampled.

    Attributes
    ----------
    telemetry:
        The hub that the source records into.
    handle:
        The source's handle.
    events:
        The emitted events: (name, attributes).
    rows:
        The events that history would store: (name, attributes, duration in seconds or ``None``).
    """

    def __init__(self, name: str, settings: Settings, guard: type[Guard] = Guard) -> None:
        self.telemetry = Telemetry(guard)
        self.rows: list[tuple[str, Mapping[str, AttributeValue], float | None]] = []
        self.telemetry.history = self._keep
        self.telemetry.rates.override({name: 1.0})
        self._reader = InMemoryMetricReader()
        self._spans = InMemorySpanExporter()
        self.events: list[tuple[str, dict[str, AttributeValue]]] = []
        self.telemetry.add_event_sink(lambda event, attributes, _: self.events.append((event.name, dict(attributes))))
        meters = MeterProvider([self._reader], shutdown_on_exit=False)
        tracers = TracerProvider(shutdown_on_exit=False)
        tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self._bridge = Bridge(self.telemetry, (ARGUS,))
        self._bridge.connect(meter_provider=meters, tracer_provider=tracers)
        self.handle = SourceHandle(
            installed().specs[name],
            self.telemetry,
            settings,
            made=self._made,
            placed=lambda: None,
            activated=lambda handle: handle.start(),
        )

    def _made(self, catalogue: Catalogue) -> None:
        self._bridge.add(catalogue)

    def _keep(
        self,
        event: Event,
        attributes: Mapping[str, AttributeValue],
        duration: float | None,
        event_id: str | None = None,  # noqa: ARG002 - the sink's signature
        at: float | None = None,  # noqa: ARG002
    ) -> bool:
        self.rows.append((event.name, dict(attributes), duration))
        return True

    def points(self) -> dict[str, list[Point]]:
        """Return the points of every metric, by the metric's name."""
        found: dict[str, list[Point]] = {}
        data = self._reader.get_metrics_data()
        for resource in data.resource_metrics if data is not None else ():
            for metric in (metric for scope in resource.scope_metrics for metric in scope.metrics):
                for point in metric.data.data_points:
                    value = getattr(point, "value", None)
                    attributes = cast("dict[str, AttributeValue]", dict(point.attributes or {}))
                    found.setdefault(metric.name, []).append(
                        (attributes, float(cast("Any", point).count if value is None else value))
                    )
        return found

    def value(self, metric: str) -> float:
        """Return the sum of a metric's points, or the number of records of a histogram."""
        return sum(value for _, value in self.points().get(metric, []))

    def spans(self) -> tuple[ReadableSpan, ...]:
        """Return the ended spans."""
        return self._spans.get_finished_spans()


@contextmanager
def observe(
    name: str, *, guard: type[Guard] = Guard, settings: Mapping[str, object] | None = None
) -> Generator[Observation]:
    """Run an installed source until the block ends.

    Parameters
    ----------
    name:
        The source's name.
    guard:
        The class of the guard, for tests of faults.
    settings:
        Keywords of :func:`argus_otel.instrument`. The environment is ignored.
    """
    observation = Observation(name, Settings.resolve({}, settings), guard)
    observation.handle.install()
    observation.handle.start()
    try:
        yield observation
    finally:
        observation.handle.uninstall()
