"""A run that is gone on with has the next attempt."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from argus_otel import training
from argus_otel.sources.training import attributes as a
from argus_otel.sources.training.control.directory import ControlDirectory
from argus_otel.testing import observe

from .conftest import Start

RUN = str(uuid4())


def attempts(path: Path, times: int = 1, **settings: object) -> list[object]:
    with observe("training", settings={"training_control": str(path), **settings}) as observed:
        for _ in range(times):
            with training.run("one", run_id=RUN) as run:
                run.log(loss=1)
        assert observed.telemetry.guard.faults == {}
        return [row[a.ATTEMPT.name] for name, row, _ in observed.rows if name == "training.run.start"]


def test_each_process_that_goes_on_is_one_more(start: Start) -> None:
    first = start("ends")
    first.ended()
    assert first.run.attempt == 1
    for attempt in (2, 3):
        again = start("ends", ARGUS_TRAINING_RUN=first.run.id)
        again.ended()
        assert again.run.id == first.run.id
        assert again.run.attempt == attempt


def test_a_run_may_be_gone_on_with_in_one_process(directory: ControlDirectory) -> None:
    assert attempts(directory.path, 3) == [1, 2, 3]
    assert attempts(directory.path) == [4]


@pytest.mark.parametrize(("restarts", "attempt"), [(0, 1), (2, 3)])
def test_a_launcher_says_how_often_it_has_started_it(directory: ControlDirectory, restarts: int, attempt: int) -> None:
    assert attempts(directory.path, training_restarts=restarts) == [attempt]
    assert attempts(directory.path, training_restarts=restarts) == [attempt + 1]  # what is known is greater


@pytest.mark.parametrize("variable", ["TORCHELASTIC_RESTART_COUNT", "SLURM_RESTART_COUNT"])
def test_launchers_say_it_by_their_variables(start: Start, variable: str) -> None:
    loop = start("ends", ARGUS_TRAINING_RUN=RUN, **{variable: "4"})
    loop.ended()
    assert (loop.run.id, loop.run.attempt) == (RUN, 5)


def test_without_a_directory_a_launcher_still_says_it() -> None:
    with observe("training", settings={"training_control": "false", "training_restarts": 1}) as observed:
        with training.run("one", run_id=RUN), training.run("new"):
            pass
        told = {row[a.NAME.name]: row[a.ATTEMPT.name] for name, row, _ in observed.rows if name == "training.run.start"}
    assert told == {"one": 2, "new": 1}


def test_other_ranks_are_of_the_same_attempt(start: Start, directory: ControlDirectory) -> None:
    first = start("ends")
    first.ended()
    again = start("usual", ARGUS_TRAINING_RUN=first.run.id, RANK="0", WORLD_SIZE="2")
    again.wait_until_told("id")
    assert again.run.attempt == 2
    settings = {"training_control": str(directory.path), "training_rank": 1, "training_world_size": 2}
    with observe("training", settings=settings) as observed, training.run("one", run_id=first.run.id) as run:
        run.log(loss=1)
    [row] = [row for name, row, _ in observed.rows if name == "training.points"]
    assert (row[a.ATTEMPT.name], row[a.RANK.name]) == (2, 1)
    assert again.run.state == "running"  # rank 1 keeps no files


def test_two_that_go_on_at_once_are_two_attempts(start: Start, directory: ControlDirectory) -> None:
    first = start("usual", ARGUS_TRAINING_RUN=RUN)
    first.wait_until_told("id")
    with observe("training", settings={"training_control": str(directory.path)}) as observed:
        with training.run("other", run_id=RUN) as run:
            run.log(loss=1)
        assert observed.telemetry.guard.faults == {}
        [started] = [row for name, row, _ in observed.rows if name == "training.run.start"]
    assert started[a.ATTEMPT.name] == 2
    known = first.run
    assert (known.attempt, known.state, known.pid) == (1, "running", first.process.pid)
