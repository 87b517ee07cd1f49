"""HTTP exchanges with real services on loopback: what each phase takes, and what each fault is called."""

from __future__ import annotations

import asyncio
import datetime
import gzip
import socket
import ssl
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trustme

from argus_otel.sources.checks.errors import CheckError, ErrorType
from argus_otel.sources.checks.executor import Phases
from argus_otel.sources.checks.net.addresses import Allowed
from argus_otel.sources.checks.net.http import HttpRequest, HttpResponse, exchange
from argus_otel.sources.checks.net.resolver import Resolver
from argus_otel.sources.checks.net.tls import TlsOptions

from .services import Answering, Talk, http, service

OK = http(b"ready")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def secured(authority: trustme.CA, *names: str, **more: Any) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names, **more).configure_cert(context)
    return context


async def requested(url: str, phases: Phases | None = None, timeout: float = 5, **more: Any) -> HttpResponse:
    resolver = Resolver(4)
    try:
        return await asyncio.wait_for(exchange(resolver, HttpRequest(url, **more), phases or Phases()), timeout)
    finally:
        resolver.close()


def answer(talk: Talk, context: ssl.SSLContext | None = None, host: str = "127.0.0.1", **more: Any) -> HttpResponse:
    """Return the response of a service to one request."""

    async def go() -> HttpResponse:
        async with service(talk, context) as port:
            scheme = "http" if context is None else "https"
            return await requested(f"{scheme}://{host}:{port}{more.pop('path', '/')}", **more)

    return asyncio.run(go())


def fault(talk: Talk, context: ssl.SSLContext | None = None, host: str = "127.0.0.1", **more: Any) -> CheckError:
    """Return what is wrong with a service."""
    with pytest.raises(CheckError) as raised:
        answer(talk, context, host, **more)
    return raised.value


def test_a_response_has_status_headers_and_body() -> None:
    talk = Answering(http(b"ready", "503 No", "x-version: 7", "Set-Cookie: a=1", "Set-Cookie: b=2"))
    response = answer(talk, headers={"authorization": "Bearer x"}, path="/health?key=1")
    assert (response.status, response.body, response.redirects) == (503, b"ready", 0)
    assert response.headers["x-version"] == "7"
    assert response.headers["set-cookie"] == "a=1, b=2"
    assert str(response.address) == "127.0.0.1"
    (head,) = talk.heads
    assert head.startswith("GET /health?key=1 HTTP/1.1\r\n")
    assert "authorization: bearer x" in head.lower()


@pytest.mark.parametrize("delay", [0.0, 0.15])
def test_phases_tell_where_the_time_was_spent(delay: float) -> None:
    async def slow_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(delay)
        writer.write(OK[:-3])
        await writer.drain()
        await asyncio.sleep(2 * delay)
        writer.write(OK[-3:])

    phases = Phases()
    begun = time.perf_counter()
    answer(slow_body, phases=phases)
    assert list(phases.seconds) == ["dns", "connect", "send", "first_byte", "transfer"]
    assert phases.total <= time.perf_counter() - begun
    assert delay <= phases.seconds["first_byte"] < delay + 0.1
    assert 2 * delay <= phases.seconds["transfer"] < 2 * delay + 0.1


def test_tls_is_a_phase_and_the_certificate_has_an_expiry(authority: trustme.CA, ca: str) -> None:
    phases = Phases()
    context = secured(authority, "localhost")
    response = answer(Answering(OK), context, "localhost", phases=phases, tls=TlsOptions(ca), family="ipv4")
    assert list(phases.seconds) == ["dns", "connect", "tls", "send", "first_byte", "transfer"]
    assert response.certificate_expiry is not None
    assert response.certificate_expiry > time.time()


async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(OK[:10])
    await writer.drain()
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.transport.abort()


