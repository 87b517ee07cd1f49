"""One unary call of gRPC on a connection of its own: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.exceptions import H2Error
from h2.settings import SettingCodes, Settings

from argus_otel.sources.checks.errors import CheckError, ErrorType
from argus_otel.sources.checks.executor import Phases

from . import tls
from .addresses import Address, Allowed
from .connection import Connection, Target, connect
from .portions import Portions
from .resolver import Family, Resolver

CODES = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
)  # fmt: skip
"""The names of the codes of a status, in their order: https://grpc.io/docs/guides/status-codes/."""

_LARGEST_MESSAGE = 1 << 12
_LARGEST_ANSWER = 1 << 18
_SETTINGS = (b"\0", None, None, b"\4", None, b"\0", b"\0", b"\0", b"\0")
"""The header of a short frame of settings, which has to be the first: https://www.rfc-editor.org/rfc/rfc9113#section-3.4."""

_PREFIX = 5  # whether a message is compressed, and its length


@dataclass(frozen=True, slots=True)
class GrpcCall:
    """What is called.

    Attributes
    ----------
    authority:
        The host and port as the file has them.
    secure:
        Whether by TLS.
    path:
        Service and method: ``/grpc.health.v1.Health/Check``.
    message:
        The request, encoded.
    timeout:
        What the server is told that it may take, in seconds.
    """

    host: str
    port: int
    authority: str
    secure: bool
    path: str
    message: bytes
    timeout: float
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    family: Family = "any"
    tls: tls.TlsOptions = field(default_factory=tls.TlsOptions)
    allowed: Allowed = field(default_factory=Allowed)


@dataclass(frozen=True, slots=True)
class GrpcAnswer:
    """The answer.

    Attributes
    ----------
    code:
        See :data:`CODES`; a server may send others.
    message:
        The response, encoded; empty unless the code is 0.
    certificate_expiry:
        When the first certificate of the server's chain expires, in seconds since 1970; ``None`` without TLS.
    """

    code: int
    message: bytes
    address: Address
    certificate_expiry: float | None


async def call(resolver: Resolver, request: GrpcCall, phases: Phases) -> GrpcAnswer:
    """Call, and wait for the answer.

    The phases are ``dns``, ``connect``, ``tls``, ``send``, ``first_byte``, which lasts until the response's headers,
    and ``transfer``.

    Raises
    ------
    CheckError
        There is no answer of gRPC.
    """
    target = Target(request.host, request.port, request.family, request.allowed)
    connection, address = await connect(resolver, target, phases)
    async with connection:
        if request.secure:
            phases.begin("tls")
            await connection.secure(request.host, request.tls, ("h2",))
        expiry = connection.certificate_expiry
        phases.begin("send")
        exchange = _Exchange(connection, phases)
        exchange.send(request)
        phases.begin("first_byte")
        code, message = await exchange.answer()
        phases.end()
    return GrpcAnswer(code, message, address, expiry)


