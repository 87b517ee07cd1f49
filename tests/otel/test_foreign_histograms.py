from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from argus_otel.otel import foreign_histograms
from argus_otel.otel.foreign_histograms import ForeignHistograms
from argus_otel.telemetry import Attribute, InstrumentKind, Metric, Telemetry

COMMAND = Attribute("command", "m", cardinality_limit=100)
DURATION = Metric("duration", InstrumentKind.HISTOGRAM, "s", "How long it takes.", (COMMAND,), (0.5, 1.0, 3.0))
EVENTS = Metric("events", InstrumentKind.COUNTER, "{event}", "m")


@pytest.fixture
def reader() -> InMemoryMetricReader:
    return InMemoryMetricReader()


@pytest.fixture
def provider(reader: InMemoryMetricReader) -> MeterProvider:
    return MeterProvider(metric_readers=[reader], shutdown_on_exit=False)


@pytest.fixture
def histograms(provider: MeterProvider, telemetry: Telemetry) -> ForeignHistograms:
    return ForeignHistograms(provider.get_meter("test"), telemetry, (DURATION, EVENTS))


def points(reader: InMemoryMetricReader) -> list[Any]:
    data = reader.get_metrics_data()
    metrics = [m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics] if data else []
    assert [metric.name for metric in metrics] in ([], ["duration"])
    return list(metrics[0].data.data_points) if metrics else []


@pytest.mark.usefixtures("histograms")
def test_everything_recorded_is_in_the_very_next_collection(telemetry: Telemetry, reader: InMemoryMetricReader) -> None:
    cell = telemetry.histogram(DURATION)["play"]
    for _ in range(1000):
        cell.record(0.5)
    cell.record(100.0)
    (point,) = points(reader)
    assert (point.count, point.sum, dict(point.attributes)) == (1001, 600.0, {"command": "play"})
    assert (tuple(point.bucket_counts), tuple(point.explicit_bounds)) == ((1000, 0, 0, 1), (0.5, 1.0, 3.0))
    cell.record(0.5)
    assert points(reader)[0].count == 1002


@pytest.mark.usefixtures("histograms")
def test_counts_are_exact_while_threads_record_and_others_collect(
    telemetry: Telemetry, reader: InMemoryMetricReader
) -> None:
    cells = telemetry.histogram(DURATION)

    def write() -> None:
        for number in range(2000):
            cells[f"c{number % 10}"].record(1.0)

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        points(reader)
    assert sum(point.count for point in points(reader)) == 6000


class LingeringSpan:
    """A span that holds up whoever records it, once it has been taken from the queue."""

    span_id = 2

    def __init__(self) -> None:
        self.queued = False
        self.taken = threading.Event()

    @property
    def trace_id(self) -> int:
        if self.queued:
            self.taken.set()
            time.sleep(0.1)
        return 1


def test_a_collection_waits_for_a_record_that_another_thread_has_taken(
    telemetry: Telemetry, reader: InMemoryMetricReader, histograms: ForeignHistograms
) -> None:
    span = LingeringSpan()
    telemetry.histogram(DURATION)["play"].record(1.0, span)
    span.queued = True
    thread = threading.Thread(target=histograms.empty)
    thread.start()
    assert span.taken.wait(5)
    assert [point.count for point in points(reader)] == [1]
    thread.join()


@pytest.mark.usefixtures("histograms")
def test_two_readers_of_one_provider_both_see_every_record(telemetry: Telemetry) -> None:
    readers = [InMemoryMetricReader(), InMemoryMetricReader()]
    provider = MeterProvider(metric_readers=readers, shutdown_on_exit=False)
    ForeignHistograms(provider.get_meter("test"), telemetry, (DURATION,))
    telemetry.histogram(DURATION)["play"].record(1.0)
    provider.force_flush()
    assert [points(each)[0].count for each in readers] == [1, 1]


@pytest.mark.usefixtures("histograms")
def test_a_record_of_a_sampled_span_leaves_an_exemplar_of_it(
    telemetry: Telemetry, reader: InMemoryMetricReader
) -> None:
    cell = telemetry.histogram(DURATION)["play"]
    cell.record(0.25, SimpleNamespace(trace_id=0xABC, span_id=0xDEF))
    (exemplar,) = points(reader)[0].exemplars
    assert (exemplar.value, exemplar.trace_id, exemplar.span_id) == (0.25, 0xABC, 0xDEF)


@pytest.mark.usefixtures("histograms")
def test_a_record_of_no_span_is_none_of_whoever_collects(telemetry: Telemetry, reader: InMemoryMetricReader) -> None:
    telemetry.histogram(DURATION)["play"].record(0.25)
    context = trace.SpanContext(1, 2, is_remote=False, trace_flags=trace.TraceFlags(1))
    with trace.use_span(trace.NonRecordingSpan(context)):
        assert list(points(reader)[0].exemplars) == []


def test_a_record_is_recorded_without_a_collection_too(
    telemetry: Telemetry, provider: MeterProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign_histograms, "_INTERVAL", 0.01)
    histograms = ForeignHistograms(provider.get_meter("test"), telemetry, (DURATION,))
    telemetry.histogram(DURATION)["play"].record(1.0)
    deadline = time.monotonic() + 5
    while histograms._queue and time.monotonic() < deadline:
        time.sleep(0.005)
    assert not histograms._queue


def test_its_thread_does_not_keep_the_process_alive(histograms: ForeignHistograms) -> None:
    mine = [thread for thread in threading.enumerate() if thread.name == "argus-otel histograms"]
    assert mine
    assert all(thread.daemon for thread in mine)


def test_the_queue_is_bounded(
    telemetry: Telemetry, provider: MeterProvider, reader: InMemoryMetricReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign_histograms, "_LIMIT", 10)
    ForeignHistograms(provider.get_meter("test"), telemetry, (DURATION,))
    for _ in range(100):
        telemetry.histogram(DURATION)["play"].record(1.0)
    assert points(reader)[0].count == 10


def test_once_stopped_it_takes_and_shows_nothing_more(
    telemetry: Telemetry, reader: InMemoryMetricReader, histograms: ForeignHistograms
) -> None:
    cell = telemetry.histogram(DURATION)["play"]
    cell.record(1.0)
    histograms.stop()
    cell.record(1.0)
    assert points(reader) == []
    assert sum(cell.counts) == 2
    later = Metric("later", InstrumentKind.HISTOGRAM, "s", "m", (COMMAND,), (1.0,))
    histograms.add(later)
    assert telemetry.histogram(later)["play"].relay is None


def test_a_histogram_that_is_defined_later_is_taken_from_its_first_record_on(
    telemetry: Telemetry, reader: InMemoryMetricReader, histograms: ForeignHistograms
) -> None:
    later = Metric("later", InstrumentKind.HISTOGRAM, "s", "m", (COMMAND,), (1.0,))
    histograms.add(later)
    histograms.add(later)
    telemetry.histogram(later)["play"].record(0.5)
    data = reader.get_metrics_data()
    assert data is not None
    ((metric,),) = [scope.metrics for resource in data.resource_metrics for scope in resource.scope_metrics]
    (point,) = metric.data.data_points
    assert (metric.name, point.count, tuple(point.explicit_bounds)) == ("later", 1, (1.0,))  # type: ignore[union-attr]