def always(data: bytes) -> Talk:
    """Sends the same without end."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(data)
            await writer.drain()

    return talk


@pytest.mark.parametrize(
    ("talk", "error_type", "told"),
    [
        (Answering(b"SSH-2.0-OpenSSH_9.6\r\n"), ErrorType.PROTOCOL, "not HTTP"),
        (says_nothing, ErrorType.RESET, "without a response"),
        (Answering(OK[:-2]), ErrorType.RESET, "in the midst"),
        (Answering(b"HTTP/1.1 200"), ErrorType.RESET, "without a response"),
        (resets, ErrorType.RESET, "lost"),
        (always(b"x-more: 1\r\n"), ErrorType.PROTOCOL, "headers do not end"),
        (always(b"\r\n" + b"x" * 4096), ErrorType.SIZE, "larger than the limit of 1048576 bytes"),
        (
            Answering(http(gzip.compress(b"x" * 10_000_000), "200 OK", "content-encoding: gzip")),
            ErrorType.SIZE,
            "once it is decompressed",
        ),
        (Answering(http(b"not gzip", "200 OK", "content-encoding: gzip")), ErrorType.PROTOCOL, "not compressed"),
    ],
    ids=["ssh", "silent", "half a body", "half a head", "reset", "endless head", "endless body", "bomb", "no gzip"],
)
def test_each_fault_of_a_service_has_a_name(talk: Talk, error_type: ErrorType, told: str) -> None:
    error = fault(talk)
    assert error.error_type is error_type
    assert told in error.detail


def test_a_compressed_body_is_read_within_the_limit() -> None:
    body = gzip.compress(b"x" * 100_000)
    assert answer(Answering(http(body, "200 OK", "content-encoding: gzip"))).body == b"x" * 100_000


def test_nothing_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(CheckError) as raised:
            asyncio.run(requested(f"http://127.0.0.1:{taken.getsockname()[1]}/"))
    assert raised.value.error_type is ErrorType.REFUSED


def test_a_name_without_address() -> None:
    with pytest.raises(CheckError) as raised:
        asyncio.run(requested("http://no-such-host.invalid/", timeout=60))
    assert raised.value.error_type in (ErrorType.DNS, ErrorType.DNS_TIMEOUT)


@pytest.mark.parametrize(
    ("names", "more", "trusted", "error_type"),
    [
        (("localhost",), {}, False, ErrorType.CERTIFICATE_UNTRUSTED),
        (("other.example",), {}, True, ErrorType.CERTIFICATE_NAME),
        (("localhost",), {"expired": True}, True, ErrorType.CERTIFICATE_EXPIRED),
    ],
    ids=["untrusted", "another name", "expired"],
)
def test_each_fault_of_a_certificate_has_a_name(
    authority: trustme.CA, ca: str, names: tuple[str, ...], more: dict[str, Any], trusted: bool, error_type: ErrorType
) -> None:
    if more.pop("expired", False):
        more["not_after"] = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    options = TlsOptions(ca if trusted else "")
    error = fault(Answering(OK), secured(authority, *names, **more), "localhost", tls=options, family="ipv4")
    assert error.error_type is error_type


def test_a_certificate_that_is_not_verified_still_tells_its_expiry(authority: trustme.CA) -> None:
    options = TlsOptions(verify=False)
    response = answer(Answering(OK), secured(authority, "other.example"), "localhost", tls=options, family="ipv4")
    assert response.certificate_expiry


async def answers_whatever_comes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(http(b"", "400 Bad Request"))


def test_tls_where_none_is_spoken() -> None:
    async def go() -> None:
        async with service(answers_whatever_comes) as port:
            await requested(f"https://127.0.0.1:{port}/")

    with pytest.raises(CheckError) as raised:
        asyncio.run(go())
    assert raised.value.error_type is ErrorType.TLS


def test_no_tls_where_it_is_spoken(authority: trustme.CA) -> None:
    async def go() -> None:
        async with service(Answering(OK), secured(authority, "localhost")) as port:
            await requested(f"http://127.0.0.1:{port}/")

    with pytest.raises(CheckError) as raised:
        asyncio.run(go())
    assert raised.value.error_type is ErrorType.RESET


def redirects(location: Callable[[int], str], status: str = "302 Found") -> Callable[[str], Coroutine[Any, Any, Any]]:
    """Return a coroutine function that requests a service that redirects each request but those for /end."""

    async def go(start: str, **more: Any) -> tuple[HttpResponse, list[str]]:
        heads: list[str] = []

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            heads.append(head)
            ends = head.split()[1] == "/end"
            writer.write(OK if ends else http(b"", status, f"location: {location(port)}"))

        async with service(talk) as port:
            return await requested(f"http://127.0.0.1:{port}{start}", **more), heads

    return go


def test_redirects_are_followed_as_far_as_allowed() -> None:
    response, heads = asyncio.run(redirects(lambda _: "/end")("/start", redirects=1))
    assert (response.status, response.redirects, len(heads)) == (200, 1, 2)
    response, _ = asyncio.run(redirects(lambda _: "/end")("/start"))
    assert (response.status, response.redirects) == (302, 0)
    with pytest.raises(CheckError) as raised:
        asyncio.run(redirects(lambda _: "/again")("/start", redirects=3))
    assert raised.value.error_type is ErrorType.REDIRECT


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://127.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[::"]
)
def test_a_redirect_leads_to_nothing_that_is_not_allowed(location: str) -> None:
    with pytest.raises(CheckError) as raised:
        asyncio.run(redirects(lambda _: location)("/", redirects=5))
    assert raised.value.error_type in (ErrorType.BLOCKED, ErrorType.REDIRECT)


@pytest.mark.parametrize("request_", [{"path": "/ü"}, {"headers": {"x-name": "ü"}}], ids=["path", "header"])
def test_what_is_not_ascii_is_told_before_it_is_sent(request_: dict[str, Any]) -> None:
    error = fault(Answering(OK), **request_)
    assert error.error_type is ErrorType.PROTOCOL
    assert "ü" not in error.detail


def test_a_redirect_to_a_path_that_is_not_ascii_is_no_fault_of_the_executor() -> None:
    with pytest.raises(CheckError) as raised:
        asyncio.run(redirects(lambda _: "/\xfc")("/", redirects=1))
    assert raised.value.error_type is ErrorType.PROTOCOL


def test_a_redirect_to_another_origin_gets_no_authorization() -> None:
    secret = {"authorization": "Bearer secret", "cookie": "secret", "x-plain": "kept"}
    go = redirects(lambda port: f"http://localhost:{port}/end")
    _, (first, second) = asyncio.run(go("/", redirects=1, headers=secret))
    assert "secret" in first
    assert "secret" not in second
    assert "x-plain: kept" in second.lower()


def test_a_redirect_after_post_is_a_get() -> None:
    go = redirects(lambda _: "/end", "303 See Other")
    _, (first, second) = asyncio.run(go("/", redirects=1, method="POST", body=b"x=1"))
    assert first.startswith("POST")
    assert second.startswith("GET")
    assert "content-length" not in second.lower()


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1", Allowed(private=False)),
        ("[::ffff:127.0.0.1]", Allowed(private=False)),
        ("[::1]", Allowed(private=False)),
        ("localhost", Allowed(private=False)),
        ("169.254.169.254", Allowed()),
        ("[::ffff:169.254.169.254]", Allowed()),
        ("[fe80::1]", Allowed()),
        ("[fd00:ec2::254]", Allowed()),
        ("10.0.0.1", Allowed(private=False)),
        ("100.64.0.1", Allowed(private=False)),
        ("0.0.0.0", Allowed()),  # noqa: S104 - refused
        ("224.0.0.1", Allowed()),
    ],
)
def test_addresses_that_are_not_allowed_are_not_connected_to(host: str, allowed: Allowed) -> None:
    with pytest.raises(CheckError) as raised:
        asyncio.run(requested(f"http://{host}:1/", allowed=allowed))
    assert raised.value.error_type is ErrorType.BLOCKED


def test_a_family_is_kept_to() -> None:
    async def go(host: str, literal: str, family: str) -> HttpResponse:
        async with service(Answering(OK), host=host) as port:
            return await requested(f"http://{literal}:{port}/", family=family)

    assert asyncio.run(go("127.0.0.1", "localhost", "ipv4")).status == 200
    if socket.has_dualstack_ipv6():
        assert asyncio.run(go("::1", "[::1]", "ipv6")).status == 200
        with pytest.raises(CheckError) as raised:
            asyncio.run(go("::1", "[::1]", "ipv4"))
        assert raised.value.error_type is ErrorType.DNS


def test_a_header_that_cannot_be_sent_is_not_repeated_in_the_message() -> None:
    error = fault(Answering(OK), headers={"authorization": "Bearer sec\nret"})
    assert error.error_type is ErrorType.PROTOCOL
    assert "ret" not in error.detail.replace("character", "")


def test_no_file_descriptor_is_left() -> None:
    async def go() -> int:
        async with service(Answering(OK)) as port, service(resets) as resetting, service(says_nothing) as silent:
            for number in range(60):
                for each in (port, resetting, silent):
                    with suppress(CheckError):
                        await requested(f"http://127.0.0.1:{each}/")
                if number == 9:
                    await asyncio.sleep(0.05)
                    before = len(list(Path("/proc/self/fd").iterdir()))
            await asyncio.sleep(0.05)
            return len(list(Path("/proc/self/fd").iterdir())) - before

    if Path("/proc/self/fd").exists():
        assert abs(asyncio.run(go())) <= 2
