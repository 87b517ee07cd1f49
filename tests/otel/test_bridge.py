from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider

from argus_otel.otel.bridge import Bridge
from argus_otel.otel.readers import reader_class
from argus_otel.otel.spans import OTelTracing
from argus_otel.telemetry import Catalogue, Event, InstrumentKind, Metric, Telemetry
from argus_otel.version import __version__

from .conftest import Run

EVENTS = Metric("events", InstrumentKind.COUNTER, "{event}", "m")
DURATION = Metric("duration", InstrumentKind.HISTOGRAM, "s", "m", boundaries=(1.0,))
JOINED = Event("joined", "m")
CATALOGUE = Catalogue("work", metrics=(EVENTS, DURATION), events=(JOINED,))


@pytest.fixture
def bridge(telemetry: Telemetry) -> Bridge:
    return Bridge(telemetry, (CATALOGUE,))


def meter_provider() -> tuple[MeterProvider, InMemoryMetricReader]:
    reader = InMemoryMetricReader()
    return MeterProvider(metric_readers=[reader], shutdown_on_exit=False), reader


def logger_provider() -> tuple[LoggerProvider, InMemoryLogRecordExporter]:
    provider, exporter = LoggerProvider(shutdown_on_exit=False), InMemoryLogRecordExporter()
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    return provider, exporter


def record(telemetry: Telemetry) -> None:
    telemetry.counter(EVENTS)[()].value += 1
    telemetry.histogram(DURATION)[()].record(0.5)
    telemetry.emit(JOINED, {})


def read(reader: InMemoryMetricReader) -> tuple[Counter[str], dict[str, Any]]:
    """How often each metric is there, and the one point of each."""
    data = reader.get_metrics_data()
    scopes = [scope for resource in data.resource_metrics for scope in resource.scope_metrics] if data else []
    assert {(scope.scope.name, scope.scope.version) for scope in scopes} <= {("argus_otel", __version__)}
    metrics = [metric for scope in scopes for metric in scope.metrics]
    points = {metric.name: metric.data.data_points for metric in metrics}
    assert all(len(each) == 1 for each in points.values())
    return Counter(metric.name for metric in metrics), {name: each[0] for name, each in points.items()}


def test_a_foreign_provider_gets_everything(telemetry: Telemetry, bridge: Bridge) -> None:
    meters, reader = meter_provider()
    loggers, exporter = logger_provider()
    bridge.connect(meter_provider=meters, logger_provider=loggers, tracer_provider=TracerProvider())
    record(telemetry)
    names, points = read(reader)
    assert names == {"events": 1, "duration": 1}
    assert (points["events"].value, points["duration"].count) == (1, 1)
    assert len(exporter.get_finished_logs()) == 1
    assert isinstance(telemetry.tracing, OTelTracing)


def test_connecting_again_exports_nothing_twice(
    telemetry: Telemetry, bridge: Bridge, caplog: pytest.LogCaptureFixture
) -> None:
    meters, reader = meter_provider()
    loggers, exporter = logger_provider()
    tracers = TracerProvider()
    traced: list[object] = []
    for _ in range(5):
        bridge.connect(meter_provider=meters, logger_provider=loggers, tracer_provider=tracers)
        traced.append(telemetry.tracing)
    record(telemetry)
    names, points = read(reader)
    assert names == {"events": 1, "duration": 1}
    assert (points["events"].value, points["duration"].count) == (1, 1)
    assert len(exporter.get_finished_logs()) == 1
    assert len(set(map(id, traced))) == 1
    assert caplog.records == []


def test_on_a_provider_of_ours_the_readers_show_the_cells(telemetry: Telemetry, bridge: Bridge) -> None:
    reader: Any = reader_class(InMemoryMetricReader)()
    reader.show(telemetry)
    meters = MeterProvider(metric_readers=[reader], shutdown_on_exit=False)
    for _ in range(3):
        bridge.connect(meter_provider=meters, own_meter_provider=meters)
    record(telemetry)
    names, points = read(reader)
    assert names == {"events": 1, "duration": 1}
    assert points["duration"].count == 1
    assert telemetry.histogram(DURATION)[()].relay is None


