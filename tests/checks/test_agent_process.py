"""The agent as a process of its own, as `argus-otel checks run` starts it: its readiness at the endpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from argus_otel.cli import main
from lab.checks_agent import ChecksAgent

FILE = "checks: {nobody: {http: 'http://127.0.0.1:9/', interval: 1s}}\n"


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """The arguments of an agent whose only check fails."""
    file = tmp_path / "checks.yaml"
    file.write_text(FILE)
    return ["checks", "run", str(file)]


def test_an_agent_is_ready_once_its_checks_run_whatever_they_find(words: list[str], tmp_path: Path) -> None:
    with ChecksAgent.running(tmp_path, words) as agent:
        agent.wait_until(agent.is_ready, "is ready")
        assert agent.readiness() == (200, {"ready": True, "checks": [{"name": "checks", "ready": True, "detail": ""}]})


def test_of_two_agents_with_one_directory_the_one_that_waits_is_not_ready(words: list[str], tmp_path: Path) -> None:
    words += ["--state", str(tmp_path / "state")]
    with ChecksAgent.running(tmp_path, words) as first:
        first.wait_until(first.is_ready, "is ready")
        with ChecksAgent.running(tmp_path, words) as second:
            second.wait_until(lambda: second.readiness()[0], "answers")
            status, told = second.readiness()
            assert (status, told["checks"][0]["ready"]) == (503, False)
            assert "another process runs these checks" in told["checks"][0]["detail"]
            first.kill()
            second.wait_until(second.is_ready, "has taken over")


def test_an_agent_that_cannot_start_its_checks_says_why(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = words[-1]
    words = ["run", "-m", "argus_otel.sources.checks.agent_process"]
    with ChecksAgent.running(tmp_path, words, ARGUS_CHECKS_FILE=file, ARGUS_CHECKS_STATE=file) as agent:
        agent.wait_until(lambda: "kept" in str(agent.readiness()[1]), "says why")
        status, told = agent.readiness()
        why = told["checks"][0]["detail"]
        assert status == 503
        assert why.startswith(f"states of checks cannot be kept in {file}: File exists; ARGUS_CHECKS_STATE")
        assert main(["checks", "status", "--url", agent.url]) == 2
        assert capsys.readouterr().err == f"argus-otel checks status: no checks run there: {why}\n"
