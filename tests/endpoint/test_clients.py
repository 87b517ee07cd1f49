"""Clients that hold a connection: by half a request, by an answer that they do not read, by going on asking."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import trustme
from prometheus_client import CollectorRegistry, Gauge

from argus_otel import testing
from argus_otel.endpoint.connections import MAX_CONNECTIONS

from .conftest import Serve, Served

HALF_REQUESTS = {
    "nothing": b"",
    "half a request line": b"GET /metr",
    "headers without an end": b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n",
    "a body that does not come": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n",
    "half a body": b"PUT /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nhalf",
    "a body of terabytes": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999999999\r\n\r\n",
    "half a chunk": b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\nhalf",
    "a body to be asked for": (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n"
    ),
    "GET with a body that does not come": b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n",
    "HEAD with a body that does not come": b"HEAD / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n",
    "a connection to be kept": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n",
    "half of a second request": (
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nPOST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n"
    ),
}

LARGE = 8_000_000
"""Bytes of a page that no socket's buffers take in whole."""

DESCRIPTORS = Path("/proc/self/fd")


@pytest.fixture
def files(authority: trustme.CA, tmp_path: Path) -> tuple[str, str]:
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    chain, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    chain.write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
    certificate.private_key_pem.write_to_path(key)
    return str(chain), str(key)


@pytest.fixture(params=["http", "https"])
def start(
    request: pytest.FixtureRequest, serve: Serve, authority: trustme.CA, files: tuple[str, str]
) -> Callable[[], Served]:
    if request.param == "http":
        return serve
    return lambda: serve(authority=authority, endpoint_certificate=files[0], endpoint_key=files[1])


