"""The paths and their responses."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from http import HTTPStatus

from argus_otel.settings import Settings
from argus_otel.telemetry import Telemetry

from .exposition import Exposition, Metrics
from .hosts import Hosts
from .responses import HTML, Request, Response, as_json, text

LIVENESS_TIMEOUT = 0.8
"""How long `/healthz` waits for the event loop, in seconds.

Kubernetes gives a probe one second by default (``timeoutSeconds``), and the reason is lost if the
response comes later. The rest of that second is for the network and a busy interpreter.
"""

_INDEX = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>argus-otel</title></head><body>
<h1>argus-otel</h1>
<ul>
<li><a href="metrics">/metrics</a>: every metric, for Prometheus</li>
<li><a href="healthz">/healthz</a>: 200 while the process is alive and its event loop turns</li>
<li><a href="readyz">/readyz</a>: 200 if every check is ready; lists the checks</li>
<li><a href="status">/status</a>: hooks, exporters and every part that failed</li>
</ul>
</body></html>"""

_NO_SUCH_PATH = "there is nothing here; there are /metrics, /healthz, /readyz and /status"
_NO_TOKEN = "this path asks for the token in ARGUS_ENDPOINT_TOKEN, as `Authorization: Bearer <token>`"  # noqa: S105
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
    """

    def __init__(
        self,
        settings: Settings,
        telemetry: Telemetry,
        metrics: Metrics | None,
        status: Callable[[], dict[str, object]],
    ) -> None:
        self._token = settings.endpoint_token
        self._hosts = Hosts((settings.endpoint_host, *settings.endpoint_allowed_hosts))
        self._exporters = settings.metrics_exporters
        self._telemetry = telemetry
        self._exposition = Exposition(metrics) if metrics is not None else None
        self._status = status
        self._public: dict[str, Callable[[Request], Response]] = {"/healthz": self._healthz, "/readyz": self._readyz}
        self._private: dict[str, Callable[[Request], Response]] = {
            "/": self._index,
            "/metrics": self._metrics,
            "/status": self._state,
        }

    def respond(self, request: Request) -> Response:
        """Return the response to a request. A fault is counted, logged once for each path, and answered with 500."""
        path = request.path.rstrip("/") or "/"
        route = self._public.get(path) or self._private.get(path)
        if route is None:
            return text(HTTPStatus.NOT_FOUND, _NO_SUCH_PATH)
        refusal = self._refusal(request) if path in self._private else None
        if refusal is not None:
            return refusal
        answer = self._telemetry.guard.shield(f"endpoint {path}", route)(request)
        return answer or text(HTTPStatus.INTERNAL_SERVER_ERROR, _FAULT)

    def _refusal(self, request: Request) -> Response | None:
        """Return the response that refuses a request, or ``None`` if it is allowed."""
        if self._token is None:
            if self._hosts.admit(request.headers.get("host")):
                return None
            return text(HTTPStatus.MISDIRECTED_REQUEST, _NOT_THIS_HOST)
        if self._has(self._token, request):
            return None
        return text(HTTPStatus.UNAUTHORIZED, _NO_TOKEN, ("WWW-Authenticate", "Bearer"))

    def _has(self, token: str, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        # Headers arrive as Latin-1, whatever their bytes meant.
        offered = given.strip().encode("latin-1", "replace")
        return hmac.compare_digest(offered, token.encode()) and scheme.lower() == "bearer"

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

    def _index(self, _: Request) -> Response:
        return text(HTTPStatus.OK, _INDEX, content_type=HTML)

    def _json(self, status: HTTPStatus, facts: dict[str, object]) -> Response:
        return as_json(status, facts, self._telemetry.redact)
