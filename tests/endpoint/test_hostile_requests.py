"""Requests that no ordinary client sends: each connection gets one answer, and the endpoint goes on."""

from __future__ import annotations

import contextlib
import hmac
import logging
import re
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest
import trustme

from argus_otel.endpoint import routes
from argus_otel.endpoint.connections import MAX_CONNECTIONS
from argus_otel.endpoint.exposition import MAX_SCRAPES

from .conftest import Serve, Served
from .test_clients import serving, until
from .test_server import has_ipv6

GET = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /metrics HTTP/1.1\r\nHost: localhost\r\n"


def said(served: Served, request: bytes) -> bytes:
    with socket.create_connection(served.address, timeout=10) as client, contextlib.suppress(ConnectionError):
        client.sendall(request)
        read = bytearray()
        while chunk := client.recv(65536):
            read += chunk
        return bytes(read)
    return b""


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ((GET + b"\r\n") * 50, 200),
        (POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + GET + b"\r\n", 405),
        (POST + b"Content-Length: 4\r\nContent-Length: 40\r\n\r\nbody" + GET + b"\r\n", 405),
        (POST + b"Content-Length: -1\r\n\r\n", 405),
        (POST + b"Content-Length: 99999999999999999999999999\r\n\r\n", 405),
        (GET + b"X: a\r\n b\r\n\tc\r\n\r\n", 200),
        (GET + b"X: \0\r\n\r\n", 200),
        (b"GET /metrics\0 HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (b"GET //metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
        (b"GET /../metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (b"GET /metrics/.. HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (b"GET /%6detrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (b"GET * HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"TRACE / HTTP/1.1\r\nHost: localhost\r\nX: s3cret\r\n\r\n", 405),
        (GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n", 200),
        (GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n", 200),
        (b"GET /" + b"x" * 1_000_000 + b" HTTP/1.1\r\n\r\n", 431),
        (b"GET /metrics?" + b"name[]=songs_total&" * 1500 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
        (GET + b"Range: bytes=0-1\r\nIf-None-Match: *\r\n\r\n", 200),
        (GET + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00", 200),
    ],
)
def test_a_connection_gets_one_answer(serve: Serve, request_: bytes, status: int) -> None:
    served = serve()
    answer = said(served, request_)
    assert re.match(rb"HTTP/1\.1 %d " % status, answer)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"s3cret" not in answer
    assert served.telemetry.guard.faults == {}
    assert served.ask("/healthz").status == 200
    until(lambda: serving() == 0)


@pytest.mark.parametrize(
    "accept",
    [
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
        "text/plain;version=99.99;q=nan",
        "application/openmetrics-text;version=1.0.0;q=-1e999",
        "*/*;q=0",
        ";;;,,,===",
        "text/plain;version=" + "9" * 5000,
        "application/openmetrics-text;version=1.0.0;escaping=\\u0000",
        ", " * 5000,
    ],
    ids=range(8),
)
def test_whatever_is_accepted_there_is_a_page(serve: Serve, accept: str) -> None:
    served = serve()
    reply = served.ask("/metrics", Accept=accept)
    assert reply.status == 200
    assert "songs_total" in reply.text
    assert served.telemetry.guard.faults == {}


def test_as_many_scrapers_as_there_may_be_are_all_answered(serve: Serve) -> None:
    served = serve()
    statuses: list[int] = []

    def scrape() -> None:
        statuses.extend(served.ask("/metrics").status for _ in range(10))

    threads = [threading.Thread(target=scrape) for _ in range(MAX_SCRAPES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 10 * MAX_SCRAPES
    until(lambda: serving() == 0)


def test_hundreds_of_connections_that_come_and_go_keep_no_probe_out(serve: Serve) -> None:
    served = serve()
    with contextlib.ExitStack() as stack:
        for number in range(400):
            stack.enter_context(socket.create_connection(served.address, timeout=5))
            if number % 40 == 0:
                assert served.ask("/healthz").status == 200
        assert serving() <= MAX_CONNECTIONS + 5


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_every_interface_is_both_families(serve: Serve) -> None:
    served = serve(endpoint_host="::")
    port = served.address[1]
    for host in ("127.0.0.1", "::1"):
        served.address = (host, port)
        assert served.ask("/metrics").status == 200


class TestTLS:
    @pytest.fixture
    def served(self, serve: Serve, authority: trustme.CA, tmp_path: Path) -> Served:
        both = tmp_path / "both.pem"
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(both)
        return serve(authority=authority, endpoint_certificate=str(both))

    @pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
    def test_new_protocol_versions_are_served(self, served: Served, version: ssl.TLSVersion) -> None:
        assert served.context
        served.context.minimum_version = served.context.maximum_version = version
        assert served.ask("/metrics").status == 200

    def test_a_handshake_is_not_made_again(self, served: Served) -> None:
        host, port = served.address
        command = ["openssl", "s_client", "-tls1_2", "-connect", f"{host}:{port}"]
        asked = subprocess.run(command, input=b"R\n", capture_output=True, timeout=30, check=False)
        said = asked.stdout + asked.stderr
        assert b"RENEGOTIATING" in said
        assert re.search(rb"no renegotiation|alert handshake failure|errno", said)
        assert b"HTTP/1.1 200" not in said
        assert served.ask("/healthz").status == 200


class TestToken:
    TOKEN = "a-token-of-forty-characters-0123456789ab"

    @pytest.mark.parametrize(
        "headers",
        [
            b"",
            b"Authorization:\r\n",
            b"Authorization: Bearer\r\n",
            b"Authorization: Bearer \r\n",
            b"Authorization: %b\r\n",
            b"Authorization: Basic %b\r\n",
            b"Authorization: Bearer %b0\r\n",
            b"Authorization: Bearer %b %b\r\n",
            b"Authorization: Bearer x\r\nAuthorization: Basic %b\r\n",
            b"Authorization: Bearer %b\0\r\n",
            b"X-Authorization: Bearer %b\r\n",
            b"Cookie: token=%b\r\n",
        ],
    )
    @pytest.mark.parametrize("path", [b"/metrics", b"//status", b"/status/", b"/status?x", b"http://localhost/status"])
    def test_nothing_but_the_token_opens(
        self, serve: Serve, caplog: pytest.LogCaptureFixture, path: bytes, headers: bytes
    ) -> None:
        caplog.set_level(logging.DEBUG)
        served = serve(endpoint_token=self.TOKEN)
        filled = headers.replace(b"%b", self.TOKEN.encode())
        answer = said(served, b"GET %b HTTP/1.1\r\nHost: localhost\r\n%b\r\n" % (path, filled))
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert b"songs" not in answer
        assert b"jukebox" not in answer
        assert self.TOKEN not in caplog.text

    def test_in_the_query_it_opens_nothing(self, serve: Serve) -> None:
        assert serve(endpoint_token=self.TOKEN).ask(f"/metrics?token={self.TOKEN}").status == 401

    def test_it_is_compared_in_constant_time_whole_and_whatever_was_offered(
        self, serve: Serve, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        compared: list[tuple[bytes, bytes]] = []

        def compare(offered: bytes, right: bytes) -> bool:
            compared.append((offered, right))
            return hmac.compare_digest(offered, right)

        monkeypatch.setattr(routes, "hmac", type("Hmac", (), {"compare_digest": staticmethod(compare)}))
        served = serve(endpoint_token=self.TOKEN)
        offers = ["", "x", self.TOKEN[:-1], self.TOKEN[:-1] + "x", self.TOKEN + "x", "x" * 1000, self.TOKEN]
        statuses = [served.ask("/metrics", Authorization=f"Bearer {offer}").status for offer in offers]
        assert statuses == [401] * 6 + [200]
        assert compared == [(offer.encode(), self.TOKEN.encode()) for offer in offers]
        assert served.ask("/metrics").status == 401
        assert compared[-1] == (b"", self.TOKEN.encode())
