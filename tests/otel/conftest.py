from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from argus_otel.otel import private
from argus_otel.telemetry import Telemetry

from . import receivers

Run = Callable[..., "subprocess.CompletedProcess[str]"]

# What each program begins with. `report` prints what its parent looks at.
_PRELUDE = """
import json, logging, sys
logging.basicConfig(level=logging.WARNING, format="LOG %(levelname)s %(name)s %(message)s")
import argus_otel
from argus_otel.runtime import runtime
def report(**facts):
    parts = runtime().status()["parts"]
    print(json.dumps({"parts": {name: [part["state"], part["detail"]] for name, part in parts.items()}, **facts}))
"""


@pytest.fixture(autouse=True)
def nothing_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test finds missing in OpenTelemetry is not reported in the next one."""
    monkeypatch.setattr(private, "_missing", {})
    monkeypatch.setattr(private, "_healths", weakref.WeakSet())


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """The process's environment without a setting of anybody's; no port is opened unless a test asks for it."""
    prefixes = ("OTEL_", "ARGUS_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    return {**kept, "ARGUS_ENDPOINT": "false"}


@pytest.fixture
def program(environment: dict[str, str], tmp_path: Path) -> Run:
    """Run a program in a process of its own; keywords are variables of its environment."""

    def run(source: str, *, timeout: float = 30.0, **variables: str) -> subprocess.CompletedProcess[str]:
        script = tmp_path / "bot.py"
        script.write_text(_PRELUDE + textwrap.dedent(source))
        return subprocess.run(
            [sys.executable, str(script)],
            env={**environment, **variables},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run


@pytest.fixture
def distribution(tmp_path: Path) -> Callable[..., str]:
    """Pretend that a package is installed; returns what ``PYTHONPATH`` has to be for it."""

    def pretend(entry_points: str, source: str) -> str:
        site = tmp_path / "site"
        information = site / "stranger-1.0.dist-info"
        information.mkdir(parents=True)
        (information / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
        (information / "entry_points.txt").write_text(textwrap.dedent(entry_points))
        (site / "stranger.py").write_text(textwrap.dedent(source))
        return str(site)

    return pretend


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


@pytest.fixture
def receiver() -> Iterator[receivers.Received]:
    """A live OTLP receiver over gRPC."""
    with contextmanager(receivers.grpc_receiver)() as received:
        yield received


@pytest.fixture
def http_receiver() -> Iterator[receivers.Received]:
    """A live OTLP receiver over HTTP."""
    with contextmanager(receivers.http_receiver)() as received:
        yield received


@pytest.fixture
def silence() -> Iterator[str]:
    """The URL of an endpoint that accepts and never answers."""
    with contextmanager(receivers.silent_endpoint)() as url:
        yield url


@pytest.fixture
def refusal() -> str:
    """The URL of a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"
