"""An agent with many checks, in a process of its own on the measured core."""

from __future__ import annotations

import array
import json
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.cores import on
from lab.processes import free_port

from .agent_process import COLUMNS
from .child import Child
from .machine import Machine

INTERVAL = 30
"""Of each check, in seconds."""

TIMEOUT = 5


@dataclass(frozen=True)
class NotedRun:
    """A run as the agent noted it: the number of its check, its slot in ms since 1970, and its duration in seconds."""

    number: int
    slot: int
    duration: float


class RunningAgent:
    """The agent from outside."""

    def __init__(self, child: Child, machine: Machine, port: int) -> None:
        self._child = child
        self._file = machine.directory / "runs"
        self._metrics = f"http://127.0.0.1:{port}/metrics"

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._child.pid

    def scrape(self) -> bytes:
        """Return its metrics."""
        request = urllib.request.Request(self._metrics, headers={"accept": "application/openmetrics-text"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def runs(self) -> list[NotedRun]:
        """Return all of its runs so far."""
        length = self._child.ask("runs", file=str(self._file))["length"]
        columns = tuple(array.array(code) for code in COLUMNS)
        with self._file.open("rb") as file:
            for column in columns:
                column.fromfile(file, length)
        return [NotedRun(*each) for each in zip(*columns, strict=True)]

    def logged(self) -> str:
        """Return what it has written to standard error."""
        return self._child.errors()


def name_of(number: int) -> str:
    """Return the name of a check."""
    return f"c{number:05}"


def text_of(machine: Machine, scheme: str, checks: int, hanging: int) -> str:
    """Return a file of so many checks, of which the first are never answered. JSON is YAML."""
    more = {"ca": str(machine.service.ca)} if scheme == "https" else {}
    urls = [machine.service.url(scheme, "never" if each < hanging else "soon", each) for each in range(checks)]
    # A second run within the interval, to confirm the first, would look like one that came twice.
    defaults = {"interval": f"{INTERVAL}s", "timeout": f"{TIMEOUT}s", "retries": 0, "confirm": {"down": 1, "up": 1}}
    named = {name_of(number): {"http": {"url": url, **more}} for number, url in enumerate(urls)}
    return json.dumps({"location": "bench", "defaults": defaults, "checks": named})


@contextmanager
def running(machine: Machine, text: str, variables: Mapping[str, str]) -> Iterator[RunningAgent]:
    """Run an agent until the block ends."""
    file, port = machine.directory / "checks.yaml", free_port()
    file.write_text(text, encoding="utf-8")
    given = {"ARGUS_CHECKS_FILE": str(file), "ARGUS_ENDPOINT_PORT": str(port), **variables}
    words: Sequence[str] = ("-m", "argus_otel", "run", "-m", "benchmarks.checks.agent_process")
    with on([machine.core]):
        child = Child("the agent", words, given)
    try:
        yield RunningAgent(child, machine, port)
    finally:
        child.end()
