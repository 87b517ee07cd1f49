"""Steps of torch's optimizers in a loop of the program's own are a run, if that is asked for."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.otel.receivers import Received

from .programs import Program, start

ASKED = {"ARGUS_TRAINING_TORCH": "true"}


def ends(program: Program) -> list[tuple[object, object, object]]:
    return [
        (row["argus.training.framework"], row["argus.training.outcome"], row["argus.training.step"])
        for row in program.rows("training.run.end")
    ]


@pytest.mark.parametrize("name", ["torch", "torch-oldest"])
def test_the_steps_of_a_loop_are_a_run_and_those_that_a_scaler_leaves_out_are_none(
    otlp: Received, tmp_path: Path, name: str
) -> None:
    program = start(name, "torch_loop.py", otlp, tmp_path, "ends", **ASKED).ended()
    assert program.told["steps"] == 4
    assert ends(program) == [("torch", "ok", 4)]
    assert program.value("training.steps", framework="torch") == 4
    assert program.value("training.step.duration", framework="torch") == 3
    assert program.rows("training.run.start")[0]["argus.training.parameters"] == 4


@pytest.mark.parametrize(
    ("how", "number", "outcome"), [("raises", None, "error"), ("waits", signal.SIGTERM, "interrupted")]
)
def test_how_the_program_ends_is_how_it_ends(
    otlp: Received, tmp_path: Path, how: str, number: signal.Signals | None, outcome: str
) -> None:
    program = start("torch", "torch_loop.py", otlp, tmp_path, how, **ASKED)
    program.wait_until_told("steps")
    if number is not None:
        program.process.send_signal(number)
    program.ended(None)
    assert ends(program) == [("torch", outcome, 4)]


def test_without_being_asked_for_there_is_no_run(otlp: Received, tmp_path: Path) -> None:
    program = start("torch", "torch_loop.py", otlp, tmp_path, "ends").ended()
    assert program.told["steps"] == 4
    assert ends(program) == []


def test_steps_within_another_run_belong_to_that(otlp: Received, tmp_path: Path) -> None:
    program = start("torch", "torch_loop.py", otlp, tmp_path, "explicit", **ASKED).ended()
    assert ends(program) == [("loop", "ok", 5)]
    assert program.value("training.steps") == 5
