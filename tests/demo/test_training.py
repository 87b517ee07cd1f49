"""`argus-otel demo training`, as a newcomer runs it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from argus_otel.cli import main
from argus_otel.demo.observed_process import ObservedProcess
from argus_otel.demo.training import fits, stage
from argus_otel.demo.training.stage import Stage
from lab.processes import free_port

COMMAND = [sys.executable, "-m", "argus_otel", "demo", "training"]
PORT = ["--port", str(free_port())]  # others of the suite use the default one now and then


def test_it_ends_by_itself_and_everything_agrees() -> None:
    done = subprocess.run(
        [*COMMAND, "--duration", "8", *PORT], capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"All \d+ numbers agree", done.stdout)
    for subject in (
        "orders",
        "runs",
        "steps",
        "validations",
        "checkpoints",
        "values that are not finite",
        "commands",
        "artifacts",
        "stored values",
        "stored events",
    ):
        assert re.search(rf"^│ {subject} ", done.stdout, re.MULTILINE), subject
    for thing in ("loop/Line: stopped", "loss, nan", "loss, inf", "stop, accepted"):
        assert re.search(rf"│ {thing} ", done.stdout), thing


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_ctrl_c_ends_it_with_the_table() -> None:
    with subprocess.Popen([*COMMAND, *PORT], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:  # until the program trains, which takes as long as the machine is busy
            if "/metrics" in line:
                break
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=90)
    assert process.returncode == 0, output
    assert re.search(r"All \d+ numbers agree", output)


def test_a_count_that_is_wrong_makes_it_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    read = Stage._read

    def read_one_too_many(self: Stage) -> dict[str, object]:
        ledger = json.loads(json.dumps(read(self)))
        if ledger:
            ledger["counts"].setdefault("steps", {}).setdefault("loop/Line", 0)
            ledger["counts"]["steps"]["loop/Line"] += 1
        return ledger

    monkeypatch.setattr(Stage, "_read", read_one_too_many)
    monkeypatch.setattr(stage, "_SETTLE", 8.0)
    assert main(["demo", "training", "--duration", "1", *PORT]) == 1
    told = capsys.readouterr().out
    assert re.search(r"1 of \d+ numbers differ", told)
    assert re.search(r"loop/Line +│ +\d+ │ +\d+ │ differs", told)


def test_a_value_that_is_not_stored_makes_it_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logged = Stage._logged

    def logged_one_more(self: Stage) -> list[object]:
        found = logged(self)
        return [*found, found[-1]._replace(step=10_000_000)] if found else []

    monkeypatch.setattr(Stage, "_logged", logged_one_more)
    monkeypatch.setattr(stage, "_SETTLE", 15.0)
    assert main(["demo", "training", "--duration", "1", *PORT]) == 1
    told = capsys.readouterr().out
    assert re.search(r"1 of \d+ numbers differ", told)
    assert "stored values" in told


def test_what_is_logged_while_it_is_killed_is_in_memory_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kill = ObservedProcess.kill

    def kill_late(self: ObservedProcess) -> None:
        time.sleep(0.1)
        kill(self)

    monkeypatch.setattr(ObservedProcess, "kill", kill_late)
    assert main(["demo", "training", "--duration", "1", *PORT]) == 0, capsys.readouterr().out


def test_a_program_that_cannot_start_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    start = ObservedProcess.start
    monkeypatch.setattr(
        ObservedProcess,
        "start",
        lambda self, words, more, **options: start(self, ["run", "nowhere.py"], more, **options),
    )
    assert main(["demo", "training", "--duration", "1", *PORT]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "the first training process did not start" in told
    assert "nowhere.py" in told


def test_fits_of_frameworks_import_nothing_of_argus_otel() -> None:
    assert "import argus" not in Path(fits.__file__).read_text(encoding="utf-8")
    assert "from argus" not in Path(fits.__file__).read_text(encoding="utf-8")


def test_it_says_how_to_see_fits_of_a_framework(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fits, "installed", lambda: None)
    assert "pip install keras jax" in Stage(free_port()).opening
    monkeypatch.setattr(fits, "installed", lambda: fits.FRAMEWORKS[2])
    assert "fits of Lightning" in Stage(free_port()).opening
