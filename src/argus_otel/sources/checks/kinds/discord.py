"""``discord``: are Discord's API and its gateway reachable. No token is needed, and no session is begun."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast
from urllib.parse import SplitResult, urlsplit

from argus_otel.sources.checks.conditions import Condition
from argus_otel.sources.checks.errors import CheckError, ErrorType
from argus_otel.sources.checks.executor import Executor, Probe
from argus_otel.sources.checks.file.condition_types import CERTIFICATE, DURATION
from argus_otel.sources.checks.file.field_types import Boolean, FieldType, Record, option
from argus_otel.sources.checks.net.http import PORTS, HttpRequest, exchange
from argus_otel.sources.checks.net.websocket import PORTS as SOCKET_PORTS
from argus_otel.sources.checks.net.websocket import Closed, WebSocketRequest, opened
from argus_otel.telemetry import AttributeValue

from .http import Url
from .options import TlsConnectionOptions, certificate_facts

_LARGEST = 1 << 16

_HELLO = 10
"""https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-opcodes"""


_LONGEST = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscordOptions(TlsConnectionOptions):
    """The options of a discord check."""

    gateway: bool = option(
        Boolean(), "Whether a WebSocket to the gateway is opened, too, until it says hello.", default=False
    )
    api: str = option(
        Url(PORTS, "https://discord.com/api/v10"),
        "The API's URL; another one for a proxy or a simulator.",
        default="https://discord.com/api/v10",
    )


class DiscordExecutor(Executor[DiscordOptions]):
    """Asks Discord's API for the gateway's URL, which needs no token, and opens it without identifying."""

    type = "discord"
    title = "Discord's API and gateway"
    options = Record(DiscordOptions)
    subjects: ClassVar[Mapping[str, FieldType[tuple[Condition, ...]]]] = {
        "duration": DURATION,
        "certificate": CERTIFICATE,
    }

    def host(self, options: DiscordOptions) -> str:
        """Return the API's host."""
        return urlsplit(options.api).hostname or ""

    def span_attributes(self, options: DiscordOptions) -> Mapping[str, AttributeValue]:
        """Return method, host and port; the path is fixed."""
        url = urlsplit(options.api)
        return {
            "http.request.method": "GET",
            "server.address": url.hostname or "",
            "server.port": url.port or PORTS[url.scheme],
        }

    async def run(self, probe: Probe[DiscordOptions]) -> Mapping[str, object]:
        """Ask; the facts are status, address, certificate and, of the gateway, heartbeat_interval in seconds."""
        options = probe.options
        request = HttpRequest(
            options.api.rstrip("/") + "/gateway",
            "GET",
            {**probe.headers, "accept": "application/json"},
            b"",
            options.family_of_address(),
            0,
            _LARGEST,
            options.tls(),
            options.allowed(),
        )
        response = await exchange(self.context.resolver, request, probe.phases)
        if response.status != 200:
            raise CheckError(ErrorType.STATUS, f"the API answers with status {response.status}")
        url = _gateway_url(response.body, urlsplit(options.api).scheme)
        expiries = [] if response.certificate_expiry is None else [response.certificate_expiry]
        facts: dict[str, object] = {"status": response.status, "address": str(response.address)}
        if options.gateway:
            interval, expiry = await self._hello(probe, url)
            facts["heartbeat_interval"] = interval
            expiries += [] if expiry is None else [expiry]
        return {**facts, **certificate_facts(min(expiries, default=None))}

    async def _hello(self, probe: Probe[DiscordOptions], url: str) -> tuple[float, float | None]:
        """Wait for the gateway's hello; return its heartbeat interval in seconds, and when its certificate expires."""
        options = probe.options
        request = WebSocketRequest(
            url,
            probe.headers,
            (),
            options.family_of_address(),
            _LARGEST,
            options.tls(),
            options.allowed(),
        )
        async with opened(self.context.resolver, request, probe.phases) as socket:
            told = await socket.receive()
            probe.phases.end()
            socket.close()
        if isinstance(told, Closed):
            raise CheckError(ErrorType.ANSWER, f"the gateway closed the connection with code {told.code}")
        return _heartbeat_interval(told), socket.certificate_expiry


def _gateway_url(body: bytes, scheme: str) -> str:
    """Return the URL that the API answers, with the version and encoding of the gateway.

    Parameters
    ----------
    scheme:
        Of the API: ``https`` is not followed by an unencrypted gateway.
    """
    url = _web_socket_url(_object(body, "the API").get("url"))
    if url is None:
        raise CheckError(ErrorType.JSON, "the API answers without the gateway's URL")
    if scheme == "https" and url.scheme != "wss":
        raise CheckError(ErrorType.BLOCKED, "the API leads from https to a gateway without TLS")
    return url._replace(path=url.path or "/", query="v=10&encoding=json", fragment="").geturl()


def _web_socket_url(told: object) -> SplitResult | None:
    """Return the parts of a WebSocket's URL; ``None`` if it is none."""
    if not isinstance(told, str):
        return None
    try:
        url = urlsplit(told)
        port = url.port
    except ValueError:
        return None
    return url if url.scheme in SOCKET_PORTS and url.hostname and port != 0 else None


def _heartbeat_interval(message: str | bytes) -> float:
    """Return the heartbeat interval that a hello has, in seconds."""
    hello = _object(message, "the gateway")
    data = hello.get("d")
    interval = cast("dict[str, Any]", data).get("heartbeat_interval") if isinstance(data, dict) else None
    if hello.get("op") != _HELLO or not isinstance(interval, (int, float)) or not 0 < interval < _LONGEST:
        raise CheckError(ErrorType.ANSWER, "the gateway's first message is no hello")
    return interval / 1000


def _object(body: str | bytes, who: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise CheckError(ErrorType.JSON, f"{who} answers something that is no JSON object")
    return cast("dict[str, Any]", found)
