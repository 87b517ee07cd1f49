from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab import processes

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environment() -> dict[str, str]:
    """The process's environment without a setting of anybody's."""
    prefixes = ("OTEL_", "ARGUS_", "PYTHON", "NO_COLOR")
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


@pytest.fixture
def python(environment: dict[str, str], tmp_path: Path) -> Run:
    """Run a Python in an empty directory; keywords are variables of its environment."""

    def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *words],
            env={**environment, **variables},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def argus(python: Run) -> Run:
    """Run ``argus-otel``, likewise."""

    # Whatever else happens to be installed here would load too, for most of the time that these tests take.
    others = {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "aiohttp-client,httpx,httpx2,logging,requests,system_metrics"}

    def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return python("-m", "argus_otel", *words, **{**others, **variables})

    return run


@pytest.fixture
def distribution(tmp_path: Path) -> Callable[..., str]:
    """Pretend that a package is installed; returns what ``PYTHONPATH`` has to be for it."""

    def pretend(name: str, version: str, entry_points: str = "", **modules: str) -> str:
        site = tmp_path / "site"
        information = site / f"{name.replace('-', '_')}-{version}.dist-info"
        information.mkdir(parents=True)
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (information / "entry_points.txt").write_text(entry_points)
        for module, source in modules.items():
            (site / f"{module}.py").write_text(source)
        return str(site)

    return pretend


@pytest.fixture
def free_port() -> int:
    return processes.free_port()


class Listener:
    """Listens on loopback, and answers every connection with the same bytes after it has read something."""

    def __init__(self, answer: bytes | None, wrap: Callable[[socket.socket], socket.socket] = lambda s: s) -> None:
        self.received: list[bytes] = []
        self._answer = answer
        self._wrap = wrap
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        kept: list[socket.socket] = []
        while True:
            try:
                connection = self._wrap(self._server.accept()[0])
            except OSError:
                if self._server.fileno() < 0:
                    break
                continue
            kept.append(connection)
            if self._answer is not None:
                self.received.append(connection.recv(65536))
                connection.sendall(self._answer)
                connection.close()
        for connection in kept:
            connection.close()

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


def http_answer(status: str, body: str = "", *headers: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", body)).encode()


# What a gRPC server begins with: an HTTP/2 SETTINGS frame with nothing in it.
GRPC = bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))


@pytest.fixture
def listen() -> Iterator[Callable[..., Listener]]:
    listeners: list[Listener] = []

    def start(answer: bytes | None, wrap: Callable[[socket.socket], socket.socket] = lambda s: s) -> Listener:
        listeners.append(Listener(answer, wrap))
        return listeners[-1]

    yield start
    for listener in listeners:
        listener.close()
