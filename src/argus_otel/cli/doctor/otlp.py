"""Checks whether the OTLP endpoints accept exports."""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Iterator, Mapping
from functools import partial

from opentelemetry.util.re import parse_env_headers

from argus_otel.otel.temporality import ADVICE, PREFERENCE
from argus_otel.settings import Settings
from argus_otel.terminal.findings import Finding, Status

from .asking import Unanswered, ask, bounded, connect, explain
from .destinations import Destination, destinations

_GROUP = "OTLP"
_HEALTH_PORT = 13133

# The client's preface (RFC 9113, section 3.4) and an empty SETTINGS frame; a server begins with SETTINGS too.
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
_HEADER_LENGTH, _KIND, _SETTINGS = 9, 3, 4


def look_at_otlp(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Connect to every OTLP endpoint, sending no data of the program."""
    if settings.config_file:
        return
    found, problems = destinations(settings, environ)
    for problem in problems:
        yield Finding(
            _GROUP, "endpoint", Status.FAIL, problem, "an OTLP endpoint is a URL, such as http://localhost:4317"
        )
    if not found and not problems:
        detail = "nothing is exported by OTLP; with OTEL_EXPORTER_OTLP_ENDPOINT set, metrics, traces and logs are"
        yield Finding(_GROUP, "endpoint", Status.INFO, detail)
    for destination in found:
        wrong = _wrong_for_grafana_cloud(destination)
        if wrong is not None:
            yield wrong
            continue
        yield _look_at(destination)
        if destination.without_scheme:
            detail = f"{destination.variable} has no scheme, so that the exporter speaks TLS"
            yield Finding(
                _GROUP, "scheme", Status.WARN, detail, f"http://{destination.authority}, if that is not intended"
            )
    for host in dict.fromkeys(destination.host for destination in found):
        yield from _collector(host)
    preference = environ.get(PREFERENCE, "").strip().lower()
    if preference in ("delta", "lowmemory") and any("metrics" in destination.signals for destination in found):
        detail = f"{PREFERENCE} is {preference}: {ADVICE}"
        yield Finding(
            _GROUP, "temporality", Status.WARN, detail, f"unset {PREFERENCE}, unless one of these receives the metrics"
        )


def _wrong_for_grafana_cloud(destination: Destination) -> Finding | None:
    """Return what keeps exports from Grafana Cloud, which its gateway answers in ways that do not tell."""
    if not destination.host.endswith(".grafana.net"):
        return None
    result = partial(Finding, _GROUP, f"{destination.protocol} {', '.join(destination.signals)}", Status.FAIL)
    if destination.protocol == "grpc":
        detail = f"{destination.host} ({destination.variable}): Grafana Cloud takes OTLP over HTTP only"
        return result(detail, "set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, and /otlp at the end of the endpoint")
    if not destination.path.startswith("/otlp/"):
        detail = f"{destination.url} ({destination.variable}): Grafana Cloud takes OTLP under /otlp"
        return result(detail, f"{destination.variable}=https://{destination.host}/otlp")
    return None


def _look_at(destination: Destination) -> Finding:
    name = f"{destination.protocol} {', '.join(destination.signals)}"
    result = partial(Finding, _GROUP, name)
    try:
        tls = destination.tls_context()
    except (OSError, ssl.SSLError) as error:
        detail = f"the certificate files cannot be used: {error.strerror or error}"
        return result(Status.FAIL, detail, "see the OTEL_EXPORTER_OTLP_*CERTIFICATE and *CLIENT_KEY variables")
    try:
        status, detail, remedy = (_grpc if destination.protocol == "grpc" else _http)(destination, tls)
    except Unanswered as error:
        status, detail = Status.FAIL, explain(error)
        remedy = f"start the Collector, or set {destination.variable} to its address"
        if isinstance(error, ssl.SSLError):
            remedy = "http:// if it speaks no TLS; OTEL_EXPORTER_OTLP_CERTIFICATE names the CA of a private one"
    return result(status, f"{destination.url} ({destination.variable}): {detail}", remedy)


def _grpc(destination: Destination, tls: ssl.SSLContext | None) -> tuple[Status, str, str]:
    connected = threading.Event()

    def greet() -> bytes:
        with connect(destination.host, destination.port, tls) as connection:
            connected.set()
            connection.sendall(_PREFACE)
            answer = b""
            while len(answer) < _HEADER_LENGTH and (more := connection.recv(_HEADER_LENGTH - len(answer))):
                answer += more
            return answer

    try:
        answer = bounded(greet)
    except (TimeoutError, ConnectionResetError):
        if not connected.is_set():
            raise
        answer = b""
    if len(answer) == _HEADER_LENGTH and answer[_KIND] == _SETTINGS:
        return Status.OK, "answers", ""
    if answer.startswith(b"HTTP/1"):
        remedy = "set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, or the port to that of gRPC, which is 4317 by default"
        return Status.FAIL, "the server there speaks HTTP/1, and not gRPC", remedy
    return Status.WARN, "accepts the connection, but does not answer as gRPC does", "is it a Collector?"


def _http(destination: Destination, tls: ssl.SSLContext | None) -> tuple[Status, str, str]:
    headers = {"Content-Type": "application/x-protobuf", **parse_env_headers(destination.headers, liberal=True)}
    try:
        # An empty body is a valid export request without data.
        answer = ask(
            destination.host, destination.port, destination.path, method="POST", headers=headers, body=b"", tls=tls
        )
    except http.client.HTTPException:
        remedy = "set OTEL_EXPORTER_OTLP_PROTOCOL=grpc, or the port to that of HTTP, which is 4318 by default"
        return Status.FAIL, "the server there does not speak HTTP/1; is it gRPC?", remedy
    if answer.status < http.client.MULTIPLE_CHOICES:
        return Status.OK, "accepts an empty export", ""
    if answer.status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
        return (
            Status.FAIL,
            f"refuses with {answer.status}",
            "set OTEL_EXPORTER_OTLP_HEADERS to the credentials that it asks for",
        )
    if answer.status in (http.client.NOT_FOUND, http.client.METHOD_NOT_ALLOWED):
        remedy = "/v1/<signal> is appended to OTEL_EXPORTER_OTLP_ENDPOINT, and not to the variable of one signal"
        return Status.FAIL, f"answers {answer.status}: that path does not accept OTLP", remedy
    return Status.WARN, f"answers {answer.status} to an empty export", ""


def _collector(host: str) -> Iterator[Finding]:
    try:
        answer = ask(host, _HEALTH_PORT, "/")
    except Unanswered:
        return  # few Collectors have that extension switched on
    detail = f"its health extension at {host}:{_HEALTH_PORT} answers {answer.status}"
    yield Finding(_GROUP, "Collector", Status.OK if answer.status == http.client.OK else Status.WARN, detail)
