"""The messages in which the metrics of 10,000 checks leave, at a receiver with the limit that a Collector has."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from benchmarks.progress import Progress

from . import agents
from .agents import INTERVAL, RunningAgent
from .figures import Figures
from .machine import Machine

PART = "messages"
LIMIT = 4 * 1024 * 1024
"""What gRPC, and so a Collector, takes by default, in bytes: ``GRPC_DEFAULT_MAX_RECV_MESSAGE_LENGTH``."""

METHOD = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"

_EVERY = 15
"""Seconds between two exports."""

_LONGEST = 2 * INTERVAL + 4 * _EVERY

_UP = "argus.check.up"


class Receiver(grpc.GenericRpcHandler):
    """Notes each message, in the order of their coming."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.url = ""

    def service(self, handler_call_details: Any) -> Any:
        """Return the handler of every method."""
        return grpc.unary_unary_rpc_method_handler(self._accept)

    def _accept(self, request: bytes, _context: Any) -> bytes:
        self.messages.append(request)
        return b""


@contextmanager
def receiver(limit: int = LIMIT) -> Iterator[Receiver]:
    """Run a receiver with a limit, in bytes.

    Raises
    ------
    RuntimeError
        It takes a message above the limit.
    """
    found = Receiver()
    options = [("grpc.max_receive_message_length", limit)]
    server = grpc.server(ThreadPoolExecutor(2), handlers=[found], options=options)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    found.url = f"http://{address}"
    server.start()
    try:
        if not refuses(address, limit + 1):
            raise RuntimeError(f"the receiver takes more than {limit:,} bytes")
        yield found
    finally:
        server.stop(None)


def refuses(address: str, size: int) -> bool:
    """Whether a receiver refuses a message because of its size."""
    with grpc.insecure_channel(address) as channel:
        try:
            channel.unary_unary(METHOD)(bytes(size), timeout=10)
        except grpc.RpcError as error:
            return error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED  # type: ignore[attr-defined]
    return False


def measure(machine: Machine, checks: int, progress: Progress, limit: int = LIMIT) -> list[Figures]:
    """Run an agent until an export has had all checks, and return the table of what came."""
    progress.say(f"messages: {checks:,} checks for at most {_LONGEST} s")
    with receiver(limit) as got:
        variables = {
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": got.url,
            "OTEL_METRIC_EXPORT_INTERVAL": str(1000 * _EVERY),
        }
        with agents.running(machine, agents.text_of(machine, "http", checks, 0), variables) as agent:
            refused = _wait(got, agent, checks)
    # The last export may be incomplete: the agent was ended.
    exports = [*exports_of(got.messages)[:-1], Export()]
    values = {
        "largest": max((float(len(message)) for message in got.messages), default=0.0),
        "messages": max(float(export.messages) for export in exports),
        "points": max(float(export.points) for export in exports),
        "checks": max(float(len(export.checks)) for export in exports),
        "refused": float(refused),
    }
    row = [f"{values['largest'] / 2**20:.2f}", *(f"{values[what]:,.0f}" for what in ("messages", "points", "checks"))]
    title = f"metrics of {checks:,} checks by OTLP, under a limit of {limit / 2**20:.2g} MiB a message"
    columns = ["", "largest message, MiB", "messages of an export", "points", f"checks with {_UP}", "refused"]
    return [Figures(PART, title, columns, [["agent", *row, "yes" if refused else "none"]], {"agent": values})]


def _wait(got: Receiver, agent: RunningAgent, checks: int) -> bool:
    """Wait until an export has had all checks, and another one has begun; return whether a message was refused."""
    deadline = time.monotonic() + _LONGEST
    while time.monotonic() < deadline:
        time.sleep(2)
        if "RESOURCE_EXHAUSTED" in agent.logged():  # the agent says so once, as long as that goes on
            return True
        if any(len(export.checks) >= checks for export in exports_of(list(got.messages))[:-1]):
            break
    return False


@dataclass
class Export:
    """What was collected at one time.

    Attributes
    ----------
    begun:
        When, in nanoseconds since 1970.
    checks:
        The names of those whose status it tells.
    """

    begun: int = 0
    messages: int = 0
    points: int = 0
    checks: set[str] = field(default_factory=set[str])


def exports_of(messages: Sequence[bytes]) -> list[Export]:
    """Return the exports, which took several messages each."""
    found: list[Export] = []
    for message in messages:
        request = ExportMetricsServiceRequest.FromString(message)
        points = [(metric.name, point) for metric in _metrics(request) for point in _data(metric).data_points]
        moment = max(point.time_unix_nano for _, point in points)
        if not found or moment - found[-1].begun > _EVERY * 1e9 / 2:
            found.append(Export(moment))
        export = found[-1]
        export.messages += 1
        export.points += len(points)
        export.checks |= {
            attribute.value.string_value
            for name, point in points
            if name == _UP
            for attribute in point.attributes
            if attribute.key == "argus.check.name"
        }
    return found


def _metrics(request: ExportMetricsServiceRequest) -> Iterator[Any]:
    return (metric for one in request.resource_metrics for scope in one.scope_metrics for metric in scope.metrics)


def _data(metric: Any) -> Any:
    return getattr(metric, metric.WhichOneof("data"))
