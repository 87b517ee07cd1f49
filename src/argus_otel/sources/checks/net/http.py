"""One HTTP/1.1 exchange after another, until one is no redirect; every phase is timed."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import SplitResult, urljoin, urlsplit

import h11

from argus_otel.sources.checks.errors import CheckError, ErrorType
from argus_otel.sources.checks.executor import Phases

from . import tls
from .addresses import Address, Allowed
from .connection import Connection, Target, connect
from .resolver import Family, Resolver

PORTS = {"http": 80, "https": 443}
"""The schemes that can be requested, with their ports."""

split_url = lru_cache(maxsize=20_000)(urlsplit)
"""Splits a URL as :func:`urllib.parse.urlsplit` does, which remembers 128: a check has the same URL in each run."""

_REDIRECTS = (301, 302, 303, 307, 308)
_VERSION = b"HTTP/1."
_SECRETS = ("authorization", "cookie", "proxy-authorization")


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request, and how it may be answered.

    Attributes
    ----------
    headers:
        Names in lower case.
    redirects:
        How many redirects are followed; 0 takes the first response as the answer.
    limit:
        The largest body, in bytes, before and after decompression.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    family: Family = "any"
    redirects: int = 0
    limit: int = 1 << 20
    tls: tls.TlsOptions = field(default_factory=tls.TlsOptions)
    allowed: Allowed = field(default_factory=Allowed)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """The last response.

    Attributes
    ----------
    headers:
        Names in lower case; a header that came more than once is joined by commas.
    address:
        From where.
    certificate_expiry:
        When the first certificate of the server's chain expires, in seconds since 1970; ``None`` without TLS.
    redirects:
        How many redirects led to it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    address: Address
    certificate_expiry: float | None
    redirects: int


Redirected: TypeAlias = "Callable[[HttpResponse, HttpRequest], Mapping[str, str]]"
"""See :func:`exchange`."""


async def exchange(
    resolver: Resolver, request: HttpRequest, phases: Phases, redirected: Redirected = lambda _response, _request: {}
) -> HttpResponse:
    """Request, and follow redirects as far as the request allows it.

    The phases are ``dns``, ``connect``, ``tls``, ``send``, ``first_byte`` and ``transfer``, each the sum over all
    exchanges.

    Parameters
    ----------
    redirected:
        Called with each redirect that is followed, and with the request that it leads to; returns headers that take the
        place of that request's.

    Raises
    ------
    CheckError
        There is no response, or it leads somewhere that is not allowed.
    """
    followed = 0
    while True:
        response = await _once(resolver, request, phases, followed)
        location = response.headers.get("location", "")
        if not request.redirects or response.status not in _REDIRECTS or not location:
            return response
        if followed == request.redirects:
            raise CheckError(ErrorType.REDIRECT, f"it redirects more than {request.redirects} times")
        request = _redirected(request, response.status, location)
        request = replace(request, headers={**request.headers, **redirected(response, request)})
        followed += 1


async def _once(resolver: Resolver, request: HttpRequest, phases: Phases, followed: int) -> HttpResponse:
    url = split_url(request.url)
    if url.scheme not in PORTS or not url.hostname:
        raise CheckError(ErrorType.BLOCKED, "the URL is not one of http or https")
    target = Target(url.hostname, url.port or PORTS[url.scheme], request.family, request.allowed)
    connection, address = await connect(resolver, target, phases)
    async with connection:
        if url.scheme == "https":
            phases.begin("tls")
            await connection.secure(url.hostname, request.tls)
        expiry = connection.certificate_expiry
        phases.begin("send")
        protocol = h11.Connection(h11.CLIENT)
        connection.send(_written(protocol, request, url))
        phases.begin("first_byte")
        status, headers, body = await _read(protocol, connection, request, phases)
        phases.end()
    return HttpResponse(status, headers, _decompressed(body, headers, request.limit), address, expiry, followed)


def _written(protocol: h11.Connection, request: HttpRequest, url: SplitResult) -> bytes:
    headers = {
        "host": host_header(url),
        "user-agent": "argus-otel",
        "accept": "*/*",
        "accept-encoding": "identity",
        "connection": "close",
        **request.headers,
    }
    if request.body:
        headers["content-length"] = str(len(request.body))
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    try:
        head = h11.Request(method=request.method, target=target, headers=list(headers.items()))
    except (h11.LocalProtocolError, UnicodeError) as error:
        # h11's own words would repeat the header, which may be a secret.
        why = "its URL or a header has a character that HTTP does not allow"
        raise CheckError(ErrorType.PROTOCOL, f"the request cannot be sent: {why}") from error
    parts = [protocol.send(head)]
    if request.body:
        parts.append(protocol.send(h11.Data(data=request.body)))
    parts.append(protocol.send(h11.EndOfMessage()))
    return b"".join(part for part in parts if part)


