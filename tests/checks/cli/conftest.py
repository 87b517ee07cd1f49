from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.typed import Typed, command


@pytest.fixture
def checks(capsys: pytest.CaptureFixture[str]) -> Typed:
    """Run ``argus-otel checks`` in this process."""

    return command(capsys, "checks")


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], Path]:
    """Write a file of checks; return its path."""

    def write(text: str) -> Path:
        path = tmp_path / "checks.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


class Service(ThreadingHTTPServer):
    """An HTTP service on loopback that answers ``/200`` with that status, and notes what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, str, str]] = []
        self.statuses: list[int] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.requests.append((self.command, self.path, self.headers.get("authorization", "")))
        asked = self.path.rpartition("/")[2]
        status = self.server.statuses.pop(0) if self.server.statuses else int(asked) if asked.isdigit() else 200
        self.send_response(status)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_POST = do_GET  # noqa: N815 - the name that the base class calls

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()
