"""`/metrics`: all metrics, in the form of text that Prometheus' client library chooses for a scraper."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qs

from .responses import Request, Response, text

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.registry import Collector

SCRAPE_LOCK_TIMEOUT = 5.0
"""How long a scrape waits for another one to end, in seconds: half of Prometheus' default ``scrape_timeout``."""

MAX_SCRAPES = 12
"""The most scrapes that may run or wait at once: fewer than connections, since probes need some too."""

# The client library compares versions of media types as numbers, and raises over any other.
_STRANGE_VERSION = r"version=(?!\d{1,9}(\.\d{1,9})*\s*([;,]|$))"

_GZIP_LEVEL = 3
"""From 1 to 9: a higher one takes seven times as long for a response that is a sixth smaller."""


class Metrics(Protocol):
    """The metrics that are served. Exceptions of collectors pass through each of these."""

    @property
    def registry(self) -> CollectorRegistry:
        """All metrics, for requests with ``name[]``."""
        ...

    def text(self, encode: Callable[[Collector], bytes], form: str) -> bytes:
        """Return all metrics as ``encode`` writes them; ``form`` is its media type."""
        ...


class Exposition:
    """Serves metrics in the format and encoding that a scraper asks for.

    One scrape at a time: the cache is not thread-safe, and two scrapes would only wait for each other.

    The client library is imported by the first scrape, on the endpoint's thread.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._scraping = threading.Lock()
        self._asking = threading.BoundedSemaphore(MAX_SCRAPES)

    def respond(self, request: Request) -> Response:
        """Return the metrics now. Exceptions of collectors pass through."""
        if not self._asking.acquire(blocking=False):
            line = f"{MAX_SCRAPES} scrapes are running or waiting already, which is the most"
            return text(HTTPStatus.SERVICE_UNAVAILABLE, line, ("Retry-After", "1"))
        try:
            return self._in_turn(request)
        finally:
            self._asking.release()

    def _in_turn(self, request: Request) -> Response:
        if not self._scraping.acquire(timeout=SCRAPE_LOCK_TIMEOUT):
            line = (
                f"another scrape has been running for more than {SCRAPE_LOCK_TIMEOUT:g} s: a collector hangs or is slow"
            )
            return text(HTTPStatus.SERVICE_UNAVAILABLE, line)
        try:
            return self._scrape(request)
        finally:
            self._scraping.release()

    def _scrape(self, request: Request) -> Response:
        from prometheus_client.exposition import choose_encoder, gzip_accepted

        accept = request.headers.get("accept", "")
        encode, form = choose_encoder("" if re.search(_STRANGE_VERSION, accept) else accept)
        names = parse_qs(request.query).get("name[]")
        metrics = self._metrics
        body = encode(metrics.registry.restricted_registry(names)) if names else metrics.text(encode, form)
        headers = [("Content-Type", form)]
        if gzip_accepted(request.headers.get("accept-encoding", "")):
            import gzip

            body = gzip.compress(body, _GZIP_LEVEL)
            headers.append(("Content-Encoding", "gzip"))
        return Response(HTTPStatus.OK, body, tuple(headers))