@contextlib.contextmanager
def clients(served: Served, number: int, say: bytes, *, receive: int = 0) -> Iterator[list[socket.socket]]:
    """So many clients that have said something, and read nothing."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(client(served, say, receive=receive)) for _ in range(number)]


@contextlib.contextmanager
def client(served: Served, say: bytes, *, receive: int = 0) -> Iterator[socket.socket]:
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(socket.socket())
        if receive:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        connection.settimeout(5)
        connection.connect(served.address)
        # Where every connection is taken, the endpoint may have closed this one already.
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            if served.context:
                wrapped = served.context.wrap_socket(connection, server_hostname="127.0.0.1")
                connection = stack.enter_context(wrapped)
            connection.sendall(say)
        yield connection


def probed(served: Served, times: int = 10) -> list[object]:
    """What a probe sees that asks again and again for half a second."""
    seen: list[object] = []
    for _ in range(times):
        try:
            seen.append(served.ask("/healthz").status)
        except (OSError, ssl.SSLError) as error:
            seen.append(error)
        time.sleep(0.02)
    return seen


def everything(connection: socket.socket) -> bytes:
    read = bytearray()
    while chunk := connection.recv(65536):
        read += chunk
    return bytes(read)


def large(registry: CollectorRegistry) -> None:
    """Make the page of metrics a large one, that is written fast."""
    Gauge("large", "Large.", ["what"], registry=registry).labels("x" * LARGE).set(1)


until = partial(testing.until, timeout=20.0, interval=0.02)


def serving() -> int:
    return sum("process_request" in thread.name for thread in threading.enumerate())


class TestProbesAreAnswered:
    @pytest.mark.parametrize("say", HALF_REQUESTS.values(), ids=HALF_REQUESTS)
    def test_beside_clients_that_send_half_a_request(self, serve: Serve, say: bytes) -> None:
        served = serve()
        with clients(served, MAX_CONNECTIONS, say):
            assert probed(served) == [200] * 10

    def test_beside_more_clients_than_there_are_connections(self, start: Callable[[], Served]) -> None:
        served = start()
        with contextlib.ExitStack() as stack:
            for say in HALF_REQUESTS.values():
                stack.enter_context(clients(served, 64 // len(HALF_REQUESTS) + 1, say))
            assert probed(served) == [200] * 10

    @pytest.mark.parametrize("number", [MAX_CONNECTIONS, 64])
    def test_beside_clients_that_never_read_their_answer(
        self, start: Callable[[], Served], registry: CollectorRegistry, number: int
    ) -> None:
        large(registry)
        served = start()
        with clients(served, number, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", receive=4096):
            assert probed(served) == [200] * 10

    def test_beside_clients_that_begin_a_tls_handshake_and_no_more(
        self, serve: Serve, authority: trustme.CA, files: tuple[str, str]
    ) -> None:
        served = serve(authority=authority, endpoint_certificate=files[0], endpoint_key=files[1])
        with contextlib.ExitStack() as stack:
            for _ in range(64):
                silent = stack.enter_context(socket.create_connection(served.address))
                with contextlib.suppress(ConnectionError):
                    silent.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
            assert probed(served) == [200] * 10

    def test_beside_more_scrapes_than_there_are_connections(self, serve: Serve, registry: CollectorRegistry) -> None:
        go_on, here = threading.Event(), threading.Event()

        def slow() -> float:
            here.set()
            go_on.wait(20)
            return 1.0

        Gauge("slow", "Slow.", registry=registry).set_function(slow)
        served = serve()
        with clients(served, 3 * MAX_CONNECTIONS, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"):
            assert here.wait(10)
            assert probed(served) == [200] * 10
            go_on.set()

    def test_beside_clients_that_read_a_byte_at_a_time(self, serve: Serve, registry: CollectorRegistry) -> None:
        large(registry)
        served = serve()
        with clients(
            served, MAX_CONNECTIONS, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", receive=4096
        ) as slow:
            for _ in range(10):
                for one in slow:
                    with contextlib.suppress(OSError):
                        one.recv(1)
                assert probed(served, 1) == [200]

    @pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason="no list of descriptors here")
    def test_beside_clients_that_take_the_last_descriptors(self) -> None:
        program = [sys.executable, "-c", FEW_DESCRIPTORS]
        with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin
            assert process.stdout
            port = int(process.stdout.readline())
            with contextlib.ExitStack() as stack:
                for _ in range(MAX_CONNECTIONS):
                    silent = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
                    with contextlib.suppress(ConnectionError):
                        silent.sendall(b"GET /healthz HTTP/1.1\r\n")
                with socket.create_connection(("127.0.0.1", port), timeout=8) as probe:
                    probe.sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
                    assert everything(probe).startswith(b"HTTP/1.1 200 ")
            process.stdin.close()
            assert process.wait(20) == 0


FEW_DESCRIPTORS = """
import os, resource, sys, urllib.request
from argus_otel.endpoint import Endpoint
from argus_otel.settings import Settings
from argus_otel.telemetry import Telemetry

