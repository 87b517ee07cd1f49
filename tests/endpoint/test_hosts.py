"""Whom an endpoint without a token answers: a page of the web may point its own name at this machine."""

from __future__ import annotations

import contextlib
import socket

import pytest

from .conftest import Serve, Served

PRIVATE = ("/", "/metrics", "/status")

ADMITTED = [
    "localhost",
    "localhost:9464",
    "LOCALHOST",
    "localhost.",
    "bot.localhost:9464",
    "127.0.0.1",
    "127.0.0.1:9464",
    "10.1.2.3:9464",
    "192.0.2.1",
    "[::1]",
    "[::1]:9464",
    "[fe80::1%eth0]:9464",
]

FOREIGN = [
    "evil.example",
    "evil.example:9464",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "evillocalhost",
    "notlocalhost:9464",
    "127.1",
    "2130706433",
    "0x7f000001",
    "10.1.2.3.4",
    "",
    " ",
    ".",
    ":9464",
    "localhost:port",
    "localhost:",
    "localhost:9464:9464",
    "localhost:123456",
    "::1",
    "[::1",
    "[::1]x",
    "[localhost]",
    "[127.0.0.1]",
    "user@localhost",
    "localhost@evil.example",
    "localhost,evil.example",
    "localhost evil.example",
    "localhost/evil.example",
    "localhost\\evil.example",
    "localhost#evil.example",
    "localhost\0.evil.example",
    "löcalhost",
]


def said(served: Served, request: str) -> tuple[int, str]:
    """The status and the body of the answer to a request, as it is written here."""
    with socket.create_connection(served.address, timeout=5) as client:
        client.sendall(request.encode("latin-1"))
        read = bytearray()
        with contextlib.suppress(ConnectionResetError):
            while chunk := client.recv(65536):
                read += chunk
    head, _, body = read.decode().partition("\r\n\r\n")
    return int(head.split(" ", 2)[1]), body


def of_host(served: Served, path: str, host: str) -> tuple[int, str]:
    return said(served, f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n")


@pytest.mark.parametrize("host", ADMITTED)
def test_an_address_and_localhost_are_answered(serve: Serve, host: str) -> None:
    served = serve()
    assert [of_host(served, path, host)[0] for path in PRIVATE] == [200] * 3


@pytest.mark.parametrize("host", FOREIGN)
def test_any_other_name_is_told_what_to_set(serve: Serve, host: str) -> None:
    served = serve()
    for path in PRIVATE:
        status, body = of_host(served, path, host)
        assert status == 421
        assert "ARGUS_ENDPOINT_ALLOWED_HOSTS" in body
        assert "ARGUS_ENDPOINT_TOKEN" in body
        assert "songs" not in body
        assert "jukebox" not in body
        assert "evil" not in body


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_request_without_a_host_is_answered(serve: Serve, version: str) -> None:
    assert said(serve(), f"GET /metrics HTTP/{version}\r\n\r\n")[0] == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_may_ask_by_any_name(serve: Serve, path: str) -> None:
    assert of_host(serve(), path, "evil.example")[0] in (200, 503)


@pytest.mark.parametrize("hosts", [("localhost", "evil.example"), ("evil.example", "localhost"), ("localhost",) * 2])
@pytest.mark.parametrize("path", [*PRIVATE, "/healthz"])
def test_two_hosts_are_malformed(serve: Serve, path: str, hosts: tuple[str, str]) -> None:
    first, second = hosts
    assert said(serve(), f"GET {path} HTTP/1.1\r\nHost: {first}\r\nHost: {second}\r\n\r\n")[0] == 400


@pytest.mark.parametrize(
    ("target", "host", "status"),
    [
        ("http://localhost:9464/metrics", "evil.example", 200),
        ("HTTP://127.0.0.1/metrics", "evil.example", 200),
        ("http://localhost?x=y", "evil.example", 200),
        ("http://localhost", "evil.example", 200),
        ("http://evil.example/metrics", "localhost", 421),
        ("https://evil.example:9464/metrics", "localhost", 421),
        ("http://localhost@evil.example/metrics", "localhost", 421),
        ("http://evil.example?/metrics", "localhost", 421),
        ("http:///metrics", "localhost", 421),
        ("ftp://localhost/metrics", "localhost", 404),
    ],
)
def test_the_authority_of_an_absolute_target_counts(serve: Serve, target: str, host: str, status: int) -> None:
    assert said(serve(), f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n")[0] == status


def test_the_name_that_is_served_on_is_answered(serve: Serve) -> None:
    served = serve(endpoint_host="LocalHost")
    assert of_host(served, "/metrics", "localhost:1")[0] == 200
    name = socket.gethostname()
    with contextlib.suppress(OSError):
        socket.getaddrinfo(name, 0)
        served = serve(endpoint_host=name)
        assert of_host(served, "/metrics", f"{name.upper()}:9464")[0] == 200


@pytest.mark.parametrize("host", ["bot", "BOT:9464", "bot.internal.", "a_bot"])
def test_names_of_the_setting_are_answered(serve: Serve, host: str) -> None:
    served = serve(endpoint_allowed_hosts="Bot, bot.internal,a_bot")
    assert of_host(served, "/status", host)[0] == 200
    assert of_host(served, "/status", f"x.{host}")[0] == 421


def test_with_a_token_any_name_is_answered_to_who_has_it(serve: Serve) -> None:
    served = serve(endpoint_token="sesame")
    ask = "GET /metrics HTTP/1.1\r\nHost: evil.example\r\n"
    assert said(served, f"{ask}\r\n")[0] == 401
    assert said(served, f"{ask}Authorization: Bearer sesame\r\n\r\n")[0] == 200