class _Exchange:
    """The one stream of a connection."""

    def __init__(self, connection: Connection, phases: Phases) -> None:
        self._connection = connection
        self._phases = phases
        self._code: int | None = None
        self._body = bytearray()
        self._ended = False
        self._protocol = H2Connection(H2Configuration(client_side=True, header_encoding=None))
        self._protocol.local_settings = Settings(client=True, initial_values={SettingCodes.ENABLE_PUSH: 0})

    def send(self, request: GrpcCall) -> None:
        """Send the request."""
        headers = [
            (":method", "POST"),
            (":scheme", "https" if request.secure else "http"),
            (":path", request.path),
            (":authority", request.authority),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
            ("grpc-timeout", f"{min(int(request.timeout * 1000), 99_999_999)}m"),
            ("user-agent", "argus-otel"),
            *request.metadata.items(),
        ]
        prefix = b"\0" + len(request.message).to_bytes(_PREFIX - 1, "big")
        try:
            self._protocol.initiate_connection()
            stream = self._protocol.get_next_available_stream_id()
            self._protocol.send_headers(stream, headers)
            self._protocol.send_data(stream, prefix + request.message, end_stream=True)
        except H2Error as error:
            # h2's own words would repeat the metadata, which may be a secret.
            raise CheckError(ErrorType.PROTOCOL, "the call cannot be sent: HTTP/2 does not allow it") from error
        self._connection.send(self._protocol.data_to_send())

    async def answer(self) -> tuple[int, bytes]:
        """Return the code and the message."""
        portions, received, first = Portions(self._connection), 0, b""
        while not self._ended:
            portion = await portions.next()
            if not portion:
                raise CheckError(ErrorType.RESET, "the server closed the connection before its answer was complete")
            if len(first) < len(_SETTINGS):
                first += portion[: len(_SETTINGS) - len(first)]
                _require_settings(first)
            received += len(portion)
            if received > _LARGEST_ANSWER:
                raise CheckError(ErrorType.SIZE, "the server sends frames without end")
            self._take(portion)
        if self._code is None:
            raise CheckError(ErrorType.PROTOCOL, "the answer ends without a status of gRPC")
        return self._code, self._message() if self._code == 0 else b""

    def _take(self, portion: bytes) -> None:
        try:
            events = self._protocol.receive_data(portion)
        except H2Error as error:
            raise CheckError(ErrorType.PROTOCOL, "the server breaks the rules of HTTP/2") from error
        for event in events:
            self._on(event)
            if self._ended:
                return
        self._connection.send(self._protocol.data_to_send())

    def _on(self, event: Event) -> None:
        if isinstance(event, ResponseReceived):
            self._phases.begin("transfer")
            headers = dict(_pairs(event.headers))
            _require_grpc(headers)
            self._note_code(headers)
        elif isinstance(event, TrailersReceived):
            self._note_code(dict(_pairs(event.headers)))
        elif isinstance(event, DataReceived):
            self._body += event.data
            if len(self._body) > _LARGEST_MESSAGE:
                raise CheckError(ErrorType.SIZE, f"the answer is larger than {_LARGEST_MESSAGE} bytes")
        elif isinstance(event, StreamEnded):
            self._ended = True
        elif isinstance(event, StreamReset):
            raise CheckError(ErrorType.RESET, f"the server reset the call: {_error_name(event.error_code)}")
        elif isinstance(event, ConnectionTerminated):
            # One that is shutting down may still answer, but h2 takes nothing after it.
            raise CheckError(ErrorType.RESET, f"the server ends its connections: {_error_name(event.error_code)}")

    def _note_code(self, headers: Mapping[bytes, bytes]) -> None:
        written = headers.get(b"grpc-status")
        if written is None:
            return
        if not written.isdigit() or len(written) > 9:
            raise CheckError(ErrorType.PROTOCOL, "the status of gRPC is no number")
        self._code = int(written)

    def _message(self) -> bytes:
        """Return the one message without its prefix."""
        length = int.from_bytes(self._body[1:_PREFIX], "big")
        if len(self._body) < _PREFIX or self._body[0] != 0 or len(self._body) != _PREFIX + length:
            raise CheckError(ErrorType.PROTOCOL, "the answer is not one message without compression")
        return bytes(self._body[_PREFIX:])


def _pairs(headers: Iterable[tuple[bytes | str, bytes | str]] | None) -> Iterable[tuple[bytes, bytes]]:
    for name, value in headers or ():
        yield _bytes(name), _bytes(value)


def _bytes(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _require_settings(first: bytes) -> None:
    """Look at the bytes of the first frame's header; h2 would wait for as many as a text's letters make a length."""
    if any(known is not None and first[at : at + 1] not in (known, b"") for at, known in enumerate(_SETTINGS)):
        what = "speaks HTTP/1.1, not HTTP/2" if first.startswith(b"HTTP/1.") else "does not speak HTTP/2"
        raise CheckError(ErrorType.PROTOCOL, f"the server {what}")


def _require_grpc(headers: Mapping[bytes, bytes]) -> None:
    status = headers.get(b":status", b"")
    if status != b"200":
        shown = status.decode("ascii") if status.isdigit() and len(status) == 3 else "that there is not"
        raise CheckError(ErrorType.STATUS, f"the server answers with the HTTP status {shown}")
    if not headers.get(b"content-type", b"").startswith(b"application/grpc"):
        raise CheckError(ErrorType.PROTOCOL, "the server speaks HTTP/2, but not gRPC")


def _error_name(code: ErrorCodes | int | None) -> str:
    return code.name if isinstance(code, ErrorCodes) else "an unknown error"
