"""A monitor on this machine that writes down each call."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.launch.conftest import simulator, start

__all__ = ["simulator", "start"]


class Monitor:
    """A monitor.

    Attributes
    ----------
    calls:
        The path and query of each call, with the time when it came, by :func:`time.monotonic`.
    statuses:
        What it answers to the next calls, then 200. A status with a text is a redirect to there.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[float, str]] = []
        self.headers: list[dict[str, str]] = []
        self.statuses: list[int | tuple[int, str]] = []
        self.delay = 0.0
        monitor = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                monitor.calls.append((time.monotonic(), self.path))
                monitor.headers.append(dict(self.headers.items()))
                time.sleep(monitor.delay)
                answer = monitor.statuses.pop(0) if monitor.statuses else 200
                status, location = answer if isinstance(answer, tuple) else (answer, "")
                self.send_response(status)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"OK")

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def paths(self) -> list[str]:
        return [path for _, path in self.calls]

    def wait_for(self, calls: int, timeout: float = 10.0) -> None:
        """Wait until there are so many calls more."""
        wanted, until = len(self.calls) + calls, time.monotonic() + timeout
        while len(self.calls) < wanted:
            assert time.monotonic() < until, f"{len(self.calls)} of {wanted} calls came"
            time.sleep(0.02)

    def is_silent_for(self, seconds: float) -> bool:
        """Whether no call comes in this time."""
        before = len(self.calls)
        time.sleep(seconds)
        return len(self.calls) == before


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    monitor = Monitor()
    yield monitor
    monitor.server.shutdown()
    monitor.server.server_close()