def host_header(url: SplitResult) -> str:
    """Return the value of the header ``Host``."""
    host = url.hostname or ""
    named = f"[{host}]" if ":" in host else host
    return named if url.port is None else f"{named}:{url.port}"


async def _read(
    protocol: h11.Connection, connection: Connection, request: HttpRequest, phases: Phases
) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body."""
    status, headers, body = 0, dict[str, str](), bytearray()
    while True:
        try:
            event = protocol.next_event()
        except h11.RemoteProtocolError as error:
            raise _not_http(error, ended=protocol.trailing_data[1], begun=bool(status)) from error
        if event is h11.NEED_DATA:
            data = await connection.receive()
            if phases.now == "first_byte" and data:
                phases.begin("transfer")
                if not _VERSION.startswith(data[: len(_VERSION)]):
                    raise CheckError(ErrorType.PROTOCOL, "the response is not HTTP/1.1")
            protocol.receive_data(data)
        elif isinstance(event, h11.Response):
            status, headers = event.status_code, _joined(event.headers)
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > request.limit:
                raise CheckError(ErrorType.SIZE, f"the body is larger than the limit of {request.limit} bytes")
        elif isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)):
            return status, headers, bytes(body)


def _not_http(error: h11.RemoteProtocolError, *, ended: bool, begun: bool) -> CheckError:
    if ended:
        where = "in the midst of its response" if begun else "without a response"
        return CheckError(ErrorType.RESET, f"the server closed the connection {where}")
    if error.error_status_hint == 431:
        return CheckError(ErrorType.PROTOCOL, "the response's headers do not end, or are too long")
    return CheckError(ErrorType.PROTOCOL, "the response is not HTTP/1.1")


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for raw, value in headers:
        name, text = raw.decode("latin-1").lower(), value.decode("latin-1")
        found[name] = f"{found[name]}, {text}" if name in found else text
    return found


def _decompressed(body: bytes, headers: Mapping[str, str], limit: int) -> bytes:
    """Return the body as it was before compression. Servers compress though they are asked not to."""
    if headers.get("content-encoding", "").strip().lower() not in ("gzip", "x-gzip", "deflate") or not body:
        return body
    try:
        inflate = zlib.decompressobj(wbits=47)  # 32 + 15: gzip or zlib, by its head
        plain = inflate.decompress(body, limit + 1)
    except zlib.error as error:
        raise CheckError(ErrorType.PROTOCOL, "the body is not compressed as its header says") from error
    if len(plain) > limit:
        raise CheckError(ErrorType.SIZE, f"the body is larger than the limit of {limit} bytes once it is decompressed")
    return plain


def _redirected(request: HttpRequest, status: int, location: str) -> HttpRequest:
    """Return the request that a redirect asks for.

    Raises
    ------
    CheckError
        It leads to another scheme than http and https, from https to http, or nowhere.
    """
    before = urlsplit(request.url)
    try:
        url = urljoin(request.url, location)
        after = urlsplit(url)
        same = _origin(before) == _origin(after)
    except ValueError as error:
        raise CheckError(ErrorType.REDIRECT, "it redirects to something that is no URL") from error
    if after.scheme not in PORTS:
        raise CheckError(ErrorType.BLOCKED, "it redirects to a scheme that is neither http nor https")
    if before.scheme == "https" and after.scheme == "http":
        raise CheckError(ErrorType.BLOCKED, "it redirects from https to http")
    headers = {name: value for name, value in request.headers.items() if same or name not in _SECRETS}
    as_get = status == 303 or (status in (301, 302) and request.method == "POST")
    if as_get and request.method not in ("GET", "HEAD"):
        return replace(request, url=url, method="GET", body=b"", headers=headers)
    return replace(request, url=url, headers=headers)


def _origin(url: SplitResult) -> tuple[str, str, int]:
    return url.scheme, (url.hostname or "").lower(), url.port or PORTS.get(url.scheme, 0)
