"""Runs programs that train, in the environments of their frameworks, and reads what came of it over OTLP."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.otel.receivers import Received, attributes, grpc_receiver
from tools.training_envs import ENVIRONMENTS

TIMEOUT = 100.0
"""How long a program may take, in seconds: the first import of torch takes ten, and more on a busy machine."""

SMALL = ("keras",)
"""What is a part of every run of the tests: made in seconds, of some 600 MB."""

HERE = Path(__file__).parent


class Program:
    """A program that runs under ``argus-otel run``, or has ended.

    Attributes
    ----------
    told:
        What it has counted itself: what it prints after ``TOLD``, as JSON.
    """

    def __init__(self, process: subprocess.Popen[str], received: Received) -> None:
        self.process = process
        self.received = received
        self.told: dict[str, Any] = {}
        self.output = ""

    def wait_until_told(self, name: str) -> None:
        """Read its output until it has told a name."""
        assert self.process.stdout is not None
        while name not in self.told:
            line = self.process.stdout.readline()
            assert line, self.output
            self._read(line)

    def ended(self, status: int | None = 0, *, timeout: float = TIMEOUT) -> Program:
        """Wait for its end, for so many seconds; ``None`` for any exit status."""
        try:
            output, _ = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        for line in output.splitlines(keepends=True):
            self._read(line)
        assert status is None or self.process.returncode == status, self.output
        assert "argus-otel: hook" not in self.output, self.output
        assert "failed: " not in self.output, self.output
        return self

    def _read(self, line: str) -> None:
        self.output += line
        if line.startswith("TOLD "):
            self.told.update(json.loads(line.removeprefix("TOLD ")))

    # -- what was received

    def value(self, metric_name: str, /, **wanted: object) -> float:
        """Return the sum of the last points of a metric that have these attributes; of a histogram, of the counts.

        The attributes are named without their prefix, ``argus.training.``.
        """
        last: dict[tuple[object, ...], float] = {}
        prefixed = {f"argus.training.{name}": value for name, value in wanted.items()}
        for resource, _, metric in self.received.metric_points():
            if metric.name == metric_name:
                sender = attributes(resource.resource.attributes).get("service.instance.id")
                kind = metric.WhichOneof("data")
                for point in getattr(metric, kind).data_points:
                    has = attributes(point.attributes)
                    if prefixed.items() <= has.items():
                        value = point.count if kind == "histogram" else getattr(point, point.WhichOneof("value"))
                        last[(sender, *sorted(has.items()))] = value
        return sum(last.values())

    def rows(self, event: str, model: str = "") -> list[dict[str, Any]]:
        """Return the attributes of history's rows of an event, of the runs of one class of models, if it is given."""
        found = [
            attributes(record.attributes)
            for record in self.received.records()
            if record.event_name == event and any(pair.key == "argus.history.id" for pair in record.attributes)
        ]
        if not model:
            return found
        ids = {row["argus.training.run.id"] for row in self.rows("training.run.start") if _model(row) == model}
        return [row for row in found if row["argus.training.run.id"] in ids]

    def ends(self, model: str) -> list[tuple[str, int]]:
        """Return the outcome and the step of the ends of runs of a class of models."""
        return [
            (row["argus.training.outcome"], row["argus.training.step"]) for row in self.rows("training.run.end", model)
        ]

    def spans(self, model: str) -> Counter[str]:
        """Return how many spans of each name the runs of a class of models have."""
        ids = {row["argus.training.run.id"] for row in self.rows("training.run.start", model)}
        return Counter(
            span.name
            for span in self.received.spans()
            if attributes(span.attributes).get("argus.training.run.id") in ids
        )

    def points(self, model: str) -> list[tuple[str, str, int, float]]:
        """Return the values that runs of a class of models have logged: phase, name, step and value."""
        found: list[tuple[str, str, int, float]] = []
        for row in self.rows("training.points", model):
            names, steps = row["argus.training.names"].split(","), row["argus.training.step"].split(",")
            for place, value in enumerate(row["argus.training.values"].split(",")):
                step = int(steps[place // len(names)])
                found.append((row["argus.training.phase"], names[place % len(names)], step, float(value)))
        return sorted(found, key=lambda each: each[2])  # a row has what is logged together, of many steps


def _model(row: dict[str, Any]) -> object:
    return row.get("argus.training.model")


def environment(name: str) -> str:
    """Return the interpreter of an environment; skip the test if it is not made. The small one is made here.

    With the variable ``TRAINING``, as ``make test-training`` sets it, those of all other environments are skipped.
    """
    found = ENVIRONMENTS[name]
    if os.environ.get("TRAINING", "") not in ("", name):
        pytest.skip(f"TRAINING={os.environ['TRAINING']}")
    if name in SMALL and not found.ready:
        with suppress(OSError, subprocess.CalledProcessError):  # such as without a network
            found.make()
    if not found.ready:
        pytest.skip(f"needs an environment: make test-training (or python3 tools/training_envs.py {name})")
    return str(found.python)


def start(
    name: str, script: str | tuple[str, ...], received: Received, directory: Path, *words: str, **variables: str
) -> Program:
    """Start a program of this folder in an environment: itself, or the last of the words by a launcher."""
    *launcher, program = (script,) if isinstance(script, str) else script
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ARGUS_", "OTEL_", "VIRTUAL_ENV"))}
    process = subprocess.Popen(
        [environment(name), "-m", "argus_otel", "run", *launcher, str(HERE / program), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=directory,
        env={
            **kept,
            "ARGUS_ENDPOINT": "false",
            "ARGUS_HISTORY": "otlp",
            "ARGUS_HISTORY_SPOOL": str(directory / "spool"),
            "HF_HUB_OFFLINE": "1",
            "HOME": str(directory),
            "KERAS_BACKEND": "jax",
            "OTEL_EXPORTER_OTLP_ENDPOINT": received.url,
            "PYTHONUNBUFFERED": "1",
            **variables,
        },
    )
    return Program(process, received)


def ran(name: str, script: str, directory: Path, *words: str, **variables: str) -> Iterator[Program]:
    """Run a program of this folder to its end, with a receiver of its own, and yield it."""
    environment(name)
    for received in grpc_receiver():
        yield start(name, script, received, directory, *words, **variables).ended()
