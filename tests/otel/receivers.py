"""Receivers of OTLP on loopback, over gRPC and over HTTP, and an endpoint that never answers."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2_grpc as logs_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as traces_grpc


class Refusal:
    """What a receiver answers instead of taking what it was sent.

    Parameters
    ----------
    status:
        Over HTTP; 200 with ``rejected`` is a partial success.
    code:
        Over gRPC.
    text:
        The reason, which is the body over HTTP.
    rejected:
        How many items of the request it says it has not taken, in a partial success.
    """

    def __init__(
        self,
        text: str,
        status: int = 400,
        code: grpc.StatusCode = grpc.StatusCode.INVALID_ARGUMENT,
        rejected: int = 0,
        content_type: str = "text/plain",
    ) -> None:
        self.text = text
        self.status = status
        self.code = code
        self.rejected = rejected
        self.content_type = content_type

    def body(self) -> bytes:
        """Return the body over HTTP: the text, or OTLP's own ``Status`` where the content type says so."""
        if self.content_type == "application/x-protobuf":
            return Status(code=3, message=self.text).SerializeToString()
        return self.text.encode()

    def partial(self, response: Any) -> Any:
        """Return the response that says what was not taken."""
        (field,) = (field.name for field in response.partial_success.DESCRIPTOR.fields if "rejected" in field.name)
        setattr(response.partial_success, field, self.rejected)
        response.partial_success.error_message = self.text
        return response


class Received:
    """The requests that came, decoded.

    Attributes
    ----------
    refusal:
        What each request is answered with from now on; ``None`` where they are taken.
    over_http:
        Whether it speaks OTLP over HTTP; else it is gRPC.
    prefix:
        What each path begins with, over HTTP.
    calls:
        The path and the headers of each request, over HTTP.
    """

    refusal: Refusal | None = None
    over_http = False
    prefix = ""

    def __init__(self) -> None:
        self.metrics: list[Any] = []
        self.traces: list[Any] = []
        self.logs: list[Any] = []
        self.url = ""
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.senders: dict[str, set[object]] = {}
        """The ``service.instance.id`` of all that came over each connection, by the client's address."""

    def sent_by(self, client: str, request: Any) -> None:
        field = request.DESCRIPTOR.fields[0].name  # resource_metrics, resource_spans or resource_logs
        for part in getattr(request, field):
            instance = attributes(part.resource.attributes).get("service.instance.id")
            self.senders.setdefault(client, set()).add(instance)

    def instances(self) -> set[object]:
        """Everybody who sent something, by ``service.instance.id``."""
        return {instance for sent in self.senders.values() for instance in sent}

    def of(self, instance: object) -> Received:
        """What one of them sent."""
        mine = Received()
        for requests, kept, field in (
            (self.metrics, mine.metrics, "resource_metrics"),
            (self.traces, mine.traces, "resource_spans"),
            (self.logs, mine.logs, "resource_logs"),
        ):
            for request in requests:
                parts = [
                    part
                    for part in getattr(request, field)
                    if attributes(part.resource.attributes).get("service.instance.id") == instance
                ]
                if parts:
                    kept.append(type(request)(**{field: parts}))
        return mine

    def metric_points(self) -> Iterator[tuple[Any, Any, Any]]:
        """(resource metrics, scope metrics, metric) of every metric, in the order of arrival."""
        for request in self.metrics:
            for resource in request.resource_metrics:
                for scope in resource.scope_metrics:
                    for metric in scope.metrics:
                        yield resource, scope, metric

    def named(self, name: str) -> list[Any]:
        return [metric for _, _, metric in self.metric_points() if metric.name == name]

    def spans(self) -> list[Any]:
        return [
            span
            for request in self.traces
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def records(self) -> list[Any]:
        return [
            record
            for request in self.logs
            for resource in request.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]

    def wait_for(self, arrived: Callable[[], object], timeout: float = 10.0) -> None:
        deadline = time.monotonic() + timeout
        while not arrived():
            assert time.monotonic() < deadline, "nothing arrived"
            time.sleep(0.01)


def attributes(pairs: Any) -> dict[str, object]:
    """OTLP's key-value pairs as a dict."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


def grpc_receiver() -> Iterator[Received]:
    received = Received()

    def servicer(base: type, requests: list[Any], response: type) -> Any:
        def export(self: object, request: object, context: grpc.ServicerContext) -> object:
            received.sent_by(context.peer(), request)
            requests.append(request)
            refusal = received.refusal
            if refusal is None:
                return response()
            if not refusal.rejected:
                context.abort(refusal.code, refusal.text)
            return refusal.partial(response())

        return type("Servicer", (base,), {"Export": export})()

    server = grpc.server(futures.ThreadPoolExecutor(4))
    metrics_grpc.add_MetricsServiceServicer_to_server(
        servicer(metrics_grpc.MetricsServiceServicer, received.metrics, metrics.ExportMetricsServiceResponse), server
    )
    traces_grpc.add_TraceServiceServicer_to_server(
        servicer(traces_grpc.TraceServiceServicer, received.traces, traces.ExportTraceServiceResponse), server
    )
    logs_grpc.add_LogsServiceServicer_to_server(
        servicer(logs_grpc.LogsServiceServicer, received.logs, logs.ExportLogsServiceResponse), server
    )
    received.url = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield received
    server.stop(None).wait()


def http_receiver() -> Iterator[Received]:
    received = Received()
    kinds = {
        "/v1/metrics": (metrics.ExportMetricsServiceRequest, received.metrics, metrics.ExportMetricsServiceResponse),
        "/v1/traces": (traces.ExportTraceServiceRequest, received.traces, traces.ExportTraceServiceResponse),
        "/v1/logs": (logs.ExportLogsServiceRequest, received.logs, logs.ExportLogsServiceResponse),
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # so that clients keep their connections

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            received.calls.append((self.path, dict(self.headers.items())))
            request, requests, response = kinds[self.path.removeprefix(received.prefix)]
            received.sent_by(str(self.client_address), request.FromString(body))
            requests.append(request.FromString(body))
            refusal = received.refusal
            status, answer, kind = 200, response().SerializeToString(), "application/x-protobuf"
            if refusal and refusal.rejected:
                answer = refusal.partial(response()).SerializeToString()
            elif refusal:
                status, answer, kind = refusal.status, refusal.body(), refusal.content_type
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True  # a client may keep its connection
    received.url, received.over_http = f"http://127.0.0.1:{server.server_port}", True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield received
    server.shutdown()
    thread.join()
    server.server_close()


def silent_endpoint() -> Iterator[str]:
    """Takes every connection, and never answers."""
    server = socket.create_server(("127.0.0.1", 0))
    kept: list[socket.socket] = []

    def accept() -> None:
        with suppress(OSError):  # closed
            while True:
                kept.append(server.accept()[0])

    thread = threading.Thread(target=accept)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}"
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()
    for connection in kept:
        connection.close()