endpoint = Endpoint(Settings.resolve({}, {"endpoint_port": 0}), Telemetry(), None, dict)
endpoint.start()
urllib.request.urlopen(endpoint.url + "/healthz").read()  # which imports what it needs
taken = max(map(int, os.listdir("/proc/self/fd")))
resource.setrlimit(resource.RLIMIT_NOFILE, (taken + 9, taken + 9))
print(endpoint.url.rpartition(":")[2], flush=True)
sys.stdin.read()
endpoint.stop()
"""


class TestRefusals:
    @pytest.mark.parametrize(
        "say",
        [
            HALF_REQUESTS["a body that does not come"],
            HALF_REQUESTS["half a body"],
            HALF_REQUESTS["half a chunk"],
            HALF_REQUESTS["a body to be asked for"],
        ],
        ids=["no body", "half", "chunk", "expected"],
    )
    def test_a_method_is_refused_before_its_body_is_here(self, start: Callable[[], Served], say: bytes) -> None:
        with client(start(), say) as connection:
            answer = everything(connection)
        assert answer.startswith(b"HTTP/1.1 405 ")
        assert answer.count(b"HTTP/1.1") == 1

    def test_a_client_that_sends_its_whole_body_first_reads_why_it_was_refused(
        self, start: Callable[[], Served]
    ) -> None:
        body = b"x" * 500_000
        say = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
        served = start()
        for _ in range(5):
            with client(served, say + body) as connection:
                assert everything(connection).startswith(b"HTTP/1.1 405 ")

    def test_a_get_with_a_body_is_answered_before_the_body_is_here(self, start: Callable[[], Served]) -> None:
        with client(start(), HALF_REQUESTS["GET with a body that does not come"]) as connection:
            assert everything(connection).startswith(b"HTTP/1.1 200 ")

    @pytest.mark.parametrize(
        ("say", "status"),
        [
            (b"s3cret\r\n\r\n", 400),
            (b"\r\n\r\n", 400),
            (b"GET /metrics\r\n\r\n", 400),
            (b"GET /metrics\r\n", 400),
            (b"GET  HTTP/1.1\r\n\r\n", 400),
            (b"GET / HTTP/1.1 more\r\n\r\n", 400),
            (b"GET / HTTP/one\r\n\r\n", 400),
            (b"G\0T / HTTP/1.1\r\n\r\n", 400),
            (b"\xff\xfe\xfd\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nno header\r\nHost: localhost\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
            (b"GET / HTTP/0.9\r\n\r\n", 505),
            (b"GET / HTTP/2.0\r\n\r\n", 505),
            (b"GET / HTTP/9.9\r\n\r\n", 505),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
            (b"BREW / HTTP/1.1\r\n\r\n", 501),
            (b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\n\r\n", 431),
            (b"x" * 200_000, 431),
            (b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", 431),
            (b"GET / HTTP/1.1\r\n" + b"X: x\r\n" * 200 + b"\r\n", 431),
        ],
    )
    def test_a_malformed_request_is_answered_with_a_status_line(
        self, start: Callable[[], Served], say: bytes, status: int
    ) -> None:
        served = start()
        with client(served, say) as connection:
            answer = everything(connection)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert re.match(rb"HTTP/1\.1 %d [A-Z]" % status, head)
        assert b"\r\nConnection: close" in head
        assert b"\r\nContent-Length: %d" % len(body) in head
        assert b"s3cret" not in answer
        assert served.ask("/healthz").status == 200


class TestAnEnd:
    def test_an_answer_that_is_not_read_has_an_end(
        self, start: Callable[[], Served], registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("argus_otel.endpoint.connections.MAX_LIFETIME", 0.3)
        large(registry)
        served = start()
        with clients(served, MAX_CONNECTIONS, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", receive=4096):
            until(lambda: serving() == 0)

    @pytest.mark.parametrize("say", ["a body that does not come", "a connection to be kept", "half a chunk"])
    def test_a_client_that_has_its_answer_and_stays_is_left(self, start: Callable[[], Served], say: str) -> None:
        served = start()
        with client(served, HALF_REQUESTS[say]) as connection:
            assert everything(connection).startswith(b"HTTP/1.1 ")
            until(lambda: serving() == 0)

    def test_a_client_that_has_its_answer_and_goes_on_sending_is_left(self, serve: Serve) -> None:
        served = serve()
        with client(served, HALF_REQUESTS["a body of terabytes"]) as connection, pytest.raises(ConnectionError):
            connection.sendall(b"x" * 100_000_000)
        until(lambda: serving() == 0)

    @pytest.mark.skipif(not DESCRIPTORS.is_dir(), reason="no list of descriptors here")
    def test_no_descriptor_is_left_open(self, start: Callable[[], Served]) -> None:
        served = start()
        served.ask("/healthz")
        until(lambda: serving() == 0)
        before = len(list(DESCRIPTORS.iterdir()))
        for say in HALF_REQUESTS.values():
            with clients(served, 4, say):
                pass
        until(lambda: serving() == 0)
        until(lambda: len(list(DESCRIPTORS.iterdir())) <= before)  # threads of other tests have some for a moment
