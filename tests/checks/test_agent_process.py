"""The agent as a process of its own, as `argus-otel checks run` starts it: its readiness at the endpoint."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.processes import Part, free_port

FILE = "checks: {nobody: {http: 'http://127.0.0.1:9/', interval: 1s}}\n"


class Agent(Part):
    """An agent, and its endpoint."""

    def __init__(self, directory: Path, name: str) -> None:
        super().__init__(name, directory / f"{name}.log")
        self._directory = directory
        self._port = free_port()

    def start(self, *more: str) -> None:
        bare = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "ARGUS_"))}
        words = ["checks", "run", str(self._directory / "checks.yaml"), *more]
        environment = {**bare, "ARGUS_ENDPOINT_PORT": str(self._port)}
        self.launch([sys.executable, "-m", "argus_otel", *words], environment)

    def readiness(self) -> tuple[int, dict[str, Any]]:
        """Return what `/readyz` says; the status is 0 before the endpoint answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/readyz", timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)
        except OSError:
            return 0, {}

    def is_ready(self) -> bool:
        return self.readiness()[0] == 200


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Agent, Agent]]:
    """Two agents of one file, which do not run yet."""
    (tmp_path / "checks.yaml").write_text(FILE)
    agents = Agent(tmp_path, "first"), Agent(tmp_path, "second")
    yield agents
    for agent in agents:
        agent.kill()


def test_an_agent_is_ready_once_its_checks_run_whatever_they_find(two: tuple[Agent, Agent]) -> None:
    agent, _ = two
    agent.start()
    agent.wait_until(agent.is_ready, "is ready")
    assert agent.readiness() == (200, {"ready": True, "checks": [{"name": "checks", "ready": True, "detail": ""}]})


def test_of_two_agents_with_one_directory_the_one_that_waits_is_not_ready(
    two: tuple[Agent, Agent], tmp_path: Path
) -> None:
    first, second = two
    state = ("--state", str(tmp_path / "state"))
    first.start(*state)
    first.wait_until(first.is_ready, "is ready")
    second.start(*state)
    second.wait_until(lambda: second.readiness()[0], "answers")
    status, told = second.readiness()
    assert (status, told["checks"][0]["ready"]) == (503, False)
    assert "another process runs these checks" in told["checks"][0]["detail"]
    first.kill()
    second.wait_until(second.is_ready, "has taken over")
