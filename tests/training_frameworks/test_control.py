"""Trainings of frameworks are stopped from another process; several processes at the same step."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from argus_otel.sources.training.control import processes
from argus_otel.sources.training.control.directory import ControlDirectory, KnownRun
from argus_otel.sources.training.control.stopping import stop
from tests.otel.receivers import Received

from .programs import Program, start

Record = Callable[[str, object], None]


def the_run(directory: Path) -> tuple[ControlDirectory, KnownRun]:
    control = ControlDirectory(directory / ".argus" / "control")
    [run] = control.runs()
    assert run.state == "running"
    return control, run


def stopped(program: Program, directory: Path, record: Record, *, wait: float) -> tuple[str, str, KnownRun]:
    """Stop the program's run; return the answer, and the run after the program's end."""
    control, run = the_run(directory)
    asked = time.monotonic()
    answer = stop(control, run, now=False, grace=30, asked_by="alice", wait=wait)
    program.ended()
    record("seconds from request to end", round(time.monotonic() - asked, 3))
    print(f"from request to the process' end: {time.monotonic() - asked:.3f} s; {answer}")
    [run] = control.runs()
    return answer.result, answer.reason, run


def test_a_fit_of_keras_is_stopped(otlp: Received, tmp_path: Path, record_property: Record) -> None:
    program = start("keras", "keras_waits.py", otlp, tmp_path)
    program.wait_until_told("training")
    result, reason, run = stopped(program, tmp_path, record_property, wait=10)
    assert (result, reason) == ("done", "it has ended: stopped")
    assert (run.outcome, run.framework) == ("stopped", "keras")
    assert program.ends("Sequential") == [("stopped", run.step)]
    assert program.value("training.commands", command="stop") == 1
    assert [row["argus.training.command.by"] for row in program.rows("training.command")] == ["alice"]


def test_a_fit_of_keras_that_is_killed_is_lost(otlp: Received, tmp_path: Path) -> None:
    program = start("keras", "keras_waits.py", otlp, tmp_path)
    program.wait_until_told("training")
    control, _ = the_run(tmp_path)
    program.process.kill()
    program.process.wait()
    assert [run.state for run in control.runs()] == ["lost"]
    again = start("keras", "keras_waits.py", otlp, tmp_path)  # the next run of the program finds it
    again.wait_until_told("training")
    until = time.monotonic() + 20
    while not again.rows("training.run.lost") and time.monotonic() < until:
        time.sleep(0.1)
    again.process.terminate()
    again.ended(None)
    [row] = again.rows("training.run.lost")
    assert row["argus.training.run.id"] == next(run.id for run in control.runs() if run.state == "lost")


@pytest.mark.parametrize("name", ["torch", "torch-oldest"])
def test_a_training_of_transformers_is_stopped(
    otlp: Received, tmp_path: Path, record_property: Record, name: str
) -> None:
    program = start(name, "transformers_waits.py", otlp, tmp_path, OMP_NUM_THREADS="1")
    program.wait_until_told("training")
    result, reason, run = stopped(program, tmp_path, record_property, wait=10)
    assert (result, reason) == ("done", "it has ended: stopped")
    assert (run.outcome, run.framework) == ("stopped", "transformers")
    assert program.ends("Waiting") == [("stopped", run.step)]
    assert program.told["steps"] == run.step >= 3
    assert program.value("training.commands", command="stop") == 1


def test_two_processes_stop_at_the_same_step(otlp: Received, tmp_path: Path, record_property: Record) -> None:
    program = start("torch", "lightning_stops.py", otlp, tmp_path, "ranks", OMP_NUM_THREADS="1")
    program.wait_until_told("training")
    _, asked = the_run(tmp_path)
    result, _, run = stopped(program, tmp_path, record_property, wait=0)
    assert result in ("accepted", "done")
    assert (run.outcome, run.world_size, asked.launched) == ("stopped", 2, False)
    assert program.told["steps0"] == program.told["steps1"] == run.step
    assert run.step % 7 == 0 or run.step % 16 == 0  # where Lightning logs, or at the end of an epoch


def test_lightning_says_what_it_waits_for(otlp: Received, tmp_path: Path, record_property: Record) -> None:
    program = start("torch", "lightning_stops.py", otlp, tmp_path, "600", OMP_NUM_THREADS="1")
    program.wait_until_told("training")
    result, reason, run = stopped(program, tmp_path, record_property, wait=0)
    assert result == "accepted"
    assert reason.startswith("it ends with the batch that runs now, but not before ")
    assert reason.endswith("min_steps=600: Lightning goes on until then")
    assert run.outcome == "stopped"
    assert program.told["steps0"] == run.step >= 600


def test_workers_that_load_data_hold_no_lock(otlp: Received, tmp_path: Path) -> None:
    program = start("torch", "torch_workers.py", otlp, tmp_path, OMP_NUM_THREADS="1")
    program.wait_until_told("children")
    control, _ = the_run(tmp_path)
    children = program.told["children"]
    assert len(children) == 2
    for child in children:  # so that they do not notice it
        os.kill(child, signal.SIGSTOP)
    program.process.kill()
    program.process.wait()
    try:
        assert all(processes.started(child) for child in children)
        assert [run.state for run in control.runs()] == ["lost"]
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
