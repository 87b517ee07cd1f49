from __future__ import annotations

import contextlib
import logging
import os
import re
import select
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from prometheus_client import CollectorRegistry, Gauge

from argus_otel.endpoint import Endpoint
from argus_otel.endpoint.connections import MAX_CONNECTIONS
from argus_otel.settings import Settings
from argus_otel.telemetry import PartError, Telemetry
from lab import processes

from .conftest import Serve, Served


def has_ipv6() -> bool:
    with socket.socket(socket.AF_INET6) as probe, contextlib.suppress(OSError):
        probe.bind(("::1", 0))
        return True
    return False


@contextlib.contextmanager
def connected(served: Served) -> Iterator[socket.socket]:
    """A client that has connected and says nothing."""
    with socket.create_connection(served.address, timeout=5) as client:
        yield client


def endpoint(**settings: object) -> Endpoint:
    return Endpoint(Settings.resolve({}, settings), Telemetry(), None, dict)


def everything(client: socket.socket) -> bytes:
    read = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while chunk := client.recv(65536):
            read += chunk
    return bytes(read)


class TestListening:
    def test_real_port(self, serve: Serve) -> None:
        assert re.fullmatch(r"http://127\.0\.0\.1:[1-9]\d+", serve().url)

    def test_localhost(self, serve: Serve) -> None:
        served = serve(endpoint_host="localhost")
        assert served.url.startswith("http://localhost:")
        assert served.ask("/healthz").status == 200

    @pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
    @pytest.mark.parametrize("host", ["::1", "[::1]"])
    def test_ipv6(self, serve: Serve, host: str) -> None:
        served = serve(endpoint_host=host)
        assert served.url.startswith("http://[::1]:")
        assert served.ask("/healthz").status == 200

    def test_url_before_it_starts(self) -> None:
        assert endpoint().url == "http://127.0.0.1:9464"

    def test_port_taken(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            settings = Settings.resolve({"OTEL_EXPORTER_PROMETHEUS_PORT": str(port)})
            late = Endpoint(settings, Telemetry(), None, dict)
            with pytest.raises(PartError) as raised:
                late.start()
        message = str(raised.value)
        assert f"127.0.0.1:{port}" in message
        assert "OTEL_EXPORTER_PROMETHEUS_PORT" in message
        assert "set ARGUS_ENDPOINT_PORT to another port, or to 0" in message
        late.stop()
        late.start()  # the port is free now
        late.stop()

    def test_the_first_free_port_of_a_range_is_used(self, serve: Serve) -> None:
        first = processes.free_port()
        ports = f"{first}-{first + 2}"
        one, two = serve(endpoint_port=ports), serve(endpoint_port=ports)
        assert [served.url.rpartition(":")[2] for served in (one, two)] == [str(first), str(first + 1)]
        assert two.ask("/healthz").status == 200
        serve(endpoint_port=ports)
        with pytest.raises(PartError, match=f"127.0.0.1:{ports} .*: other programs use all of these; set ARGUS_"):
            endpoint(endpoint_port=ports).start()
        one.endpoint.stop()
        assert serve(endpoint_port=ports).url == f"http://127.0.0.1:{first}"

    @pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid", "a" * 70 + ".invalid"])
    def test_no_such_address(self, host: str) -> None:
        with pytest.raises(PartError, match="ARGUS_ENDPOINT_HOST"):
            Endpoint(Settings.resolve({"ARGUS_ENDPOINT_HOST": host}), Telemetry(), None, dict).start()

    def test_start_and_stop_are_safe_to_repeat(self, serve: Serve) -> None:
        served = serve()
        served.endpoint.start()
        assert served.endpoint.url == served.url
        served.endpoint.stop()
        served.endpoint.stop()
        with pytest.raises(ConnectionRefusedError):
            served.ask("/healthz")
        served.endpoint.start()
        assert Served(served.endpoint, served.telemetry).ask("/healthz").status == 200

    def test_without_a_thread_there_is_no_port_that_nobody_serves(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise RuntimeError("can't start new thread")

        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        late = endpoint(endpoint_port=port)
        with monkeypatch.context() as patch:
            for name in ("_start_new_thread", "_start_joinable_thread"):  # the latter is Python 3.13's
                patch.setattr(threading, name, refuse, raising=False)
            with pytest.raises(PartError, match="thread"):
                late.start()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
        late.start()
        assert Served(late, Telemetry()).ask("/healthz").status == 200
        late.stop()

    def test_a_connection_that_gets_no_thread_is_told_to_come_again(
        self, serve: Serve, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise RuntimeError("can't start new thread")

        served = serve()
        with monkeypatch.context() as patch:
            for name in ("_start_new_thread", "_start_joinable_thread"):
                patch.setattr(threading, name, refuse, raising=False)
            for _ in range(2 * MAX_CONNECTIONS):
                with connected(served) as client:
                    assert everything(client).startswith(b"HTTP/1.1 503 ")
        assert served.ask("/healthz").status == 200

    def test_same_port_again_at_once(self, serve: Serve) -> None:
        first = serve()
        first.ask("/healthz")
        first.endpoint.stop()
        assert serve(endpoint_port=first.address[1]).ask("/healthz").status == 200


class TestSilentClients:
    def test_they_do_not_hold_up_others(self, serve: Serve) -> None:
        served = serve()
        with contextlib.ExitStack() as silent:
            for _ in range(3 * MAX_CONNECTIONS):
                silent.enter_context(connected(served))
            began = time.monotonic()
            assert served.ask("/healthz").status == 200
            assert time.monotonic() - began < 1.0
            assert sum(thread.name.startswith("Thread-") for thread in threading.enumerate()) <= MAX_CONNECTIONS + 5

    def test_connections_have_an_end(self, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("argus_otel.endpoint.connections.MAX_LIFETIME", 0.3)
        served = serve()
        with connected(served) as slow:
            began = time.monotonic()
            with contextlib.suppress(ConnectionError):
                while not select.select([slow], [], [], 0)[0]:
                    slow.send(b"G")  # never silent for long, and never done
                    time.sleep(0.05)
                assert slow.recv(1000) == b""
            assert time.monotonic() - began < 3.0

    @pytest.mark.parametrize("beginning", [b"", b"GET /metr", b"GET /healthz HTTP/1.1\r\nHost: x\r\n"])
    def test_stop_does_not_wait_for_them(self, serve: Serve, beginning: bytes) -> None:
        served = serve()
        with connected(served) as client:
            client.sendall(beginning)
            time.sleep(0.05)
            began = time.monotonic()
            served.endpoint.stop()
            assert time.monotonic() - began < 1.0
            assert everything(client) == b""

    def test_stop_does_not_wait_for_an_answer(
        self, serve: Serve, registry: CollectorRegistry, capfd: pytest.CaptureFixture[str]
    ) -> None:
        go_on, here = threading.Event(), threading.Event()

        def slow() -> float:
            here.set()
            go_on.wait(10)
            return 1.0

        Gauge("slow", "Slow.", registry=registry).set_function(slow)
        served = serve()
        with connected(served) as client:
            client.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
            assert here.wait(5)
            began = time.monotonic()
            served.endpoint.stop()
            assert time.monotonic() - began < 1.0
            go_on.set()
            assert everything(client) == b""
        time.sleep(0.1)
        assert capfd.readouterr() == ("", "")


class TestBounds:
    def test_too_many_at_work(self, serve: Serve) -> None:
        go_on = threading.Event()
        served = serve(status=lambda: {"waited": go_on.wait(10)})
        replies: list[int] = []
        busy = [
            threading.Thread(target=lambda: replies.append(served.ask("/status").status))
            for _ in range(MAX_CONNECTIONS)
        ]
        for thread in busy:
            thread.start()
        time.sleep(0.3)
        with connected(served) as client:
            assert everything(client).startswith(b"HTTP/1.1 503 ")
        go_on.set()
        for thread in busy:
            thread.join()
        assert replies == [200] * MAX_CONNECTIONS
        assert served.ask("/status").status == 200

    @pytest.mark.parametrize(
        ("request_", "status"),
        [
            (b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n", b"431"),
            (b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", b"431"),
            (b"GET / HTTP/1.1\r\n" + b"X: x\r\n" * 200 + b"\r\n", b"431"),
            (b"GET / HTTP/1.1\r\n" + (b"X: " + b"x" * 5000 + b"\r\n") * 20 + b"\r\n", b"431"),
            (b"GET / HTTP/9.9\r\n\r\n", b"505"),
            (b"s3cret\r\n\r\n", b"400"),
            (b"BREW / HTTP/1.1\r\n\r\n", b"501"),
        ],
        ids=["line", "header", "many headers", "long headers", "version", "nonsense", "method"],
    )
    def test_malformed(self, serve: Serve, request_: bytes, status: bytes, capfd: pytest.CaptureFixture[str]) -> None:
        served = serve()
        with connected(served) as client:
            with contextlib.suppress(ConnectionError):
                client.sendall(request_)
            reply = everything(client)
        # Closed upon what it would not read, the connection may be reset before the client has read the answer.
        assert reply == b"" or status in reply.split(b"\n", 1)[0]
        assert b"s3cret" not in reply
        assert b"Python" not in reply
        assert served.ask("/healthz").status == 200
        assert capfd.readouterr() == ("", "")

    def test_client_that_leaves_mid_answer(
        self,
        serve: Serve,
        registry: CollectorRegistry,
        capfd: pytest.CaptureFixture[str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.INFO)
        gauge = Gauge("large", "Large.", ["n"], registry=registry)
        for n in range(20_000):
            gauge.labels(str(n)).set(n)
        served = serve()
        for _ in range(3):
            with connected(served) as client:
                client.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
                client.recv(10)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # reset, not closed
        assert served.ask("/healthz").status == 200
        time.sleep(0.1)
        assert capfd.readouterr() == ("", "")
        assert not caplog.records
        assert not served.telemetry.guard.faults


class TestTLS:
    @pytest.fixture
    def files(self, authority: trustme.CA, tmp_path: Path) -> tuple[str, str]:
        certificate = authority.issue_cert("127.0.0.1", "localhost")
        chain, key = tmp_path / "cert.pem", tmp_path / "key.pem"
        chain.write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
        certificate.private_key_pem.write_to_path(key)
        return str(chain), str(key)

    @pytest.fixture
    def served(self, serve: Serve, authority: trustme.CA, files: tuple[str, str]) -> Served:
        return serve(authority=authority, endpoint_certificate=files[0], endpoint_key=files[1])

    def test_served(self, served: Served) -> None:
        assert served.url.startswith("https://")
        assert "songs_total" in served.ask("/metrics").text

    def test_key_in_the_certificates_file(self, serve: Serve, authority: trustme.CA, tmp_path: Path) -> None:
        both = tmp_path / "both.pem"
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(both)
        assert serve(authority=authority, endpoint_certificate=str(both)).ask("/healthz").status == 200

    def test_silent_clients_do_not_hold_up_others(self, served: Served) -> None:
        with contextlib.ExitStack() as silent:
            for _ in range(2 * MAX_CONNECTIONS):
                silent.enter_context(connected(served))
            began = time.monotonic()
            assert served.ask("/healthz").status == 200
            assert time.monotonic() - began < 1.0
            began = time.monotonic()
            served.endpoint.stop()
            assert time.monotonic() - began < 1.0

    def test_stop_while_a_client_is_connected(self, served: Served) -> None:
        assert served.context
        with connected(served) as plain, served.context.wrap_socket(plain, server_hostname="127.0.0.1") as client:
            began = time.monotonic()
            served.endpoint.stop()
            assert time.monotonic() - began < 1.0
            assert everything(client) == b""

    def test_plain_http_on_the_tls_port(self, served: Served, capfd: pytest.CaptureFixture[str]) -> None:
        with connected(served) as client:
            client.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
            assert b"songs" not in everything(client)
        assert served.ask("/healthz").status == 200
        assert capfd.readouterr() == ("", "")

    def test_old_protocol_versions(self, served: Served) -> None:
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        with connected(served) as plain, pytest.raises(OSError), old.wrap_socket(plain):  # noqa: PT011
            pass

    def test_unusable_files(self, files: tuple[str, str], authority: trustme.CA, tmp_path: Path) -> None:
        certificate, key = files
        other = tmp_path / "other.pem"
        authority.issue_cert("x").private_key_pem.write_to_path(other)
        nonsense = tmp_path / "nonsense.pem"
        nonsense.write_text("none")
        secret = tmp_path / "encrypted.pem"
        subprocess.run(
            ["openssl", "pkcs8", "-topk8", "-in", key, "-out", secret, "-passout", "pass:x"], check=True, timeout=30
        )
        for one, two, names in (
            (certificate, str(other), "ARGUS_ENDPOINT_KEY"),
            (str(nonsense), key, "ARGUS_ENDPOINT_CERTIFICATE"),
            (certificate, str(secret), "no password"),
            (certificate, None, "without ARGUS_ENDPOINT_KEY"),
            (None, key, "ARGUS_ENDPOINT_CERTIFICATE is not"),
            ("/no/such/file.pem", None, "rather than something without TLS"),
            (certificate, "/no/such/file.pem", "rather than something without TLS"),
        ):
            with pytest.raises(PartError, match=names):
                endpoint(endpoint_port=0, endpoint_certificate=one, endpoint_key=two).start()

    def test_file_of_the_environment_that_is_not_there(self) -> None:
        settings = Settings.resolve({"ARGUS_ENDPOINT_PORT": "0", "ARGUS_ENDPOINT_CERTIFICATE": "/no/such.pem"})
        with pytest.raises(PartError, match=r"/no/such\.pem \(ARGUS_ENDPOINT_CERTIFICATE\).*nothing is served"):
            Endpoint(settings, Telemetry(), None, dict).start()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
class TestFork:
    # In a process of its own: pytest's has threads, and what a child of it does at its end is not ours to know.
    PROGRAM = """
import os, socket, sys, time, urllib.request
from argus_otel.endpoint import Endpoint
from argus_otel.settings import Settings
from argus_otel.telemetry import Telemetry

endpoint = Endpoint(Settings.resolve({}, {"endpoint_port": 0}), Telemetry(), None, dict)
endpoint.start()
url = endpoint.url
port = int(url.rsplit(":", 1)[1])
assert urllib.request.urlopen(url + "/healthz").status == 200  # which imports what no child could import at once
client = socket.create_connection(("127.0.0.1", port))
time.sleep(0.1)
end, signal = os.pipe()
child = os.fork()
if child == 0:
    os.close(signal)
    os.read(end, 1)  # until the parent has seen that it still serves, and stopped
    endpoint.stop()  # must neither hang nor touch the parent's
    endpoint.start()  # a child that wants an endpoint may have one
    ok = urllib.request.urlopen(endpoint.url + "/healthz").status == 200
    os._exit(0 if ok else 1)
client.sendall(b"GET /healthz HTTP/1.0\\r\\n\\r\\n")
assert client.recv(12) == b"HTTP/1.1 200", "the parent's own connection lives on"
assert urllib.request.urlopen(url + "/healthz").status == 200
endpoint.stop()
try:
    socket.create_connection(("127.0.0.1", port))
except ConnectionRefusedError:
    print("port free")
os.write(signal, b"x")
print("child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""

    def test_child_does_not_keep_the_port(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", self.PROGRAM], capture_output=True, text=True, timeout=30, check=False
        )
        assert (done.stdout.split("\n")[:2], done.returncode) == (["port free", "child 0"], 0), done.stderr


def test_interpreter_ends_while_serving() -> None:
    program = """
import socket
from argus_otel.endpoint import Endpoint
from argus_otel.settings import Settings
from argus_otel.telemetry import Telemetry

endpoint = Endpoint(Settings.resolve({}, {"endpoint_port": 0}), Telemetry(), None, dict)
endpoint.start()
client = socket.create_connection(("127.0.0.1", int(endpoint.url.rsplit(":", 1)[1])))
"""
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    assert time.monotonic() - began < 5.0
