"""``websocket``: a handshake, and the server's first message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from argus_otel.sources.checks.conditions import Condition
from argus_otel.sources.checks.errors import ErrorType
from argus_otel.sources.checks.executor import Executor, Probe
from argus_otel.sources.checks.file.condition_types import CERTIFICATE, DURATION, PatternType
from argus_otel.sources.checks.file.field_types import (
    Boolean,
    FieldType,
    ListOf,
    MappingOf,
    Record,
    Text,
    option,
    size,
)
from argus_otel.sources.checks.file.websocket_conditions import CloseCodeType, StaysOpen
from argus_otel.sources.checks.net.websocket import PORTS, Closed, WebSocketRequest, opened
from argus_otel.telemetry import AttributeValue

from .http import Url, without_values
from .options import TlsConnectionOptions, certificate_facts

_NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSocketOptions(TlsConnectionOptions):
    """The options of a websocket check."""

    url: str = option(Url(PORTS, "wss://shop.example/live"), "What is opened.")
    headers: Mapping[str, str] = option(
        MappingOf(Text()), "Headers of the handshake.", default=_NO_HEADERS, secret=True
    )
    subprotocols: tuple[str, ...] = option(ListOf(Text("a subprotocol")), "What is offered, in order.", default=())
    send: str = option(Text(), "The text that is sent once the WebSocket is open.", default="", secret=True)
    read: bool = option(
        Boolean(),
        "Whether a first message of the server is waited for, or that it closes the WebSocket.",
        default=False,
    )
    limit: float = option(size(), "The largest message that is accepted.", default=1 << 20)


class WebSocketExecutor(Executor[WebSocketOptions]):
    """Opens a WebSocket."""

    type = "websocket"
    title = "a WebSocket"
    options = Record(WebSocketOptions, short="url")
    subjects: ClassVar[Mapping[str, FieldType[tuple[Condition, ...]]]] = {
        "duration": DURATION,
        "message": PatternType("message", ErrorType.ANSWER),
        "subprotocol": PatternType("subprotocol", ErrorType.ANSWER),
        "close": CloseCodeType(),
        "certificate": CERTIFICATE,
    }

    def host(self, options: WebSocketOptions) -> str:
        """Return the URL's host."""
        return urlsplit(options.url).hostname or ""

    def defaults(self, options: WebSocketOptions) -> tuple[Condition, ...]:  # noqa: ARG002 - the same for all
        """Expect a message where one is waited for."""
        return (StaysOpen(),)

    def span_attributes(self, options: WebSocketOptions) -> Mapping[str, AttributeValue]:
        """Return URL, host and port."""
        url = urlsplit(options.url)
        return {
            "url.full": without_values(options.url),
            "server.address": url.hostname or "",
            "server.port": url.port or PORTS[url.scheme],
        }

    async def run(self, probe: Probe[WebSocketOptions]) -> Mapping[str, object]:
        """Open it; the facts are address, status, subprotocol, message or close, and certificate."""
        options = probe.options
        request = WebSocketRequest(
            options.url,
            {**{name.lower(): value for name, value in options.headers.items()}, **probe.headers},
            options.subprotocols,
            options.family_of_address(),
            int(options.limit),
            options.tls(),
            options.allowed(),
        )
        async with opened(self.context.resolver, request, probe.phases) as socket:
            facts: dict[str, object] = {"address": str(socket.address), "status": 101}
            if socket.subprotocol:
                facts["subprotocol"] = socket.subprotocol
            if options.send:
                socket.send(options.send)
            if options.read:
                told = await socket.receive()
                facts.update({"close": told.code} if isinstance(told, Closed) else {"message": told})
            probe.phases.end()
            socket.close()
        return {**facts, **certificate_facts(socket.certificate_expiry)}