def test_a_second_provider_is_shown_everything_too(telemetry: Telemetry, bridge: Bridge) -> None:
    own: Any = reader_class(InMemoryMetricReader)()
    own.show(telemetry)
    ours = MeterProvider(metric_readers=[own], shutdown_on_exit=False)
    theirs, reader = meter_provider()
    bridge.connect(meter_provider=ours, own_meter_provider=ours)
    bridge.connect(meter_provider=theirs, own_meter_provider=ours)
    record(telemetry)
    for each in (own, reader):
        names, points = read(each)
        assert names == {"events": 1, "duration": 1}
        assert points["duration"].count == 1


@pytest.mark.parametrize("nothing", [None, trace.NoOpTracerProvider(), trace.ProxyTracerProvider()])
def test_where_nobody_traces_nothing_is_traced(
    telemetry: Telemetry, bridge: Bridge, nothing: trace.TracerProvider | None
) -> None:
    bridge.connect(tracer_provider=nothing)
    assert telemetry.tracing is None


def test_a_tracer_provider_that_comes_late_is_found_when_the_bot_starts(program: Run) -> None:
    output = program(
        """
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
        argus_otel.instrument()
        telemetry = runtime().telemetry
        before = telemetry.tracing
        trace.set_tracer_provider(TracerProvider())
        telemetry.on_program_start()
        print(before, type(telemetry.tracing).__name__)
        first = telemetry.tracing
        telemetry.on_program_start()
        print(first is telemetry.tracing)
        """
    ).stdout.split()
    assert output == ["None", "OTelTracing", "True"]


@pytest.mark.parametrize("module", ["aiohttp_client", "requests"])
@pytest.mark.parametrize("first", ["instrumentation", "argus_otel"])
def test_rest_calls_are_quiet_where_another_instrumentation_watches_them(program: Run, module: str, first: str) -> None:
    load, hook = f"import opentelemetry.instrumentation.{module}\n", "argus_otel.instrument()\n"
    tell = "print(runtime().telemetry.suppress_http_instrumentation is None)\n"
    if first == "instrumentation":
        assert program(load + hook + tell).stdout.split() == ["False"]
    else:
        assert program(hook + tell + load + tell).stdout.split() == ["True", "False"]


_LATE = """
from opentelemetry import _logs, metrics
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from argus_otel.telemetry import Event
from argus_otel.telemetry.catalogue import HOOK_ERRORS
from argus_otel.sources.discord import catalogue

telemetry = runtime().telemetry
reader, exporter = InMemoryMetricReader(), InMemoryLogRecordExporter()
duration = next(m for m in catalogue.CATALOGUE.metrics if m.kind.name == "HISTOGRAM" and len(m.attributes) > 1)

def provide():
    metrics.set_meter_provider(MeterProvider(metric_readers=[reader], shutdown_on_exit=False))
    loggers = LoggerProvider(shutdown_on_exit=False)
    loggers.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    _logs.set_logger_provider(loggers)

def record():
    telemetry.counter(HOOK_ERRORS)["test"].value += 1
    telemetry.histogram(duration)[(None,) * len(duration.attributes)].record(0.5)
    telemetry.emit(Event("joined", "m"), {})

def tell(reader=reader):
    data = reader.get_metrics_data()
    found = [m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics]
    print(json.dumps({
        "errors": [p.value for m in found if m.name == "argus.hook.errors" for p in m.data.data_points],
        "durations": [p.count for m in found if m.name == duration.name for p in m.data.data_points],
        "events": len(exporter.get_finished_logs()),
    }))
"""


def test_providers_that_the_bot_sets_late_are_served_once(program: Run) -> None:
    done = program(
        _LATE
        + """
argus_otel.instrument(metrics_exporters="none")
import discord
provide()
for _ in range(3):
    argus_otel.uninstrument()
    argus_otel.instrument()
record()
tell()
"""
    )
    print(done.stderr)
    assert json.loads(done.stdout) == {"errors": [1], "durations": [1], "events": 1}
    assert done.stderr == ""


def test_histograms_are_shown_once_where_our_provider_comes_after_the_hooks(program: Run) -> None:
    done = program(
        _LATE
        + """
from argus_otel.entrypoints import DiscordInstrumentor
from argus_otel.otel.readers import reader_class
import argus_otel.otel.providers as providers
made = reader_class(InMemoryMetricReader)()
providers.scraped_reader = lambda: made
runtime().instrument()
record()
argus_otel.instrument()
record()
tell(made)
"""
    )
    print(done.stderr)
    assert json.loads(done.stdout) == {"errors": [2], "durations": [2], "events": 0}
    assert done.stderr == ""
