from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest

from argus_otel.sources.training.control.directory import ControlDirectory, KnownRun

HERE = Path(__file__).parent
TIMEOUT = 30.0

T = TypeVar("T")


def until(look: Callable[[], T | None], timeout: float = TIMEOUT) -> T:
    """Return what a function returns that is true, as soon as it does."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {timeout:g} s")


class Loop:
    """A loop that runs in a process of its own, or has ended.

    Attributes
    ----------
    told:
        What it has told.
    """

    def __init__(self, process: subprocess.Popen[str], directory: ControlDirectory) -> None:
        self.process = process
        self.directory = directory
        self.told: dict[str, Any] = {}
        self.output = ""

    def wait_until_told(self, name: str) -> Any:
        assert self.process.stdout is not None
        while name not in self.told:
            line = self.process.stdout.readline()
            assert line, self.output
            self._read(line)
        return self.told[name]

    def ended(self) -> int:
        """Wait for its end; return its exit status. Children may hold its output open."""
        status = self.process.wait(TIMEOUT)
        assert self.process.stdout is not None
        if not self.told.get("child"):
            for line in self.process.stdout:
                self._read(line)
        assert "hook" not in self.output, self.output
        return status

    @property
    def run(self) -> KnownRun:
        run = self.directory.run(self.wait_until_told("id"))
        assert run is not None
        return run

    def _read(self, line: str) -> None:
        self.output += line
        with suppress(ValueError):
            self.told.update(json.loads(line))


Start = Callable[..., Loop]


@pytest.fixture
def directory(tmp_path: Path) -> ControlDirectory:
    """A control directory that is not there yet."""
    return ControlDirectory(tmp_path / "argus" / "control")


@pytest.fixture
def start(directory: ControlDirectory, tmp_path: Path) -> Iterator[Start]:
    """Start a loop under ``argus-otel run``, in one of the ways of ``loop.py``, with environment variables."""
    loops: list[Loop] = []

    def begin(way: str = "usual", *words: str, group: bool = True, **variables: str) -> Loop:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARGUS_", "OTEL_"))}
        process = subprocess.Popen(
            [sys.executable, "-m", "argus_otel", "run", str(HERE / "loop.py"), way, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=tmp_path,
            start_new_session=group,
            env={
                **kept,
                "ARGUS_CONTROL": str(directory.path),
                "ARGUS_ENDPOINT": "false",
                "PYTHONUNBUFFERED": "1",
                **variables,
            },
        )
        loops.append(Loop(process, directory))
        return loops[-1]

    yield begin
    for loop in loops:
        for pid in (loop.process.pid, loop.told.get("child")):
            if pid and (loop.process.poll() is None or pid != loop.process.pid):
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
        loop.process.wait()
        if loop.process.stdout is not None:
            loop.process.stdout.close()
    for run in directory.runs():  # those that were started again
        if run.alive and run.pid != os.getpid():
            with suppress(OSError):
                os.kill(run.pid, signal.SIGKILL)
