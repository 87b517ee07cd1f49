"""A fork and an export over gRPC keep apart; real exporters, real forks."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as traces_grpc

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

# Exports in a thread, forks once it is told to, and prints whether the export had ended by then.
PROGRAM = """
import os, sys, threading, time
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from argus_otel.otel.exporters import with_health
from argus_otel.telemetry import Telemetry

provider = TracerProvider(shutdown_on_exit=False)
exporter = with_health(OTLPSpanExporter, Telemetry(), "exporter:traces")(sys.argv[1])
provider.add_span_processor(SimpleSpanProcessor(exporter))

def export():
    with provider.get_tracer("forks").start_as_current_span("one"):
        pass

exporting = threading.Thread(target=export, daemon=True)
exporting.start()
input()
before = time.monotonic()
child = os.fork()
if child == 0:
    os._exit(0)
exporting.join(0.2)  # the call has ended at the fork; its thread needs a moment
print("ended" if not exporting.is_alive() else "waits", time.monotonic() - before, flush=True)
os.waitpid(child, 0)
if not exporting.is_alive():
    export()
os._exit(0)
"""


class SlowService(traces_grpc.TraceServiceServicer):
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.url = ""
        self.arrived = threading.Semaphore(0)
        self.released = threading.Event()
        self.spans: list[str] = []

    def Export(  # noqa: N802 - as the service calls it
        self, request: traces.ExportTraceServiceRequest, context: object
    ) -> traces.ExportTraceServiceResponse:
        self.spans += [
            span.name for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans
        ]
        self.arrived.release()
        self.released.wait(20)
        return traces.ExportTraceServiceResponse()


@pytest.fixture
def service() -> Iterator[SlowService]:
    service = SlowService()
    server = grpc.server(futures.ThreadPoolExecutor(4))
    traces_grpc.add_TraceServiceServicer_to_server(service, server)
    service.url = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield service
    service.released.set()
    server.stop(None).wait()


def fork_during(service: SlowService, environment: dict[str, str], tmp_path: Path, release_after: float) -> str:
    """Fork while an export is under way; return what the program prints."""
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    with subprocess.Popen(
        [sys.executable, str(script), service.url],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert service.arrived.acquire(timeout=20)
        threading.Timer(release_after, service.released.set).start()
        output, _ = process.communicate("fork\n", timeout=30)
    return output


def test_a_fork_waits_for_the_export_under_way(
    service: SlowService, environment: dict[str, str], tmp_path: Path
) -> None:
    state, _ = fork_during(service, environment, tmp_path, release_after=0.5).split()
    assert state == "ended"
    assert service.spans == ["one", "one"]  # the second one is exported after the fork, over the same connection


def test_an_endpoint_that_does_not_answer_delays_a_fork_for_a_second(
    service: SlowService, environment: dict[str, str], tmp_path: Path
) -> None:
    state, seconds = fork_during(service, environment, tmp_path, release_after=10).split()
    assert state == "waits"
    assert 1.0 <= float(seconds) < 8
