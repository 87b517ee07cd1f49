"""A service that is traced, for a check to probe: ``python -m tests.pipeline.checked_service PORT OTLP``.

It answers 200, and 500 once it was told so by ``POST /break``. Each answer has its own span, which continues the trace
of the request, as the instrumentation of any web framework does it.
"""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

SERVICE = "shop"


class Handler(BaseHTTPRequestHandler):
    provider: TracerProvider
    broken = False

    def do_GET(self) -> None:
        context = TraceContextTextMapPropagator().extract(dict(self.headers.items()))
        tracer = self.provider.get_tracer(__name__)
        with tracer.start_as_current_span("GET /health", context, SpanKind.SERVER) as span:
            status = 500 if Handler.broken else 200
            span.set_attribute("http.response.status_code", status)
            if status == 500:
                span.set_status(Status(StatusCode.ERROR))
            self.answer(status)

    def do_POST(self) -> None:
        Handler.broken = True
        self.answer(204)

    def answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    port, endpoint = sys.argv[1:]
    Handler.provider = TracerProvider(resource=Resource.create({"service.name": SERVICE}))
    Handler.provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint)))
    ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
