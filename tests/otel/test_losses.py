"""What OpenTelemetry's batch processors have no room for is counted: everything is exported, or in the count."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
from opentelemetry import _logs
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, InMemoryLogRecordExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

from argus_otel.otel import foreign_histograms, private
from argus_otel.otel.losses import count_drops
from argus_otel.telemetry import InstrumentKind, Metric, State, Telemetry
from argus_otel.telemetry.catalogue import EXPORT_LOST

QUEUE = 64


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for signal in ("BSP", "BLRP"):
        monkeypatch.setenv(f"OTEL_{signal}_MAX_QUEUE_SIZE", str(QUEUE))
        monkeypatch.setenv(f"OTEL_{signal}_MAX_EXPORT_BATCH_SIZE", "8")
        monkeypatch.setenv(f"OTEL_{signal}_SCHEDULE_DELAY", "50")


class Stuck(InMemorySpanExporter):
    """Takes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def export(self, spans: Sequence[Any]) -> Any:
        self.go.wait(10)
        return super().export(spans)


class StuckLogs(InMemoryLogRecordExporter):
    """The same of log records."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def export(self, batch: Sequence[Any]) -> Any:
        self.go.wait(10)
        return super().export(batch)


def lost(telemetry: Telemetry) -> dict[str, float]:
    return {str(a["argus.export.loss.reason"]): value for a, value in telemetry.points(EXPORT_LOST) if value}


def at_once(work: Any, threads: int = 4) -> None:
    started = [threading.Thread(target=work) for _ in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()


def test_spans_that_find_the_queue_full_are_counted() -> None:
    telemetry, exporter = Telemetry(), Stuck()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(count_drops(BatchSpanProcessor, "on_end", exporter, "exporter:traces test", telemetry))
    tracer = provider.get_tracer("test")

    def work() -> None:
        for _ in range(250):
            tracer.start_span("work").end()

    at_once(work)
    assert lost(telemetry)["queue_full"] >= 1000 - QUEUE - 8 * 5
    part = telemetry.health.parts()["exporter:traces test"]
    assert part.state is State.FAILED
    assert f"its queue of {QUEUE} is full" in part.detail
    exporter.go.set()
    provider.shutdown()
    assert len(exporter.get_finished_spans()) + lost(telemetry)["queue_full"] == 1000
    tracer.start_span("late").end()
    assert lost(telemetry)["ended"] == 1


def test_spans_that_are_not_sampled_are_no_loss() -> None:
    telemetry, exporter = Telemetry(), Stuck()
    provider = TracerProvider(sampler=TraceIdRatioBased(0.0), shutdown_on_exit=False)
    provider.add_span_processor(count_drops(BatchSpanProcessor, "on_end", exporter, "exporter:traces test", telemetry))
    for _ in range(500):
        provider.get_tracer("test").start_span("work").end()
    assert lost(telemetry) == {}
    exporter.go.set()
    provider.shutdown()


def test_log_records_that_find_the_queue_full_are_counted() -> None:
    telemetry, exporter = Telemetry(), StuckLogs()
    provider = LoggerProvider(shutdown_on_exit=False)
    made = count_drops(BatchLogRecordProcessor, "on_emit", exporter, "exporter:logs test", telemetry)
    provider.add_log_record_processor(made)
    logger = provider.get_logger("test")

    def work() -> None:
        for _ in range(250):
            logger.emit(_logs.LogRecord(body="x"))

    at_once(work)
    exporter.go.set()
    provider.shutdown()
    assert lost(telemetry)["queue_full"] > 800
    assert len(exporter.get_finished_logs()) + lost(telemetry)["queue_full"] == 1000


def test_points_that_find_the_queue_of_a_foreign_provider_full_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign_histograms, "_LIMIT", 100)
    monkeypatch.setattr(foreign_histograms, "_INTERVAL", 3600.0)
    telemetry = Telemetry()
    metric = Metric("test.duration", InstrumentKind.HISTOGRAM, "s", "A test.", boundaries=(1.0,))
    made = foreign_histograms.ForeignHistograms(
        MeterProvider(shutdown_on_exit=False).get_meter("test"), telemetry, [metric]
    )
    for _ in range(130):
        telemetry.histogram(metric)[()].record(0.5, None)
    assert lost(telemetry) == {"queue_full": 30}
    made.stop()


def test_the_sdk_that_is_installed_has_a_queue_that_can_be_looked_at() -> None:
    telemetry = Telemetry()
    made = count_drops(BatchSpanProcessor, "on_end", InMemorySpanExporter(), "exporter:traces test", telemetry)
    assert telemetry.health.parts("opentelemetry:") == {}
    made.shutdown()


def test_an_sdk_that_hides_its_queue_is_used_all_the_same() -> None:
    class Hidden:
        def __init__(self, exporter: object) -> None:
            self.took: list[object] = []

        def on_end(self, item: object) -> None:
            self.took.append(item)

    telemetry = Telemetry()
    private.report_to(telemetry.health)
    made = count_drops(Hidden, "on_end", object(), "exporter:traces test", telemetry)
    made.on_end("span")
    assert made.took == ["span"]
    part = telemetry.health.parts()["opentelemetry:export losses"]
    assert part.state is State.ABSENT
    assert "drops are not counted" in part.detail


def test_a_queue_that_has_room_again_takes_again() -> None:
    telemetry, exporter = Telemetry(), Stuck()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(count_drops(BatchSpanProcessor, "on_end", exporter, "exporter:traces test", telemetry))
    tracer = provider.get_tracer("test")
    for _ in range(200):
        tracer.start_span("work").end()
    exporter.go.set()
    deadline = time.monotonic() + 5
    while len(exporter.get_finished_spans()) + lost(telemetry)["queue_full"] < 200:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    tracer.start_span("after").end()
    provider.shutdown()
    assert exporter.get_finished_spans()[-1].name == "after"
