"""``argus-otel checks run`` and ``status``: an agent in a process of its own, and what it says of its checks."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from argus_otel import testing
from argus_otel.cli import main
from lab.checks_agent import ChecksAgent
from lab.lookout.services import Services
from lab.lookout.services import running as serving
from lab.processes import free_port

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are of POSIX")

Start = Callable[..., ChecksAgent]

until = partial(testing.until, timeout=20, interval=0.1)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Run ``argus-otel checks run`` with some arguments and variables."""
    agents: list[ChecksAgent] = []

    def begin(*words: object, **variables: str) -> ChecksAgent:
        agents.append(ChecksAgent(tmp_path, f"agent-{len(agents)}"))
        agents[-1].start(["checks", "run", *map(str, words)], variables)
        return agents[-1]

    yield begin
    for agent in agents:
        agent.kill()


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with serving(tmp_path / "services") as running:
        yield running


def a_file(path: Path, services: Services, more: str = "") -> Path:
    file = path / "checks.yaml"
    beside = path / "new.yaml"
    beside.write_text(
        "defaults: {interval: 1s, timeout: 900ms, retries: 0, confirm: {down: 1, every: 1s}}\n"
        f"checks:\n  shop: {{http: 'http://127.0.0.1:{services.http}/switched'}}\n{more}"
    )
    beside.replace(file)
    return file


def status(agent: ChecksAgent, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["checks", "status", "--url", agent.url, "--timeout", "5s", *words])
    out, err = capsys.readouterr()
    return code, out, err


def test_it_says_what_is_not_up_and_why(
    start: Start, services: Services, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agent = start(a_file(tmp_path, services), "--location", "fra1")
    until(lambda: status(agent, capsys) == (0, "", "1 up; from fra1\n"))
    services.on = False
    until(lambda: status(agent, capsys)[0] == 1)
    code, out, err = status(agent, capsys, "--format", "json")
    assert (code, err) == (1, "1 down; from fra1\n")
    (row,) = json.loads(out)
    assert (row["check"], row["status"], row["why"]) == ("shop", "down", "status: status is 500, not 2xx")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", row["since"])


def test_sighup_has_the_file_read_again_and_sigterm_ends_the_agent(
    start: Start, services: Services, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    agent = start(a_file(tmp_path, services), "--location", "fra1")
    until(lambda: status(agent, capsys)[2].startswith("1 up"))
    a_file(tmp_path, services, f"  search: {{http: 'http://127.0.0.1:{services.http}/good'}}\n")
    os.kill(agent.pid, signal.SIGHUP)
    until(lambda: status(agent, capsys)[2].startswith("2 up"))
    a_file(tmp_path, services, "  search: {http: 5}\n")
    os.kill(agent.pid, signal.SIGHUP)
    until(lambda: "The file is not the one in use:\n" in status(agent, capsys)[2])
    assert ":4:18: checks.search.http: '5' is not a URL" in status(agent, capsys)[2]
    os.kill(agent.pid, signal.SIGTERM)
    assert agent.wait() in (0, -signal.SIGTERM, 128 + signal.SIGTERM)
    assert "Traceback" not in agent.printed()
    assert "failed:" not in agent.printed()


def test_states_outlive_a_kill(
    start: Start, services: Services, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = a_file(tmp_path, services)
    services.on = False
    agent = start(file, "--state", tmp_path / "state")
    until(lambda: status(agent, capsys)[0] == 1)
    (before,) = json.loads(status(agent, capsys, "--format", "json")[1])
    agent.kill()
    time.sleep(1)
    again = start(file, "--state", tmp_path / "state")
    until(lambda: status(again, capsys)[0] == 1)
    (after,) = json.loads(status(again, capsys, "--format", "json")[1])
    assert {**after, "why": ""} == {**before, "why": ""}, "the cause is that of the last run of this process"


def test_a_wrong_file_ends_it_at_once(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "checks.yaml"
    file.write_text("checks: {shop: {http: 5}}\n")
    agent = start(file)
    assert agent.wait() == 2
    assert agent.printed().startswith(f"{file}:1:23: checks.shop.http: '5' is not a URL")


def test_without_a_file_it_says_where_one_can_be_given(start: Start, services: Services, tmp_path: Path) -> None:
    agent = start()
    assert agent.wait() == 2
    assert agent.printed() == "argus-otel checks: no file of checks is given: give FILE, or set ARGUS_CHECKS_FILE\n"
    again = start(ARGUS_CHECKS_FILE=str(a_file(tmp_path, services)))
    until(again.is_ready)


@pytest.mark.parametrize("by", ["an argument", "a variable"])
def test_a_directory_that_cannot_keep_states_ends_it_at_once(
    start: Start, services: Services, tmp_path: Path, by: str
) -> None:
    file = a_file(tmp_path, services)
    agent = start(file, "--state", file) if by == "an argument" else start(file, ARGUS_CHECKS_STATE=str(file))
    assert agent.wait() == 2
    assert agent.printed().startswith(f"argus-otel checks: states of checks cannot be kept in {file}: File exists; ")
    assert "ARGUS_CHECKS_STATE (--state) has to be a directory" in agent.printed()


def test_what_cannot_be_asked_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    assert main(["checks", "status", "--url", f"http://127.0.0.1:{port}"]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"argus-otel checks status: http://127.0.0.1:{port} cannot be asked: ")


def test_an_endpoint_with_a_token_asks_for_it(
    start: Start,
    services: Services,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent = start(a_file(tmp_path, services), ARGUS_ENDPOINT_TOKEN="a-token-of-the-test")
    until(lambda: "the endpoint answers 401: give --token" in status(agent, capsys)[2])
    monkeypatch.setenv("TOKEN", "a-token-of-the-test")
    until(lambda: status(agent, capsys, "--token", "env:TOKEN")[0] == 0)
