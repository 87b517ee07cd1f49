from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
import trustme
from prometheus_client import CollectorRegistry, Counter

from argus_otel.endpoint import Endpoint
from argus_otel.panels import Panel
from argus_otel.settings import Settings
from argus_otel.telemetry import Telemetry


@dataclass
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Served:
    """An endpoint that is up, and a way to ask it."""

    def __init__(self, endpoint: Endpoint, telemetry: Telemetry, authority: trustme.CA | None = None) -> None:
        self.endpoint = endpoint
        self.telemetry = telemetry
        self.url = endpoint.url
        parts = urlsplit(endpoint.url)
        assert parts.hostname
        assert parts.port
        self.address = (parts.hostname, parts.port)
        self.context: ssl.SSLContext | None = None
        if authority is not None:
            self.context = ssl.create_default_context()
            authority.configure_trust(self.context)

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Reply:
        host, port = self.address
        connection = (
            http.client.HTTPSConnection(host, port, timeout=5, context=self.context)
            if self.context
            else http.client.HTTPConnection(host, port, timeout=5)
        )
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()


Serve = Callable[..., Served]


class Shown:
    """A registry as the endpoint's metrics."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry

    def text(self, encode: Callable[[CollectorRegistry], bytes], form: str) -> bytes:
        return encode(self.registry)


@pytest.fixture
def registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    Counter("songs", "Songs played.", ["genre"], registry=registry).labels("polka").inc(3)
    return registry


@pytest.fixture
def serve(registry: CollectorRegistry) -> Iterator[Serve]:
    up: list[Endpoint] = []

    def start(
        *,
        telemetry: Telemetry | None = None,
        status: Callable[[], dict[str, object]] = lambda: {"service": "jukebox"},
        authority: trustme.CA | None = None,
        metrics: CollectorRegistry | None = registry,
        panels: Callable[[], Sequence[Sequence[Panel]]] = tuple,
        **settings: object,
    ) -> Served:
        telemetry = telemetry or Telemetry()
        resolved = Settings.resolve({}, {"endpoint_port": 0, **settings})
        endpoint = Endpoint(resolved, telemetry, Shown(metrics) if metrics else None, status, panels)
        endpoint.start()
        up.append(endpoint)
        return Served(endpoint, telemetry, authority)

    yield start
    for endpoint in up:
        endpoint.stop()


@contextmanager
def running_loop() -> Iterator[object]:
    """An event loop that turns on a thread of its own."""
    import asyncio

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def loop() -> Iterator[object]:
    with running_loop() as loop:
        yield loop


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()
