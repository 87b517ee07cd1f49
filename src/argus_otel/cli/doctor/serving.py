"""Checks the endpoint: a running program that answers there and how it is, or whether the port is free."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

from argus_otel.endpoint.targets import Target, read_targets
from argus_otel.settings import Settings
from argus_otel.terminal.findings import Finding, Status
from argus_otel.version import __version__

from .asking import Answer, Unanswered, ask, explain

_GROUP = "Endpoint"
_EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - asked, not bound
_ANOTHER = "set ARGUS_ENDPOINT_PORT to another port (0 takes any that is free), or end the other program"


class EndpointLook(NamedTuple):
    """What :func:`look_at_endpoint` found.

    Attributes
    ----------
    status:
        The document of ``/status``; empty if no program answers, or not with this token.
    """

    findings: list[Finding]
    status: Mapping[str, object]


def look_at_endpoint(settings: Settings) -> EndpointLook:
    """Check a running program by its endpoint; if none runs, serve for a moment to see whether that would work."""
    status: dict[str, object] = {}
    return EndpointLook(list(_look(settings, status)), status)


def _look(settings: Settings, status: dict[str, object]) -> Iterator[Finding]:
    if not settings.endpoint:
        yield Finding(_GROUP, "endpoint", Status.INFO, "off, by ARGUS_ENDPOINT")
        return
    yield from map(_process, _processes(settings))
    if settings.endpoint_port.first == 0:
        detail = "any port that is free: the line that the program prints at start says which"
        yield Finding(_GROUP, "endpoint", Status.INFO, detail)
        return
    endpoint = _RunningEndpoint(settings)
    try:
        health = endpoint.get("/healthz")
    except ConnectionRefusedError:
        yield _could_be_served(settings, endpoint.url)
        return
    except Unanswered as error:
        yield _could_be_served(settings, endpoint.url) if _is_range(settings) else _taken(settings, endpoint.url, error)
        return
    alive = _object(health).get("alive")
    if not isinstance(alive, bool):
        if _is_range(settings):
            yield _could_be_served(settings, endpoint.url)
            return
        server = health.headers.get("Server", "a server without a name")
        detail = f"{endpoint.url} is taken by something else: {server} answers /healthz with {health.status}"
        yield Finding(_GROUP, "endpoint", Status.FAIL, detail, _ANOTHER)
        return
    yield Finding(_GROUP, "endpoint", Status.OK, f"a program with argus-otel answers at {endpoint.url}")
    detail = str(_object(health).get("detail", "its event loop runs"))
    yield Finding(_GROUP, "alive", Status.OK if alive else Status.FAIL, detail)
    try:
        yield _readiness(endpoint.get("/readyz"))
        yield from _status(endpoint, status)
    except Unanswered as error:
        yield Finding(_GROUP, "status", Status.WARN, f"it stopped answering: {explain(error)}")


def _is_range(settings: Settings) -> bool:
    return settings.endpoint_port.first != settings.endpoint_port.last


def _processes(settings: Settings) -> list[Target]:
    named = settings.origins["service_name"].source != "the script's name"
    return [each for each in read_targets(settings) if not named or each.service == settings.service_name]


def _process(target: Target) -> Finding:
    facts = ", ".join(f"{name} {value}" for name, value in target.labels.items())
    return Finding(_GROUP, f"process {target.pid}", Status.INFO, f"{target.url}: {facts}")


class _RunningEndpoint:
    """A client of :class:`argus_otel.endpoint.Endpoint`."""

    def __init__(self, settings: Settings) -> None:
        self._host = settings.endpoint_host.strip("[]")
        self._host = _EVERYWHERE.get(self._host, self._host)
        self._port = settings.endpoint_port.first
        self._token = settings.endpoint_token
        self._tls: ssl.SSLContext | None = None
        if settings.endpoint_certificate:
            self._tls = ssl.create_default_context()
            # Reached by an address of this machine, which the certificate need not name.
            self._tls.check_hostname = False
            self._tls.verify_mode = ssl.CERT_NONE
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.url = f"{'https' if self._tls else 'http'}://{host}:{self._port}"

    def get(self, path: str) -> Answer:
        return ask(self._host, self._port, path, tls=self._tls)

    def status(self) -> Answer:
        """Get `/status`, with the token: to be called only once the server is known to be an endpoint of argus-otel."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        return ask(self._host, self._port, "/status", headers=headers, tls=self._tls)


