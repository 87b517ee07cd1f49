"""What the doctor finds about the heartbeat's URL, without calling it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from argus_otel.cli.doctor.heartbeat import look_at_heartbeat
from argus_otel.settings import Settings
from argus_otel.terminal.findings import Finding, Status
from tests.heartbeat.conftest import Monitor, monitor

__all__ = ["monitor"]

SECRET = "s3cret-token"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


def found(url: str, network: bool = True) -> Iterator[Finding]:
    settings = Settings.resolve({"ARGUS_HEARTBEAT_URL": url})
    assert settings.problems == ()
    for finding in look_at_heartbeat(settings, network=network):
        assert SECRET not in str(finding)
        yield finding


def test_without_a_url_nothing_is_found() -> None:
    assert list(look_at_heartbeat(Settings.resolve({}), network=True)) == []


def test_a_monitor_that_listens_is_connected_to_and_not_called(monitor: Monitor) -> None:
    (finding,) = found(f"{monitor.url}/{SECRET}?status={{status}}")
    assert finding.status is Status.OK
    assert monitor.is_silent_for(0.2)


def test_a_monitor_that_is_away_fails() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    (finding,) = found(f"http://127.0.0.1:{port}/{SECRET}")
    assert (finding.status, finding.detail) == (Status.FAIL, f"127.0.0.1:{port}: nothing listens there")
    (finding,) = found(f"https://no-such-host.invalid/{SECRET}")
    assert finding.status is Status.FAIL


def test_a_server_without_tls_fails_for_https(monitor: Monitor) -> None:
    (finding,) = found(f"{monitor.url.replace('http:', 'https:')}/{SECRET}")
    assert finding.status is Status.FAIL
    assert "TLS" in finding.detail or "no answer" in finding.detail


def test_a_token_that_is_sent_without_tls_is_warned_of() -> None:
    warned, shown = found(f"http://kuma.example/{SECRET}", network=False)
    assert (warned.name, warned.status) == ("TLS", Status.WARN)
    assert shown.status is Status.INFO


def test_a_proxy_is_told_of_and_not_gone_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    (finding,) = found(f"https://kuma.example/{SECRET}")
    assert (finding.status, finding.detail) == (
        Status.INFO,
        "kuma.example is called through the proxy of the environment",
    )
