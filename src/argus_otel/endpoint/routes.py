"""The paths and their responses."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from argus_otel.settings import Settings
from argus_otel.telemetry import Telemetry

from .exposition import Exposition, Metrics
from .hosts import Hosts
from .responses import HTML, Request, Response, as_json, text

if TYPE_CHECKING:
    from argus_otel.panels import Panel

    from .page import Page

LIVENESS_TIMEOUT = 0.8
"""How long `/healthz` waits for the event loop, in seconds.

Kubernetes gives a probe one second by default (``timeoutSeconds``), and the reason is lost if the
response comes later. The rest of that second is for the network and a busy interpreter.
"""

_NO_SUCH_PATH = "there is nothing here; there are /metrics, /healthz, /readyz and /status"
_PRIVATE = (
    "this path asks for the token in ARGUS_ENDPOINT_TOKEN, as `Authorization: Bearer <token>`; in a browser, open / "
    "and enter it as the password, with any user name"
)
_NOT_THIS_HOST = (
    "without a token, this path answers to localhost, to an IP address and to ARGUS_ENDPOINT_HOST only, and this "
    "request's Host is none of them; put its name into ARGUS_ENDPOINT_ALLOWED_HOSTS, or set ARGUS_ENDPOINT_TOKEN"
)
_FAULT = "this could not be answered; /status and the log of argus_otel say why. The program goes on."


class Routes:
    """Answers requests, each on the thread that calls.

    Parameters
    ----------
    metrics:
        The metrics of `/metrics`, or ``None`` if Prometheus is not among the exporters.
    status:
        Returns the facts of `/status`.
    panels:
        Returns the panels of each source, for the page at `/`.
    """

    def __init__(
        self,
        settings: Settings,
        telemetry: Telemetry,
        metrics: Metrics | None,
        status: Callable[[], dict[str, object]],
        panels: Callable[[], Sequence[Sequence[Panel]]] = tuple,
    ) -> None:
        self._token = settings.endpoint_token
        self._hosts = Hosts((settings.endpoint_host, *settings.endpoint_allowed_hosts))
        self._exporters = settings.metrics_exporters
        self._telemetry = telemetry
        self._exposition = Exposition(metrics) if metrics is not None else None
        self._status = status
        self._panels = panels
        self._shown: Page | None = None
        self._making = threading.Lock()
        self._public: dict[str, Callable[[Request], Response]] = {"/healthz": self._healthz, "/readyz": self._readyz}
        self._private: dict[str, Callable[[Request], Response]] = {
            "/": self._index,
            "/metrics": self._metrics,
            "/status": self._state,
        }

    def respond(self, request: Request, *, hosts: bool = True, token: bool = True) -> Response:
        """Return the response to a request. A fault is counted, logged once for each path, and answered with 500.

        Parameters
        ----------
        hosts, token:
            Whether to check the request's host, and whether to require the token. Not for an application around this
            one that does.
        """
        path = request.path.rstrip("/") or "/"
        route = self._public.get(path) or self._private.get(path)
        if route is None:
            return self.call(request) or text(HTTPStatus.NOT_FOUND, _NO_SUCH_PATH)
        refusal = self._refusal(path, request, hosts=hosts, token=token) if path in self._private else None
        if refusal is not None:
            return refusal
        answer = self._telemetry.guard.shield(f"endpoint {path}", route)(request)
        return answer or text(HTTPStatus.INTERNAL_SERVER_ERROR, _FAULT)

    def call(self, request: Request) -> Response | None:
        """Return the response to a call for a source, by whatever method; ``None`` if it is for none."""
        inbound = self._telemetry.inbound
        status = self._telemetry.guard.shield("endpoint call", lambda: inbound.answer(request.path, _token(request)))()
        return None if status is None else text(HTTPStatus(status), HTTPStatus(status).phrase)

    def _refusal(self, path: str, request: Request, *, hosts: bool, token: bool) -> Response | None:
        """Return the response that refuses a request, or ``None`` if it is allowed."""
        if self._token is None:
            if not hosts or self._hosts.admit(request.headers.get("host")):
                return None
            return text(HTTPStatus.MISDIRECTED_REQUEST, _NOT_THIS_HOST)
        if not token or hmac.compare_digest(request.token, self._token.encode()):
            return None
        # A browser can send a password, which it asks for, but no bearer token.
        challenge = 'Bearer, Basic realm="argus-otel", charset="UTF-8"' if path == "/" else "Bearer"
        return text(HTTPStatus.UNAUTHORIZED, _PRIVATE, ("WWW-Authenticate", challenge))

    def _metrics(self, request: Request) -> Response:
        if self._exposition is not None:
            return self._exposition.respond(request)
        if "prometheus" in self._exporters:
            reason = "the Prometheus exporter is not set up; /status says why, under exporter:metrics"
        else:
            chosen = ",".join(self._exporters) or "none"
            wanted = ",".join(("prometheus", *self._exporters))
            reason = f"OTEL_METRICS_EXPORTER is {chosen}, without prometheus; to have metrics here, set it to {wanted}"
        return text(HTTPStatus.NOT_FOUND, f"no metrics here: {reason}")

    def _healthz(self, _: Request) -> Response:
        if self._telemetry.health.alive(LIVENESS_TIMEOUT):
            return self._json(HTTPStatus.OK, {"alive": True})
        detail = f"the event loop gave no sign of life within {LIVENESS_TIMEOUT:g} s: something blocks it"
        return self._json(HTTPStatus.SERVICE_UNAVAILABLE, {"alive": False, "detail": detail})

    def _readyz(self, _: Request) -> Response:
        checks = self._telemetry.health.checks()
        ready = bool(checks) and all(check.ready for check in checks)
        facts: dict[str, object] = {"ready": ready}
        if not checks:
            facts["detail"] = "nothing that is observed has started in this process yet"
        facts["checks"] = [{"name": check.name, "ready": check.ready, "detail": check.detail} for check in checks]
        return self._json(HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE, facts)

    def _state(self, _: Request) -> Response:
        return self._json(HTTPStatus.OK, self._status())

    @property
    def page(self) -> Page:
        """The page at `/`."""
        with self._making:
            if self._shown is None:
                from .page import Page

                self._shown = Page(self._telemetry, self._panels(), self._status)
            return self._shown

    def _index(self, request: Request) -> Response:
        from .page.style import POLICY

        page = self.page.render(request.query).encode(errors="replace")
        return Response(HTTPStatus.OK, page, (("Content-Type", HTML), ("Content-Security-Policy", POLICY)))

    def _json(self, status: HTTPStatus, facts: dict[str, object]) -> Response:
        return as_json(status, facts, self._telemetry.redact)


def _token(request: Request) -> bytes:
    """Return the token of a call: of its header, or of its query, since some monitors and jobs can set only a URL."""
    given = parse_qs(request.query).get("token", [""])[0].encode()
    return request.token or given
