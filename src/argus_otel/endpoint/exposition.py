"""`/metrics`: what the Prometheus client library makes of a registry."""

from __future__ import annotations

import re
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from prometheus_client import CollectorRegistry
from prometheus_client import make_wsgi_app as make_app  # pyright: ignore[reportUnknownVariableType]

from .answers import Answer, Request, text

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

PATIENCE = 5.0
"""How long a scrape waits for another one to end, in seconds: half of Prometheus' default ``scrape_timeout``."""

# The client library compares versions of media types as numbers, and raises over any other.
_STRANGE_VERSION = re.compile(r"version=(?!\d+(\.\d+)*\s*([;,]|$))")


class Exposition:
    """Renders one registry, in the format and encoding that a scraper asks for.

    One scrape at a time: the collector of OpenTelemetry's Prometheus exporter hands two that run at once each other's
    metrics, so that one shows everything twice and the other nothing.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._render = cast("WSGIApplication", make_app(registry))
        self._scraping = threading.Lock()

    def answer(self, request: Request) -> Answer:
        """Return the metrics now. Whatever a collector raises passes through."""
        if not self._scraping.acquire(timeout=PATIENCE):
            line = f"another scrape has been running for more than {PATIENCE:g} s: a collector hangs or is slow"
            return text(HTTPStatus.SERVICE_UNAVAILABLE, line)
        try:
            return self._scrape(request)
        finally:
            self._scraping.release()

    def _scrape(self, request: Request) -> Answer:
        accept = request.headers.get("accept", "")
        environ = {
            # HEAD as well: the handler leaves the body out, and the library knows GET only.
            "REQUEST_METHOD": "GET",
            "PATH_INFO": request.path,
            "QUERY_STRING": request.query,
            "HTTP_ACCEPT": "" if _STRANGE_VERSION.search(accept) else accept,
            "HTTP_ACCEPT_ENCODING": request.headers.get("accept-encoding", ""),
        }
        heads: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: object = None) -> None:
            heads.append((status, headers))

        body = b"".join(self._render(environ, cast("StartResponse", start_response)))
        status, headers = heads[-1]
        return Answer(HTTPStatus(int(status.split(" ", 1)[0])), body, tuple(headers))
