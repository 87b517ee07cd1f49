"""One connection of a check: to one address, in one attempt, without a pool and without a proxy."""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

from argus_otel.sources.checks.errors import CheckError, ErrorType
from argus_otel.sources.checks.executor import Phases

from . import tls
from .addresses import Address, Allowed
from .resolver import Family, Resolver

_BUFFERED = 1 << 18

_NEVER = 3600.0  # the agent ends an attempt in time; asyncio's own limit must not come first

_UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a connection goes.

    Attributes
    ----------
    host:
        A name or an address.
    family:
        Of its addresses, the one that is used.
    allowed:
        Which addresses it may have.
    """

    host: str
    port: int
    family: Family = "any"
    allowed: Allowed = field(default_factory=Allowed)


class Connection(asyncio.Protocol):
    """An open connection. Close it by ``async with``."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._ended = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    async def __aenter__(self) -> Connection:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._transport is not None:
            self._transport.abort()  # without a farewell, which a server might not answer

    async def secure(self, name: str, options: tls.TlsOptions, alpn: tuple[str, ...] = ()) -> None:
        """Begin TLS.

        Parameters
        ----------
        name:
            Of the server, for SNI and its certificate.

        Raises
        ------
        CheckError
            The handshake failed.
        """
        try:
            context = tls.context(options, alpn)
        except OSError as error:
            raise CheckError(ErrorType.TLS, f"{options.ca or options.certificate} cannot be used: {error}") from error
        try:
            transport = await self._loop.start_tls(
                self._open(), self, context, server_hostname=name.strip("[]"), ssl_handshake_timeout=_NEVER
            )
        except ssl.SSLError as error:
            raise tls.failure(error) from error
        except OSError as error:
            raise CheckError(ErrorType.TLS, "the server closed the connection during the TLS handshake") from error
        if transport is None:
            raise CheckError(ErrorType.TLS, "the connection was closed during the TLS handshake")
        self._transport = transport

    @property
    def ssl_object(self) -> ssl.SSLObject | None:
        """The TLS of the connection; ``None`` without."""
        return self._open().get_extra_info("ssl_object")

    @property
    def certificate_expiry(self) -> float | None:
        """When the first certificate of the server's chain expires, in seconds since 1970; ``None`` without TLS."""
        secured = self.ssl_object
        return None if secured is None else tls.earliest_expiry(tls.chain_of(secured))

    def send(self, data: bytes) -> None:
        """Send some data. What the system does not take at once is sent while the answer is waited for."""
        self._open().write(data)

    async def receive(self) -> bytes:
        """Return what the server has sent since the last call, at least one byte; none at the end.

        Raises
        ------
        CheckError
            The connection is lost.
        """
        while not self._received and not self._ended:
            self._waiter = self._loop.create_future()
            await self._waiter
        if self._received:
            data, self._received = bytes(self._received), bytearray()
            if not self._ended:
                self._open().resume_reading()
            return data
        if isinstance(self._error, ssl.SSLError):
            raise tls.failure(self._error)
        if self._error is not None:
            reason = getattr(self._error, "strerror", None) or type(self._error).__name__
            raise CheckError(ErrorType.RESET, f"the connection was lost: {reason}")
        return b""

    def _open(self) -> asyncio.Transport:
        if self._transport is None:
            raise CheckError(ErrorType.RESET, "the connection is not open")
        return self._transport

    # -- called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Keep data until they are asked for, and not without limit."""
        self._received += data
        if len(self._received) >= _BUFFERED:
            self._open().pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """Note the end; the transport closes itself."""
        self._ended = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end, and why."""
        self._ended, self._error = True, exc
        self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


async def connect(resolver: Resolver, target: Target, phases: Phases) -> tuple[Connection, Address]:
    """Look a host up, and connect to its first address, which is returned too; the phases ``dns`` and ``connect``.

    Raises
    ------
    CheckError
        There is no address, it is not allowed, or nothing answers there.
    """
    phases.begin("dns")
    address = allowed_address(await resolver.look_up(target.host, target.family), target.allowed)
    phases.begin("connect")
    try:
        _, connection = await asyncio.get_running_loop().create_connection(Connection, str(address), target.port)
    except OSError as error:
        raise _unconnected(error) from error
    return connection, address


def allowed_address(addresses: Iterable[Address], allowed: Allowed) -> Address:
    """Return the first address.

    Raises
    ------
    CheckError
        It is not allowed (:attr:`ErrorType.BLOCKED`). Another one that is would be another service.
    """
    address = next(iter(addresses))
    refusal = allowed.refusal(address)
    if refusal is not None:
        raise CheckError(ErrorType.BLOCKED, f"the address of the host {refusal}")
    return address


def _unconnected(error: OSError) -> CheckError:
    if isinstance(error, ConnectionRefusedError):
        return CheckError(ErrorType.REFUSED, "nothing listens there: connection refused")
    if isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
        return CheckError(ErrorType.CONNECT_TIMEOUT, "the host does not answer: the system gave up connecting")
    if error.errno in _UNREACHABLE:
        return CheckError(ErrorType.UNREACHABLE, f"no way to the host: {error.strerror}")
    if isinstance(error, ConnectionError):
        return CheckError(ErrorType.RESET, f"the connection broke at once: {error.strerror}")
    return CheckError(ErrorType.OTHER, f"no connection: {error.strerror or type(error).__name__}")
