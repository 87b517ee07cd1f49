"""``argus-otel checks ping``: what arrives at a real server, and what is told if it does not."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from argus_otel.sources.checks import heartbeat_calls
from tests.typed import Typed

from .conftest import Service


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat_calls, "_LONGEST_PAUSE", 0.0)


@pytest.mark.parametrize(("words", "path"), [([], "/h/a"), (["--start"], "/h/a/start"), (["--fail"], "/h/a/fail")])
def test_a_beat_is_a_post(checks: Typed, service: Service, words: list[str], path: str) -> None:
    assert checks("ping", f"{service.url}/h/a", *words) == (0, "", "")
    assert service.requests == [("POST", path, "")]


def test_the_token_comes_from_a_variable_or_a_file(
    checks: Typed, service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NIGHTLY", "t-1")
    (tmp_path / "token").write_text("t-2\n")
    for reference in ("env:NIGHTLY", f"file:{tmp_path / 'token'}"):
        assert checks("ping", f"{service.url}/h/a", "--token", reference).code == 0
    assert [token for _, _, token in service.requests] == ["Bearer t-1", "Bearer t-2"]


def test_it_tries_again_while_the_agent_is_at_fault(checks: Typed, service: Service) -> None:
    service.statuses += [503, 429, 200]
    assert checks("ping", f"{service.url}/h/a").code == 0
    assert len(service.requests) == 3


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (404, "the agent has no such heartbeat, or the token is wrong (404)"),
        (302, "answered 302"),
        (401, "answered 401"),
    ],
)
def test_it_gives_up_where_another_attempt_is_no_use(checks: Typed, service: Service, status: int, told: str) -> None:
    service.statuses += [status]
    ended = checks("ping", f"{service.url}/h/a")
    assert ended.code == 1
    assert told in ended.err
    assert len(service.requests) == 1


def test_it_gives_up_after_some_attempts(checks: Typed, service: Service) -> None:
    service.statuses += [500] * 9
    ended = checks("ping", f"{service.url}/h/a", "--retries", "2")
    assert ended.code == 1
    assert "the agent answered 500" in ended.err
    assert len(service.requests) == 3


def test_an_agent_that_is_not_there_is_told(checks: Typed) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    ended = checks("ping", f"http://127.0.0.1:{port}/h/a", "--retries", "1")
    assert ended.code == 1
    assert "the agent cannot be reached: Connection refused" in ended.err


def test_an_agent_that_does_not_answer_is_told(checks: Typed) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/h/a"
        ended = checks("ping", url, "--retries", "1", "--timeout", "100ms")
    assert ended.code == 1
    assert "the agent does not answer: timed out" in ended.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["ftp://x/h"], "'ftp://x/h' is not a URL such as http://agent:9464/heartbeat/nightly"),
        (["http://x/h?token=t"], "is not a URL such as"),
        (
            ["http://x/h", "--token", "secret"],
            "argus-otel checks: --token is no reference; write env:NAME or file:PATH\n",
        ),
        (["http://x/h", "--token", "env:NO_TOKEN"], "the variable is not set"),
        (["http://x/h", "--start", "--fail"], "not allowed with argument"),
        (["http://x/h", "--timeout", "10"], "'10' has no unit"),
    ],
)
def test_wrong_usage_is_told(checks: Typed, words: list[str], told: str) -> None:
    ended = checks("ping", *words)
    assert ended.code == 2
    assert told in ended.err
