"""The endpoint: starts and stops the server."""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING

from argus_otel.settings import Settings
from argus_otel.telemetry import PartError, State, Telemetry

from .binding import bind, bracketed, tls
from .server import Server
from .targets import OwnTarget, read_targets

if TYPE_CHECKING:
    from argus_otel.panels import Panel

    from .exposition import Metrics
    from .responses import Request, Response
    from .routes import Routes

_log = logging.getLogger("argus_otel")

_PUBLIC = (
    "argus-otel: the endpoint is served on the port of %s, which hosting platforms open to everyone, and "
    "ARGUS_ENDPOINT_TOKEN is not set: everyone may read /metrics and /status. Set a token."
)

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
        self._telemetry = telemetry
        self._own: OwnTarget | None = None
        self._facts = (settings, telemetry, metrics, status, panels)
        self._look = telemetry.guard.shield("endpoint page", self._keep_snapshots)
        self._page_from = monotonic() + _PAGE_FROM
        self._routes: Routes | None = None
        self._making = threading.Lock()
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def target(self) -> str:
        """Host and port by which a scraper on this machine reaches it."""
        host = self._settings.endpoint_host.strip("[]")
        host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - asked, not bound
        return f"{bracketed(host)}:{self.url.rpartition(':')[2]}"

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end. It has the actual port once started."""
        scheme = "https" if self._settings.endpoint_certificate else "http"
        server = self._server
        port = self._settings.endpoint_port.first if server is None else server.port
        return f"{scheme}://{bracketed(self._settings.endpoint_host)}:{port}"

    def start(self, *, named: bool = True) -> None:
        """Listen and serve; return once the port is open. Safe to repeat.

        Parameters
        ----------
        named:
            Whether discovery may find it: a file names it in ``ARGUS_ENDPOINT_TARGETS``.

        Raises
        ------
        PartError
            The port is in use, there is no such address, the TLS files cannot be used, or no thread can be started.
        """
        if self._server is not None:
            return
        context = tls(self._settings)
        server = bind(
            self._settings,
            lambda family, address: Server(family, address, context, self._respond, self._call, self._tick),
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
        if named:
            self._name_target()
        port = self._settings.origins.get("endpoint_port")
        if self._settings.endpoint_token is None and port is not None and port.source in ("PORT", "SERVER_PORT"):
            _log.warning(_PUBLIC, port.source)

    def _name_target(self) -> None:
        health = self._telemetry.health
        try:
            self._own = OwnTarget(self._settings, self.target, health.labels)
        except PartError as error:
            asked = self._settings.endpoint_targets is not None
            health.report("endpoint targets", State.FAILED if asked else State.OFF, str(error))

    def processes(self) -> list[dict[str, object]]:
        """Return the processes of this service on this machine, by their files, for `/status`."""
        return [
            {"url": target.url, "pid": target.pid, **target.labels}
            for target in read_targets(self._settings)
            if target.service == self._settings.service_name
        ]

    def forget_target(self) -> None:
        """Remove the file for discovery: the process is ending. Safe to repeat."""
        if self._own is not None:
            self._own.remove()

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

    def _call(self, request: Request) -> Response | None:
        return self.routes.call(request)

    def _tick(self) -> None:
        own = self._own
        if own is not None:
            self._telemetry.attempt("endpoint targets", own.tick)
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
        self.forget_target()
        server.stop()

    def drop_in_child(self) -> None:
        """After a fork, in the child: close its copies of the sockets. The parent continues to serve."""
        server, self._server, self._thread = self._server, None, None
        own, self._own = self._own, None
        if own is not None:
            own.drop_in_child()
        if server is not None:
            server.drop_in_child()


_serving: weakref.WeakSet[Endpoint] = weakref.WeakSet()


def _drop_all_in_child() -> None:
    for endpoint in list(_serving):
        endpoint.drop_in_child()
        _serving.discard(endpoint)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drop_all_in_child)