def _could_be_served(settings: Settings, url: str) -> Finding:
    from argus_otel.endpoint import Endpoint
    from argus_otel.telemetry import PartError, Telemetry

    endpoint = Endpoint(settings, Telemetry(), None, dict)
    try:
        endpoint.start(named=False)
    except PartError as error:
        detail, _, remedy = str(error).rpartition("; ")
        return Finding(_GROUP, "endpoint", Status.FAIL, detail or str(error), remedy if detail else "")
    free = endpoint.url
    endpoint.stop()
    if free.rpartition(":")[2] == url.rpartition(":")[2]:
        return Finding(_GROUP, "endpoint", Status.OK, f"{url} is free: no program serves there yet")
    detail = f"{free} is the first of {settings.endpoint_port} that is free: something else uses those before"
    return Finding(_GROUP, "endpoint", Status.OK, detail)


def _taken(settings: Settings, url: str, error: OSError | http.client.HTTPException) -> Finding:
    if isinstance(error, ssl.SSLError):
        detail = f"{url} is taken by a server without TLS, which ARGUS_ENDPOINT_CERTIFICATE asks for"
        return Finding(
            _GROUP, "endpoint", Status.FAIL, detail, f"start the program with the same settings, or {_ANOTHER}"
        )
    if isinstance(error, (http.client.HTTPException, ConnectionError)):
        detail = f"{url} is taken by something else, which does not answer as argus-otel would ({explain(error)})"
        return Finding(_GROUP, "endpoint", Status.FAIL, detail, _ANOTHER)
    # No such name or address, or no answer: binding to it gives the error that the program would get.
    return _could_be_served(settings, url)


def _readiness(answer: Answer) -> Finding:
    facts = _object(answer)
    checks = cast("list[dict[str, object]]", facts.get("checks", []))
    waiting = [f"{check.get('name')}: {check.get('detail') or 'not yet'}" for check in checks if not check.get("ready")]
    if facts.get("ready") is True:
        only = checks[0] if len(checks) == 1 else {}
        detail = f"{only.get('name')}: {only.get('detail')}" if only.get("detail") else f"{len(checks)} checks"
        return Finding(_GROUP, "ready", Status.OK, detail)
    return Finding(_GROUP, "ready", Status.WARN, "; ".join(waiting) or str(facts.get("detail", "not yet")))


def _status(endpoint: _RunningEndpoint, facts: dict[str, object]) -> Iterator[Finding]:
    answer = endpoint.status()
    if answer.status == http.client.UNAUTHORIZED:
        detail = "the program asks for a token, and ARGUS_ENDPOINT_TOKEN is not set here, or is another"
        yield Finding(_GROUP, "status", Status.WARN, detail, "set ARGUS_ENDPOINT_TOKEN to that of the program")
        return
    facts.update(_object(answer))
    detail = f"{facts.get('service')}, argus-otel {facts.get('version')}"
    if facts.get("version") == __version__:
        yield Finding(_GROUP, "status", Status.OK, detail)
    else:
        remedy = "restart the program after an upgrade, or run the doctor of the program's own environment"
        yield Finding(_GROUP, "status", Status.WARN, f"{detail}; this is {__version__}", remedy)
    if "history" in facts:
        yield _history(cast("dict[str, Any]", facts["history"]))
    parts = cast("dict[str, dict[str, str]]", facts.get("parts", {}))
    libraries = cast("list[dict[str, object]]", facts.get("libraries", []))
    partly = any(library.get("fork") for library in libraries)
    expected = [
        name for name, part in parts.items() if partly and name[:5] == "hook:" and part.get("state") == "absent"
    ]
    if expected:
        shown = " and ".join(f"{library.get('name')} {library.get('version')}" for library in libraries)
        yield Finding(_GROUP, "library", Status.INFO, f"{shown}: {len(expected)} hooks are absent")
    for name, part in parts.items():
        status = {"failed": Status.FAIL, "absent": Status.WARN, "degraded": Status.WARN}.get(part.get("state", ""))
        if status is not None and name not in expected:
            yield Finding(_GROUP, f"part {name}", status, part.get("detail", ""))


def _history(section: dict[str, Any]) -> Finding:
    waiting = ", ".join(f"{number} in {where}" for where, number in section.get("waiting", {}).items())
    detail = (
        f"{section.get('recorded', 0):g} events, by {section.get('mode')} to {section.get('where')}; waiting: {waiting}"
    )
    dropped = ", ".join(f"{number:g} ({reason})" for reason, number in section.get("dropped", {}).items())
    if not dropped:
        return Finding(_GROUP, "history", Status.OK, detail)
    last = section.get("last_error")
    return Finding(_GROUP, "history", Status.WARN, f"{detail}; lost: {dropped}" + (f"; {last}" if last else ""))


def _object(answer: Answer) -> dict[str, object]:
    try:
        facts: object = json.loads(answer.body)
    except ValueError:
        return {}
    return cast("dict[str, object]", facts) if isinstance(facts, dict) else {}
