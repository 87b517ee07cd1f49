"""Our histogram cells, and our gauges of many series, become points in the readers that argus-otel makes.

OpenTelemetry Python has neither an observable histogram nor a metric producer, and its synchronous histogram costs the
event loop some microseconds for each record and reader. An observable gauge costs 20 to 40 µs for each series and
collection, which is seconds for the gauges of 10,000 service checks. So a reader of ours adds our points to what it
collected, in the one method that every reader has to implement. Views do not apply to these points. The SDK does not
call it where it has no point of its own; with a hook in place there is always one, that of `argus.hook.active`.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from time import time_ns
from typing import Any, cast

from opentelemetry.sdk.metrics import Exemplar, Histogram
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    HistogramDataPoint,
    Metric,
    MetricExporter,
    MetricReader,
    MetricsData,
    NumberDataPoint,
    PeriodicExportingMetricReader,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.sdk.metrics.export import Gauge as GaugeData
from opentelemetry.sdk.metrics.export import Histogram as HistogramData
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from argus_otel.telemetry import Attributes, HistogramCell, Telemetry
from argus_otel.telemetry import Metric as Definition
from argus_otel.version import __version__

from .private import check_fork_of_readers, lift_series_limits, preferred_temporality
from .scope import SCOPE

_Snapshot = tuple[tuple[int, ...], float]


class OwnPoints:
    """Makes one reader's points of histograms, from the cells, and of gauges of many series.

    Parameters
    ----------
    temporality:
        The temporality that the reader prefers for histograms.
    exemplars_for:
        For how many seconds an exemplar is shown; at least once, at the next collection.
    """

    def __init__(self, telemetry: Telemetry, temporality: AggregationTemporality, exemplars_for: float = 0.0) -> None:
        self._telemetry = telemetry
        self._scope = InstrumentationScope(SCOPE, __version__)
        self._temporality = temporality
        self._exemplars_for = int(exemplars_for * 1e9)
        self._started = time_ns()
        self._collected = self._started
        self._last: dict[int, _Snapshot] = {}
        # A flush on one thread and the reader's own interval on another must not both report the same difference.
        self._collecting = threading.Lock()

    def add_to(self, data: MetricsData) -> MetricsData:
        """Return ``data`` with these metrics as they stand now."""
        if not data.resource_metrics:
            return data
        with self._collecting:
            metrics = self._metrics()
        if not metrics:
            return data
        first, *others = data.resource_metrics
        return replace(data, resource_metrics=[self._merged(first, metrics), *others])

    def _merged(self, resource: ResourceMetrics, metrics: list[Metric]) -> ResourceMetrics:
        scopes: list[ScopeMetrics] = []
        found = False
        for scope in resource.scope_metrics:
            if not found and scope.scope == self._scope:
                scopes.append(replace(scope, metrics=[*scope.metrics, *metrics]))
                found = True
            else:
                scopes.append(scope)
        if not found:
            scopes.append(ScopeMetrics(scope=self._scope, metrics=metrics, schema_url=self._scope.schema_url or ""))
        return replace(resource, scope_metrics=scopes)

    def _metrics(self) -> list[Metric]:
        now = time_ns()
        since = self._collected
        self._collected = now
        made: list[Metric] = []
        for histogram in self._telemetry.histograms():
            points = [point for row in histogram.rows() if (point := self._point(*row, since, now)) is not None]
            if points:
                definition = histogram.metric
                made.append(_metric(definition, HistogramData(points, self._temporality)))
        for definition in self._telemetry.large_gauges():
            values = self._telemetry.points(definition)
            if values:
                made.append(_metric(definition, GaugeData([_gauge_point(*each, now) for each in values])))
        return made

    def _point(self, attributes: Attributes, cell: HistogramCell, since: int, now: int) -> HistogramDataPoint | None:
        counts, total = cell.read()
        start = self._started
        if self._temporality is AggregationTemporality.DELTA:
            last_counts, last_total = self._last.get(id(cell), ((0,) * len(counts), 0.0))
            self._last[id(cell)] = (counts, total)
            counts = tuple(now_ - then for now_, then in zip(counts, last_counts, strict=True))
            total -= last_total
            start = since
            if not any(counts):
                return None
        return HistogramDataPoint(
            attributes=dict(attributes),
            start_time_unix_nano=start,
            time_unix_nano=now,
            count=sum(counts),
            sum=total,
            bucket_counts=counts,
            explicit_bounds=cell.boundaries,
            # Not known for a span of time, and optional in OTLP, whose encoder takes None for "not set".
            min=cast(float, None),
            max=cast(float, None),
            exemplars=_exemplars(cell, min(since, now - self._exemplars_for)),
        )


def _metric(definition: Definition, data: HistogramData | GaugeData) -> Metric:
    return Metric(definition.name, definition.description, definition.unit, data)


def _gauge_point(attributes: Attributes, value: float, now: int) -> NumberDataPoint:
    # A gauge has no start, as the SDK's has none.
    return NumberDataPoint(attributes, cast(int, None), now, value)


def _exemplars(cell: HistogramCell, since: int) -> Sequence[Exemplar]:
    return [
        Exemplar({}, value, at, span_id, trace_id)
        for value, at, trace_id, span_id in cell.all_exemplars()
        if at >= since
    ]


class OwnReader(MetricReader):
    """A reader that shows our own points: put it before any reader class."""

    _points: OwnPoints | None = None
    exemplars_for = 0.0
    """For how many seconds an exemplar is shown; at least once, at the next collection."""

    def show(self, telemetry: Telemetry) -> None:
        """Add our own points to every later collection."""
        temporality = preferred_temporality(self).get(Histogram, AggregationTemporality.CUMULATIVE)
        self._points = OwnPoints(telemetry, temporality, self.exemplars_for)
        lift_series_limits(self)

    def _at_fork_reinit(self) -> None:
        """Start no thread in a forked child, as the SDK's readers do: it may never activate a source."""

    def _receive_metrics(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any) -> None:
        if self._points is not None:
            metrics_data = self._points.add_to(metrics_data)
        super()._receive_metrics(metrics_data, timeout_millis, **kwargs)  # type: ignore[safe-super]


class PushReader(OwnReader, PeriodicExportingMetricReader):
    """Any push exporter."""

    def __init__(self, exporter: MetricExporter) -> None:
        check_fork_of_readers()
        super().__init__(exporter)  # pyright: ignore[reportCallIssue, reportArgumentType]


def reader_class(other: type[MetricReader]) -> type[OwnReader]:
    """Return a subclass of any reader class that shows our own points too."""
    return cast("type[OwnReader]", type(f"Argus{other.__name__}", (OwnReader, other), {}))
