"""What a forked child logs is stored: as a run of the child's own, since the run is the parent's."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

PROGRAM = Path(__file__).with_name("forking.py")
AFTER_ITS_END = "argus-otel: training: a run that has ended takes nothing more: what is logged to it is lost"


class Ran:
    """What a program has written, and what its history has."""

    def __init__(self, done: subprocess.CompletedProcess[str], directory: Path) -> None:
        self.errors = done.stderr
        self.ids = dict(line.split() for line in done.stdout.splitlines())
        lines = (line for path in directory.glob("*.gz") for line in gzip.decompress(path.read_bytes()).splitlines())
        self._rows: list[dict[str, Any]] = [json.loads(line) for line in lines]

    def rows(self, event: str, who: str) -> list[dict[str, Any]]:
        """Return the attributes of the rows of an event of the run of ``parent`` or ``child``, without their prefix."""
        found = [
            {name.removeprefix("argus.training."): value for name, value in row["attributes"].items()}
            for row in self._rows
            if row["event"] == event
        ]
        return [row for row in found if row["run.id"] == self.ids[who]]

    def steps(self, who: str, phase: str = "train") -> list[int]:
        """Return the steps that a run has logged in a phase."""
        rows = (row for row in self.rows("training.points", who) if row["phase"] == phase)
        return sorted(int(step) for row in rows for step in row["step"].split(","))

    def outcomes(self, who: str) -> list[str]:
        """Return how a run has ended."""
        return [row["outcome"] for row in self.rows("training.run.end", who)]


Run = Callable[[str], Ran]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the program in one of its ways."""

    def ran(way: str) -> Ran:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARGUS_", "OTEL_"))}
        environment = {
            **kept,
            "ARGUS_CONTROL": str(tmp_path / "control"),
            "ARGUS_ENDPOINT": "false",
            "ARGUS_HISTORY": "store",
            "ARGUS_HISTORY_STORE": f"files:{tmp_path / 'history'}",
            "OTEL_EXPORTER_OTLP_ENDPOINT": "",
        }
        command = [sys.executable, "-m", "argus_otel", "run", str(PROGRAM), way]
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
        )
        return Ran(done, tmp_path / "history")

    return ran


@pytest.mark.parametrize("way", ["forks", "works"])
def test_what_a_child_logs_to_the_run_of_its_parent_is_a_run_of_its_own(run: Run, way: str) -> None:
    ran = run(way)
    assert ran.ids["parent"] != ran.ids["child"]
    assert ran.steps("child") == list(range(10))
    assert len(ran.steps("child", "validation")) == len(ran.rows("training.validation", "child")) == 1
    assert len(ran.rows("training.checkpoint", "child")) == 1
    (start,) = ran.rows("training.run.start", "child")
    assert (start["run.parent"], start["run.name"], start["world_size"]) == (ran.ids["parent"], "outer", 1)
    assert ran.outcomes("child") == ["ok"]
    assert ran.steps("parent") == [0, 1]
    assert ran.outcomes("parent") == ["ok"]


def test_a_worker_that_fails_ends_its_run_with_an_error(run: Run) -> None:
    ran = run("raises")
    (end,) = ran.rows("training.run.end", "child")
    assert (end["outcome"], end["error.type"]) == ("error", "ValueError")
    assert ran.steps("child") == list(range(10))
    assert ran.outcomes("parent") == ["ok"]


def test_a_run_that_begins_in_a_child_is_observed_there(run: Run) -> None:
    ran = run("begins")
    (start,) = ran.rows("training.run.start", "child")
    assert (start["run.parent"], start["run.name"]) == (ran.ids["parent"], "inner")
    assert ran.steps("child") == list(range(10))
    assert ran.outcomes("child") == ["ok"]


def test_children_that_log_nothing_are_silent(run: Run) -> None:
    ran = run("pool")
    assert ran.errors.count("argus-otel 0") == 1  # the line at the start is the parent's
    assert ran.steps("parent") == [0, 1]
    assert ran.outcomes("parent") == ["ok"]


def test_what_is_logged_after_the_end_is_warned_of(run: Run) -> None:
    ran = run("pool")
    assert ran.errors.count(AFTER_ITS_END) == 1
    assert 2 not in ran.steps("parent")
