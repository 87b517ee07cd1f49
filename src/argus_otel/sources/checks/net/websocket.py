"""A WebSocket: its handshake by HTTP/1.1, and the messages of the server, within a limit."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

import h11
from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from argus_otel.sources.checks.errors import CheckError, ErrorType
from argus_otel.sources.checks.executor import Phases

from . import tls
from .addresses import Address, Allowed
from .connection import Connection, Target, connect
from .http import host_header
from .portions import Portions
from .resolver import Family, Resolver

PORTS = {"ws": 80, "wss": 443}
"""The schemes of WebSockets, with their ports."""

_NORMAL = 1000  # https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
_VERSION = b"HTTP/1."


@dataclass(frozen=True, slots=True)
class WebSocketRequest:
    """What is opened.

    Attributes
    ----------
    headers:
        Names in lower case.
    subprotocols:
        What is offered, the preferred one first.
    limit:
        How much the server may send until its message is complete, in bytes, with everything between.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    subprotocols: tuple[str, ...] = ()
    family: Family = "any"
    limit: int = 1 << 20
    tls: tls.TlsOptions = field(default_factory=tls.TlsOptions)
    allowed: Allowed = field(default_factory=Allowed)


@dataclass(frozen=True, slots=True)
class Closed:
    """The server closed the WebSocket, with this code."""

    code: int


class WebSocket:
    """An open WebSocket, as :func:`opened` yields it.

    Attributes
    ----------
    address:
        To where.
    certificate_expiry:
        When the first certificate of the server's chain expires, in seconds since 1970; ``None`` without TLS.
    subprotocol:
        What the server has chosen; empty for none.
    """

    def __init__(self, connection: Connection, address: Address, limit: int) -> None:
        self.address = address
        self.certificate_expiry = connection.certificate_expiry
        self.subprotocol = ""
        self._connection = connection
        self._limit = limit
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._portions = Portions(connection)
        self._events: list[Event | CheckError] = []

    def send(self, text: str) -> None:
        """Send a text; nothing if the server has closed the WebSocket."""
        self._answer(TextMessage(data=text))

    async def receive(self) -> str | bytes | Closed:
        """Return the server's next message, or that it has closed the WebSocket.

        Raises
        ------
        CheckError
            The server does not keep to the protocol, or sends more.
        """
        parts: list[str | bytes] = []
        received = 0
        while True:
            while self._events:
                event = self._events.pop(0)
                if isinstance(event, (TextMessage, BytesMessage)):
                    parts.append(event.data if isinstance(event, TextMessage) else bytes(event.data))
                    if event.message_finished:
                        return _joined(parts)
                elif isinstance(event, CloseConnection):
                    return Closed(int(event.code))
                elif isinstance(event, Ping):
                    self._answer(event.response())
                elif isinstance(event, CheckError):
                    raise event
            received += await self._more()
            if received > self._limit:
                raise CheckError(ErrorType.SIZE, f"the server sends more than the limit of {self._limit} bytes")

    def close(self) -> None:
        """Tell the server that this side is done. Its answer is not waited for."""
        self._answer(CloseConnection(code=_NORMAL))

    def _answer(self, event: Event) -> None:
        if self._protocol.state is ConnectionState.OPEN:
            self._connection.send(self._protocol.send(event))

    async def shake_hands(self, request: WebSocketRequest, url: SplitResult, phases: Phases) -> None:
        """Open it; the phases ``send``, ``first_byte`` and ``transfer``, the last of which goes on.

        Raises
        ------
        CheckError
            The server refuses, or is none of WebSockets.
        """
        phases.begin("send")
        self._connection.send(_written(self._protocol, request, url))
        phases.begin("first_byte")
        while not self._events:  # h11 ends a response whose headers do not end
            await self._more(phases)
        event = self._events.pop(0)  # wsproto has the handshake's before any of a frame
        if isinstance(event, RejectConnection):
            raise _rejected(event.status_code)
        self.subprotocol = (event.subprotocol or "") if isinstance(event, AcceptConnection) else ""

    async def _more(self, phases: Phases | None = None) -> int:
        """Take what the server has sent; return its length.

        Parameters
        ----------
        phases:
            During the handshake only.
        """
        data = await self._portions.next()
        if not data:
            where = "without a response to the handshake" if phases else "without closing the WebSocket"
            raise CheckError(ErrorType.RESET, f"the server closed the connection {where}")
        if phases is not None and phases.now == "first_byte":
            phases.begin("transfer")
            if not _VERSION.startswith(data[: len(_VERSION)]):
                raise CheckError(ErrorType.PROTOCOL, "the response to the handshake is not HTTP/1.1")
        try:
            self._protocol.receive_data(data)
            self._events.extend(map(self._violation_or_event, self._protocol.events()))
        except (RemoteProtocolError, UnicodeDecodeError) as error:  # wsproto takes headers for ASCII
            raise CheckError(ErrorType.PROTOCOL, "the server does not speak WebSocket") from error
        return len(data)

    def _violation_or_event(self, event: Event) -> Event | CheckError:
        """Return an event, or what is wrong: wsproto reports a malformed frame as if it were the server's close."""
        if isinstance(event, CloseConnection) and self._protocol.state is not ConnectionState.REMOTE_CLOSING:
            return CheckError(ErrorType.PROTOCOL, f"the server breaks the protocol of WebSockets ({int(event.code)})")
        return event


@asynccontextmanager
async def opened(resolver: Resolver, request: WebSocketRequest, phases: Phases) -> AsyncGenerator[WebSocket]:
    """Connect, and open a WebSocket.

    The phases are ``dns``, ``connect``, ``tls``, ``send``, ``first_byte`` and ``transfer``, the last of which goes on.

    Raises
    ------
    CheckError
        It cannot be opened.
    """
    url = urlsplit(request.url)
    if url.scheme not in PORTS or not url.hostname:
        raise CheckError(ErrorType.BLOCKED, "the URL is not one of ws or wss")
    target = Target(url.hostname, url.port or PORTS[url.scheme], request.family, request.allowed)
    connection, address = await connect(resolver, target, phases)
    async with connection:
        if url.scheme == "wss":
            phases.begin("tls")
            await connection.secure(url.hostname, request.tls)
        socket = WebSocket(connection, address, request.limit)
        await socket.shake_hands(request, url, phases)
        yield socket


def _written(protocol: WSConnection, request: WebSocketRequest, url: SplitResult) -> bytes:
    headers = {"user-agent": "argus-otel", **request.headers}
    host = headers.pop("host", "") or host_header(url)
    try:
        return protocol.send(
            Request(
                host=host,
                target=(url.path or "/") + (f"?{url.query}" if url.query else ""),
                subprotocols=list(request.subprotocols),
                extra_headers=[(name.encode(), value.encode()) for name, value in headers.items()],
            )
        )
    except (h11.LocalProtocolError, LocalProtocolError, UnicodeError) as error:
        # Their own words would repeat the header, which may be a secret.
        why = "its URL or a header has a character that HTTP does not allow"
        raise CheckError(ErrorType.PROTOCOL, f"the request cannot be sent: {why}") from error


def _rejected(status: int) -> CheckError:
    if 300 <= status < 400:
        return CheckError(ErrorType.REDIRECT, f"the server redirects with status {status}, which is not followed")
    return CheckError(ErrorType.STATUS, f"the server refuses the WebSocket with status {status}")


def _joined(parts: list[str | bytes]) -> str | bytes:
    """Return a message; all its parts are texts, or none is."""
    texts = [part for part in parts if isinstance(part, str)]
    return "".join(texts) if texts else b"".join(part for part in parts if isinstance(part, bytes))
