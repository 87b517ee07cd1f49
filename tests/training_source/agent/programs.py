"""Real processes: a training of its own loop, and an agent, each under ``argus-otel``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from lab.processes import Part, free_port, wait_until

TRAINING = """\
import sys, time
from argus_otel import training

with training.run("loop", total_steps=100_000) as run:
    print(run.id, flush=True)
    for step in range(100_000):
        run.log(loss=1 / (step + 1), step=step)
        time.sleep(0.01)
        if run.should_stop:
            break
print("stopped at", step, flush=True)
"""


def bare(**variables: str) -> dict[str, str]:
    """An environment without other settings of argus-otel."""
    rest = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "ARGUS_"))}
    return {**rest, "OTEL_EXPORTER_OTLP_ENDPOINT": "", **variables}


class Training(Part):
    """A training in a process of its own."""

    def __init__(self, directory: Path, name: str = "train") -> None:
        super().__init__(name, directory / f"{name}.log")
        self.script = directory / f"{name}.py"
        self.script.write_text(TRAINING)
        self.run_id = ""

    def start(self, control: Path, **variables: str) -> Training:
        environment = bare(ARGUS_CONTROL=str(control), ARGUS_ENDPOINT="false", **variables)
        self.launch([sys.executable, "-m", "argus_otel", "run", str(self.script)], environment)

        def printed() -> str:
            return next((line for line in self.printed().splitlines() if line.count("-") == 4 and " " not in line), "")

        self.run_id = self.wait_until(printed, "has begun")
        wait_until((control / f"{self.run_id}.json").exists, "the run is in the control directory")
        return self


class AgentProcess(Part):
    """``argus-otel training agent``, and its endpoint."""

    def __init__(self, directory: Path) -> None:
        super().__init__("agent", directory / "agent.log")
        self._port = free_port()

    def start(self, file: Path, control: Path, address: str, **variables: str) -> AgentProcess:
        environment = bare(
            ARGUS_CONTROL=str(control),
            ARGUS_HISTORY_STORE=address,
            ARGUS_ENDPOINT_PORT=str(self._port),
            **variables,
        )
        command = [sys.executable, "-m", "argus_otel", "training", "agent", "--config", str(file)]
        self.launch(command, environment)
        self.wait_until(self.is_ready, "is ready")
        return self

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def is_ready(self) -> bool:
        return self.get("/readyz")[0] == 200

    def section(self) -> dict[str, Any]:
        """What ``/status`` tells of the agent."""
        return json.loads(self.get("/status")[1])["training agent"]


def argus(*words: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "argus_otel", *map(str, words)],
        env=bare(**variables),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
