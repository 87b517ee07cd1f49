"""Passes what a bot sends by OTLP over HTTP on to several receivers, byte for byte."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Tee:
    """A receiver of OTLP over HTTP. Its answer is the worst that it got.

    Parameters
    ----------
    receivers:
        The addresses that each request is passed on to.

    Attributes
    ----------
    url:
        Its address.
    refused:
        What receivers would not take: address, status and answer.
    """

    def __init__(self, receivers: Sequence[str]) -> None:
        self.refused: list[tuple[str, int, str]] = []
        tee = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                kept = {name: self.headers[name] for name in ("Content-Type", "Content-Encoding") if self.headers[name]}
                status = max(tee.pass_on(receiver, body, kept) for receiver in receivers)
                self.send_response(200 if status < 300 else status)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1/metrics"

    def pass_on(self, receiver: str, body: bytes, headers: dict[str, str]) -> int:
        """Send a request to one receiver; return the status."""
        try:
            with urllib.request.urlopen(urllib.request.Request(receiver, body, headers), timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            self.refused.append((receiver, error.code, error.read().decode(errors="replace")))
            return error.code
        except OSError as error:
            self.refused.append((receiver, 503, str(error)))
            return 503

    @classmethod
    @contextmanager
    def running(cls, *receivers: str) -> Iterator[Tee]:
        """A tee that serves until the block ends."""
        tee = cls(receivers)
        serving = threading.Thread(target=tee._server.serve_forever, daemon=True)
        serving.start()
        try:
            yield tee
        finally:
            tee._server.shutdown()
            tee._server.server_close()
            serving.join(5)
