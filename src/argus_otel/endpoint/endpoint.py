"""The endpoint: starts and stops the server."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING

from argus_otel.settings import Settings
from argus_otel.telemetry import PartError, Telemetry

from .binding import bind, bracketed, tls
from .server import Server

if TYPE_CHECKING:
    from argus_otel.panels import Panel

    from .exposition import Metrics
    from .responses import Request, Response
    from .routes import Routes

_TICK = 0.5
"""How often the server looks for connections that have lasted too long, in seconds."""

_PAGE_FROM = 60.0
"""How long after its start the endpoint prepares for the page, in seconds: a program that starts has other work."""


class Endpoint:
    """`/metrics`, `/healthz`, `/readyz` and `/status` over HTTP or HTTPS, on a daemon thread.

    It belongs to the process that started it: in a forked child its sockets are closed, so that the port does not
    outlive the parent, and nothing is served.

    Parameters
    ----------
    settings:
        Host, port, token and certificate are read from them.
    telemetry:
        Its health is shown, and its guard takes the endpoint's own faults.
    metrics:
        The metrics of `/metrics`, or ``None`` if Prometheus is not among the exporters.
    status:
        Returns the facts of `/status`; called on a thread of the endpoint. JSON-able, and free of secrets.
    panels:
        Returns the panels of each source, for the page at `/`; called once, on a thread of the endpoint.
    """

    def __init__(
        self,
        settings: Settings,
        telemetry: Telemetry,
        metrics: Metrics | None,
        status: Callable[[], dict[str, object]],
        panels: Callable[[], Sequence[Sequence[Panel]]] = tuple,
    ) -> None:
        self._settings = settings
        self._facts = (settings, telemetry, metrics, status, panels)
        self._look = telemetry.guard.shield("endpoint page", self._keep_snapshots)
        self._page_from = monotonic() + _PAGE_FROM
        self._routes: Routes | None = None
        self._making = threading.Lock()
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end. For port 0, it has the actual port once started."""
        scheme = "https" if self._settings.endpoint_certificate else "http"
        server = self._server
        port = self._settings.endpoint_port if server is None else server.port
        return f"{scheme}://{bracketed(self._settings.endpoint_host)}:{port}"

    def start(self) -> None:
        """Listen and serve; return once the port is open. Safe to repeat.

        Raises
        ------
        PartError
            The port is in use, there is no such address, the TLS files cannot be used, or no thread can be started.
        """
        if self._server is not None:
            return
        context = tls(self._settings)
        server = bind(
            self._settings, lambda family, address: Server(family, address, context, self._respond, self._tick)
        )
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": _TICK}, name="argus-otel endpoint", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:
            server.server_close()
            raise PartError(
                f"nothing is served, since {error}: let this user or container have more threads"
            ) from error
        self._server, self._thread = server, thread
        _serving.add(self)

    @property
    def routes(self) -> Routes:
        """What answers the requests."""
        with self._making:  # one for all connections: it sees to it that there is one scrape at a time
            if self._routes is None:
                from .routes import Routes  # imported at the first request, as http.server is

                self._routes = Routes(*self._facts)
            return self._routes

    def _respond(self, request: Request) -> Response:
        return self.routes.respond(request)

    def _tick(self) -> None:
        if monotonic() >= self._page_from:
            self._look()

    def _keep_snapshots(self) -> None:
        self.routes.page.tick()

    def stop(self) -> None:
        """Close the port and every connection, whatever their clients do. Safe to repeat."""
        server, thread = self._server, self._thread
        if server is None or thread is None:
            return
        self._server = self._thread = None
        _serving.discard(self)
        server.stop()

    def drop_in_child(self) -> None:
        """After a fork, in the child: close its copies of the sockets. The parent continues to serve."""
        server, self._server, self._thread = self._server, None, None
        if server is not None:
            server.drop_in_child()


_serving: weakref.WeakSet[Endpoint] = weakref.WeakSet()


def _drop_all_in_child() -> None:
    for endpoint in list(_serving):
        endpoint.drop_in_child()
        _serving.discard(endpoint)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drop_all_in_child)
