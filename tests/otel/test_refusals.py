"""What an endpoint refuses is named, and what is lost by it is counted; real exporters, real receivers of OTLP."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as ByGrpc
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as SpansByGrpc
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as ByHttp
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as SpansByHttp
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from argus_otel.otel.exporters import with_health
from argus_otel.otel.readers import PushReader
from argus_otel.telemetry import Part, State, Telemetry
from argus_otel.telemetry.catalogue import EXPORT_LOST

from .conftest import Run
from .receivers import Received, Refusal

PREFERENCE = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
# What Prometheus 3 answers to a delta, shortened.
PROMETHEUS = Refusal(
    'invalid temporality and type combination for metric "plays"', 500, grpc.StatusCode.INVALID_ARGUMENT
)

DELTA = pytest.mark.parametrize("preference", ["delta"], indirect=True)

Export = Callable[[], Part]


@pytest.fixture(params=["grpc", "http"])
def received(request: pytest.FixtureRequest, receiver: Received, http_receiver: Received) -> Received:
    return receiver if request.param == "grpc" else http_receiver


def lost(telemetry: Telemetry) -> float:
    return sum(value for _, value in telemetry.points(EXPORT_LOST))


@pytest.fixture
def preference(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    value = getattr(request, "param", "cumulative")
    monkeypatch.setenv(PREFERENCE, value)
    return value


@pytest.fixture
def export(received: Received, preference: str, telemetry: Telemetry) -> Iterator[Export]:
    """Count something, and export it; returns what health says of the exporter.

    Three points are counters' and one a histogram's; two are an up-down counter's, which is cumulative with any
    preference, which is ``preference`` here.
    """
    assert os.environ[PREFERENCE] == preference
    name = "exporter:metrics test"
    if received.over_http:
        made: Any = with_health(ByHttp, telemetry, name)(endpoint=f"{received.url}/v1/metrics", timeout=2)
    else:
        made = with_health(ByGrpc, telemetry, name)(endpoint=received.url, timeout=2)
    provider = MeterProvider([PushReader(made)], shutdown_on_exit=False)
    meter = provider.get_meter("test")
    plays, times = meter.create_counter("plays"), meter.create_histogram("play.duration")
    queued = meter.create_up_down_counter("queued")

    def export() -> Part:
        for song in ("a", "b", "c"):
            plays.add(1, {"song": song})
        times.record(1.0)
        for shard in (0, 1):
            queued.add(1, {"shard": shard})
        provider.force_flush()
        return telemetry.health.parts()[name]

    yield export
    received.refusal = None
    provider.shutdown()


@DELTA
def test_each_point_of_a_refused_delta_is_counted_and_the_reason_is_named(
    export: Export, received: Received, telemetry: Telemetry
) -> None:
    assert export().state is State.OK
    received.refusal = PROMETHEUS
    part = export()
    assert part.state is State.FAILED
    assert PROMETHEUS.text in part.detail
    assert ("HTTP 500" if received.over_http else "INVALID_ARGUMENT") in part.detail
    assert f"4 points are lost, since a delta is sent once ({PREFERENCE})" in part.detail
    assert lost(telemetry) == 4
    export()
    assert lost(telemetry) == 8
    received.refusal = None
    assert export().state is State.OK
    assert lost(telemetry) == 8


@pytest.mark.parametrize(("preference", "counted"), [("cumulative", 0), ("lowmemory", 4)], indirect=["preference"])
def test_of_what_is_refused_only_what_no_later_export_repeats_is_lost(
    export: Export, received: Received, telemetry: Telemetry, counted: int
) -> None:
    received.refusal = PROMETHEUS
    part = export()
    assert part.state is State.FAILED
    assert PROMETHEUS.text in part.detail
    assert lost(telemetry) == counted
    assert (PREFERENCE in part.detail) is bool(counted)


@DELTA
@pytest.mark.parametrize(("rejected", "counted"), [(3, 3), (6, 4)])
def test_what_an_endpoint_takes_only_in_part_is_counted(
    export: Export, received: Received, telemetry: Telemetry, rejected: int, counted: int
) -> None:
    """Of six points that are refused, two are cumulative: the next export has them again."""
    received.refusal = Refusal("delta is not for us", rejected=rejected)
    part = export()
    assert part.state is State.FAILED
    assert f"the endpoint refuses {rejected} of what is sent (delta is not for us)" in part.detail
    assert lost(telemetry) == counted
    received.refusal = None
    assert export().state is State.OK


def test_what_is_cumulative_and_refused_in_part_is_named_and_not_counted(
    export: Export, received: Received, telemetry: Telemetry
) -> None:
    received.refusal = Refusal("too old", rejected=2)
    assert "refuses 2 of what is sent (too old)" in export().detail
    assert lost(telemetry) == 0


def test_spans_that_are_refused_in_part_are_counted(received: Received, telemetry: Telemetry) -> None:
    name = "exporter:traces test"
    if received.over_http:
        made: Any = with_health(SpansByHttp, telemetry, name)(endpoint=f"{received.url}/v1/traces", timeout=2)
    else:
        made = with_health(SpansByGrpc, telemetry, name)(endpoint=received.url, timeout=2)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(made))
    received.refusal = Refusal("no room", rejected=1)
    provider.get_tracer("test").start_span("play").end()
    assert lost(telemetry) == 1
    assert "refuses 1 of what is sent (no room)" in telemetry.health.parts()[name].detail
    received.refusal = None
    provider.get_tracer("test").start_span("play").end()
    assert telemetry.health.parts()[name].state is State.OK
    provider.shutdown()
    assert lost(telemetry) == 1


def test_a_reason_is_one_line_of_bounded_length_without_a_secret(
    export: Export, received: Received, telemetry: Telemetry
) -> None:
    telemetry.redact.add_secret("hunter2-hunter2")
    received.refusal = Refusal("no\n\x1b[31mhunter2-hunter2 " + "x" * 5000)
    detail = export().detail
    assert "[redacted]" in detail
    assert "hunter2" not in detail
    assert detail.isprintable()
    assert len(detail) < 500


def test_a_reason_that_quotes_the_endpoints_address_has_no_password(
    export: Export, received: Received, telemetry: Telemetry
) -> None:
    received.refusal = Refusal(
        "cannot resolve me:s3cret@collector:4317: no such name (http://me:p%40ss@collector.example)"
    )
    detail = export().detail
    assert "[redacted]@collector:4317: no such name" in detail
    for part in ("s3cret", "p%40ss"):
        assert part not in detail


def test_over_http_the_reason_is_read_from_otlps_own_status(http_receiver: Received, telemetry: Telemetry) -> None:
    http_receiver.refusal = Refusal("the queue is full", 400, content_type="application/x-protobuf")
    made: Any = with_health(SpansByHttp, telemetry, "part")(endpoint=f"{http_receiver.url}/v1/traces", timeout=2)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(made))
    provider.get_tracer("test").start_span("play").end()
    assert "(HTTP 400: the queue is full)" in telemetry.health.parts()["part"].detail
    provider.shutdown()


def test_reasons_are_heard_after_the_connection_was_made_anew(receiver: Received, telemetry: Telemetry) -> None:
    """Over gRPC the exporter replaces its channel at the first UNAVAILABLE."""
    made: Any = with_health(SpansByGrpc, telemetry, "part")(endpoint=receiver.url, timeout=1)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(made))
    channel = made._channel
    receiver.refusal = Refusal("not now", code=grpc.StatusCode.UNAVAILABLE)
    provider.get_tracer("test").start_span("play").end()
    assert "(UNAVAILABLE: not now)" in telemetry.health.parts()["part"].detail
    assert made._channel is not channel
    receiver.refusal = Refusal("not you", code=grpc.StatusCode.PERMISSION_DENIED)
    provider.get_tracer("test").start_span("play").end()
    assert "(PERMISSION_DENIED: not you)" in telemetry.health.parts()["part"].detail
    provider.shutdown()


BOT = """
argus_otel.instrument()
report()
"""


@pytest.mark.parametrize("preference", ["delta", "DELTA", "lowmemory"])
def test_delta_is_warned_of_at_start_in_one_line(program: Run, receiver: Received, preference: str) -> None:
    ended = program(BOT, **{"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, PREFERENCE: preference})
    (line,) = [line for line in ended.stderr.splitlines() if line.startswith("LOG WARNING")]
    assert f"{PREFERENCE}={preference.lower()}" in line
    assert "Prometheus refuses" in line


def test_what_is_cumulative_is_not_warned_of(program: Run, receiver: Received) -> None:
    ended = program(BOT, **{"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, PREFERENCE: "cumulative"})
    assert "LOG WARNING" not in ended.stderr
