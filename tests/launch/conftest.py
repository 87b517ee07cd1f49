"""Bots as operators start them: in a process of their own, against a simulator in ours."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from argus_otel import testing
from argus_otel.scrape.exposition import parse
from argus_otel.scrape.series import Metrics
from discord_simulator import BackgroundSimulator
from lab.processes import free_port as free_port

ROOT = Path(__file__).parents[2]
BOT = ROOT / "examples" / "bot.py"

INSTRUMENT = [shutil.which("opentelemetry-instrument", path=str(Path(sys.executable).parent)) or "", "python"]
RUN = [sys.executable, "-m", "argus_otel", "run"]

EVERY_WAY = [pytest.param(INSTRUMENT, id="opentelemetry-instrument"), pytest.param(RUN, id="argus-otel run")]

BARE = [sys.executable]
REDIRECTED = [sys.executable, "-m", "discord_simulator", "run"]

exports_at_the_end = pytest.mark.skipif(os.name == "nt", reason="a process that is terminated there exports nothing")


class Bot:
    """A bot's process, its output and its endpoint."""

    @classmethod
    def started(
        cls, simulator: BackgroundSimulator, command: list[str], *words: str, settings: Mapping[str, str] | None = None
    ) -> Bot:
        """Start one in a clean environment, on a port that is free."""
        port = free_port()
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("ARGUS_", "OTEL_"))}
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
        environment |= {
            "DISCORD_SIMULATOR_URL": simulator.url,
            "ARGUS_ENDPOINT_PORT": str(port),
            "DISCORD_TOKEN": simulator.token,
            "PYTHONUNBUFFERED": "1",
            **(settings or {}),
        }
        process = subprocess.Popen(
            [*command, *(words or (str(BOT),))],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            start_new_session=True,
        )
        return cls(process, port)

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.append(line)

    @property
    def output(self) -> str:
        """What it has printed, on both streams."""
        return "".join(self._lines)

    def get(self, path: str) -> str:
        """Ask its endpoint."""
        with urllib.request.urlopen(self.url + path, timeout=5) as response:
            return response.read().decode()

    def metrics(self) -> Metrics:
        """Scrape it."""
        return parse(self.get("/metrics"))

    def serves(self) -> bool:
        """Whether its endpoint answers."""
        try:
            self.get("/healthz")
        except OSError:
            return False
        return True

    def end(self) -> int:
        """End it as Ctrl-C does; return its exit code. Windows can only terminate it, which counts as 0."""
        if self.process.poll() is None and os.name == "nt":
            self.process.terminate()
            self.process.wait(20)
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self._reader.join(5)
        return code


Start = Callable[..., Bot]


@pytest.fixture
def simulator() -> Iterator[BackgroundSimulator]:
    with BackgroundSimulator() as simulator:
        yield simulator


@pytest.fixture
def start(simulator: BackgroundSimulator) -> Iterator[Start]:
    """Start a bot in a clean environment; ended after the test."""
    bots: list[Bot] = []

    def start(command: list[str], *words: str, settings: Mapping[str, str] | None = None, ready: bool = True) -> Bot:
        bot = Bot.started(simulator, command, *words, settings=settings)
        bots.append(bot)
        if ready:
            try:
                simulator.run(simulator.ready, None, 20.0)
            except TimeoutError:
                bot.end()
                raise AssertionError(f"the bot did not come up:\n{bot.output}") from None
        return bot

    yield start
    for bot in bots:
        bot.end()


@dataclass
class Received:
    """What the OTLP receiver has."""

    spans: list[Any] = field(default_factory=list)
    resources: list[dict[str, str]] = field(default_factory=list)
    metrics: dict[str, Any] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    records: list[tuple[str, Any]] = field(default_factory=list)

    def named(self, name: str) -> list[Any]:
        """Return the spans of that name."""
        return [span for span in self.spans if span.name == name]


class Receiver(
    trace_service_pb2_grpc.TraceServiceServicer,
    metrics_service_pb2_grpc.MetricsServiceServicer,
    logs_service_pb2_grpc.LogsServiceServicer,
):
    """An OTLP receiver: the protocol's own service definitions on a real gRPC server."""

    def __init__(self) -> None:
        self.received = Received()
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self._server)
        outer = self

        class Metrics(metrics_service_pb2_grpc.MetricsServiceServicer):
            def Export(self, request: Any, context: Any) -> Any:  # noqa: N802
                return outer.take_metrics(request)

        class Logs(logs_service_pb2_grpc.LogsServiceServicer):
            def Export(self, request: Any, context: Any) -> Any:  # noqa: N802
                return outer.take_logs(request)

        metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(Metrics(), self._server)
        logs_service_pb2_grpc.add_LogsServiceServicer_to_server(Logs(), self._server)
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._server.stop(0).wait()

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802
        for resource in request.resource_spans:
            self.received.resources.append({a.key: a.value.string_value for a in resource.resource.attributes})
            for scope in resource.scope_spans:
                self.received.spans.extend(scope.spans)
        return trace_service_pb2.ExportTraceServiceResponse()

    def take_metrics(self, request: Any) -> Any:
        for resource in request.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    self.received.metrics[metric.name] = metric
        return metrics_service_pb2.ExportMetricsServiceResponse()

    def take_logs(self, request: Any) -> Any:
        for resource in request.resource_logs:
            for scope in resource.scope_logs:
                self.received.events.extend(record.event_name for record in scope.log_records)
                self.received.records.extend((scope.scope.name, record) for record in scope.log_records)
        return logs_service_pb2.ExportLogsServiceResponse()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


until: Callable[..., Any] = partial(testing.until, interval=0.05)
