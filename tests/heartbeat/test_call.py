"""One call, over real sockets."""

from __future__ import annotations

import logging
import socket
import ssl
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
import trustme

from argus_otel.heartbeat import call as calling
from argus_otel.heartbeat.call import call
from argus_otel.version import __version__

from .conftest import Monitor

SECRET = "s3cret-token"


def test_a_call_is_a_get_that_says_who_calls(monitor: Monitor) -> None:
    assert call(f"{monitor.url}/api/push/{SECRET}?status=up", None) == ""
    assert monitor.paths == [f"/api/push/{SECRET}?status=up"]
    assert monitor.headers[0]["User-Agent"] == f"argus-otel/{__version__}"
    assert monitor.headers[0]["Connection"] == "close"


def test_a_refusal_is_told_by_its_status(monitor: Monitor) -> None:
    monitor.statuses = [404, 500]
    assert call(f"{monitor.url}/{SECRET}", None) == "the monitor answers 404"
    assert call(f"{monitor.url}/{SECRET}", None) == "the monitor answers 500"


def test_a_redirect_is_followed_a_few_times(monitor: Monitor) -> None:
    monitor.statuses = [(302, f"{monitor.url}/there")]
    assert call(f"{monitor.url}/here", None) == ""
    assert monitor.paths == ["/here", "/there"]
    monitor.statuses = [(302, f"{monitor.url}/{number}") for number in range(10)]
    assert "redirects" in call(f"{monitor.url}/{SECRET}", None)
    assert len(monitor.calls) < 10


@pytest.mark.parametrize("elsewhere", ["file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_a_redirect_to_anything_but_http_is_not_followed(monitor: Monitor, elsewhere: str) -> None:
    monitor.statuses = [(302, elsewhere)]
    assert call(f"{monitor.url}/{SECRET}", None) != ""
    assert len(monitor.calls) == 1


def test_a_monitor_that_is_away_or_silent_is_told(monitor: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert call(f"http://127.0.0.1:{port}/{SECRET}", None) == "Connection refused"
    monkeypatch.setattr(calling, "_TIMEOUT", 0.2)
    monitor.delay = 1.0
    assert call(f"{monitor.url}/{SECRET}", None) == "no answer within 0.2 s"


def test_a_name_that_does_not_resolve_is_told_without_the_url(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    reason = call(f"http://no-such-host.invalid/{SECRET}", None)
    assert reason
    assert SECRET not in reason + caplog.text


def test_a_proxy_of_the_environment_is_used(monitor: Monitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", monitor.url)
    monkeypatch.delenv("no_proxy", raising=False)
    assert call(f"http://monitor.invalid/{SECRET}", None) == ""
    assert monitor.paths == [f"http://monitor.invalid/{SECRET}"]


def test_a_certificate_has_to_be_trusted(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    authority = trustme.CA()

    class Fine(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Fine)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"https://127.0.0.1:{server.server_port}/{SECRET}"
    try:
        assert call(url, None).startswith("its certificate is not trusted: ")
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert call(url, None) == ""
    finally:
        server.shutdown()
        server.server_close()


def test_a_redirect_from_tls_to_a_plain_connection_is_not_followed(monitor: Monitor) -> None:
    redirects = calling._Redirects()
    request = calling.urllib.request.Request("https://monitor.example/a")
    assert redirects.redirect_request(request, None, 302, "", {}, "http://monitor.example/a") is None
    assert redirects.redirect_request(request, None, 302, "", {}, "https://monitor.example/b") is not None


def test_instrumentations_of_http_clients_are_silent_meanwhile(monitor: Monitor) -> None:
    seen: list[tuple[str, int]] = []

    class Scope:
        def attach(self) -> None:
            seen.append(("attach", len(monitor.calls)))

        def detach(self) -> None:
            seen.append(("detach", len(monitor.calls)))

    call(monitor.url, Scope)
    assert seen == [("attach", 0), ("detach", 1)]
