"""Sentry's SDK beside argus-otel, as docs/sentry.md describes: its issues have the ids of our traces."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from discord_simulator import BackgroundSimulator

from .conftest import EVERY_WAY, ROOT, Receiver, Start, exports_at_the_end, until

pytest.importorskip("sentry_sdk", reason="needs Sentry's SDK: pip install sentry-sdk")

BOT = str(ROOT / "tests" / "launch" / "sentry_bot.py")


class Sentry:
    """The endpoints of Sentry that its SDK sends to: envelopes, and traces by OTLP over HTTP.

    Attributes
    ----------
    events:
        The events of all envelopes: https://develop.sentry.dev/sdk/data-model/envelopes/
    spans:
        The spans of all requests.
    """

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.spans: list[Any] = []
        received = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                encoding = self.headers.get("Content-Encoding")
                if encoding == "gzip":
                    body = gzip.decompress(body)
                elif encoding == "br":  # which Sentry's SDK prefers if discord.py's extra `speed` is installed
                    import brotli

                    body = brotli.decompress(body)
                received.take(self.path, body)
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def dsn(self) -> str:
        return f"http://public@127.0.0.1:{self._server.server_address[1]}/1"

    def take(self, path: str, body: bytes) -> None:
        if path.startswith("/api/1/envelope"):
            lines = body.split(b"\n")
            for header, item in zip(lines[1::2], lines[2::2], strict=False):
                if header and json.loads(header).get("type") == "event":
                    self.events.append(json.loads(item))
        elif "otlp" in path:
            request = trace_service_pb2.ExportTraceServiceRequest.FromString(body)
            self.spans += [
                span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans
            ]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def sentry() -> Iterator[Sentry]:
    sentry = Sentry()
    yield sentry
    sentry.close()


@exports_at_the_end
@pytest.mark.parametrize("launcher", EVERY_WAY)
def test_each_fault_is_one_issue_of_sentrys_with_the_ids_of_our_trace(
    simulator: BackgroundSimulator, start: Start, receiver: Receiver, sentry: Sentry, launcher: list[str]
) -> None:
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "SENTRY_DSN": sentry.dsn}
    bot = start(launcher, BOT, settings=settings)
    simulator.run(simulator.slash, "play")
    simulator.run(simulator.say, "!skip")
    until(lambda: len(sentry.events) >= 3, timeout=20)
    assert bot.end() == 0
    names = {"LookupError": "command play", "RuntimeError": "command skip", "ArithmeticError": "task tidy_up"}
    ours = {span.name: span for span in receiver.received.spans}
    issues = {event["exception"]["values"][0]["type"]: event["contexts"]["trace"] for event in sentry.events}
    assert len(sentry.events) == 3
    ids = {span.span_id.hex(): span.trace_id.hex() for span in receiver.received.spans}
    for error in ("LookupError", "RuntimeError"):
        # The span is the command's, or that of the listener which logs its exception.
        assert issues[error]["trace_id"] == ours[names[error]].trace_id.hex() == ids[issues[error]["span_id"]]
    # A loop's exception reaches Sentry when discord.py logs it, which is after the iteration and its span.
    assert "ArithmeticError" in issues
    # Sentry's own exporter, on our provider, has the same spans.
    assert {span.name for span in sentry.spans} >= set(names.values())
    assert {span.span_id for span in sentry.spans if span.name in names.values()} == {
        ours[name].span_id for name in names.values()
    }
    # And our log records have the same exceptions, each once.
    records = [
        {pair.key: pair.value.string_value for pair in record.attributes} for _, record in receiver.received.records
    ]
    raised = [each["argus.exception.fingerprint"] for each in records if "exception.type" in each]
    assert sorted(fingerprint.partition(" ")[0] for fingerprint in raised) == sorted(names)
