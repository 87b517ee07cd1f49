"""A run whose process ended without recording an end is recorded as lost once, whoever finds it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from argus_otel import training
from argus_otel.history.record.buffer import EventBuffer
from argus_otel.history.record.stats import Stats
from argus_otel.sources.training import attributes as a
from argus_otel.sources.training.control.directory import ControlDirectory
from argus_otel.sources.training.control.losing import LostRun, event_id, record_lost
from argus_otel.sources.training.imports.lost import row_of
from argus_otel.telemetry import Telemetry
from argus_otel.testing import Observation, observe

from .conftest import Loop, Start, until


@pytest.fixture
def lost(start: Start) -> Loop:
    """A run that was killed."""
    loop = start()
    loop.wait_until_told("id")
    loop.process.kill()
    loop.process.wait()
    assert loop.run.state == "lost"
    return loop


def test_finders_at_once_make_one_event(lost: Loop, directory: ControlDirectory) -> None:
    found: list[LostRun] = []
    ready = threading.Barrier(8)

    def find() -> None:
        runs = directory.runs()
        ready.wait()
        record_lost(directory, runs, lambda each: found.append(each) or True)

    finders = [threading.Thread(target=find) for _ in range(8)]
    for each in finders:
        each.start()
    for each in finders:
        each.join()
    assert [each.run.id for each in found] == [lost.run.id]
    assert found[0].event_id == event_id(lost.run)
    assert lost.run.lost_recorded
    assert record_lost(directory, directory.runs(), lambda _: True) == []


def test_without_history_it_is_told_once_and_recorded_by_the_next(lost: Loop, directory: ControlDirectory) -> None:
    told: list[bool] = []
    for recorded in (False, False, True, True):
        record_lost(directory, directory.runs(), lambda each, now=recorded: told.append(each.told) or now)
    assert told == [False, True, True]


def test_what_cannot_be_recorded_stays_for_the_next(lost: Loop, directory: ControlDirectory) -> None:
    def fail(_: LostRun) -> bool:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        record_lost(directory, directory.runs(), fail)
    assert not lost.run.lost_recorded
    assert len(record_lost(directory, directory.runs(), lambda _: True)) == 1


def trained(path: Path, project: str, *, run_id: str = "", seconds: bool = True) -> Observation:
    """Train in this process until its runs have been looked after once."""
    settings = {"training_control": str(path), "service_name": project}
    with observe("training", settings=settings) as observed:
        keeper = observed.handle.source.recorder.companions._all[0]  # type: ignore[union-attr]
        with training.run("next", run_id=run_id) as run:
            run.log(loss=1)
            if seconds:
                until(lambda: keeper._looked)
        assert observed.telemetry.guard.faults == {}
    return observed


def events(observed: Observation) -> list[dict[str, object]]:
    return [dict(attributes) for name, attributes in observed.events if name == "training.run.lost"]


def test_the_next_run_of_the_program_records_it(lost: Loop, directory: ControlDirectory) -> None:
    run = lost.run
    observed = trained(directory.path, "loop")
    assert events(observed) == [
        {
            a.RUN.name: run.id, a.ATTEMPT.name: 1, a.NAME.name: "loop", a.GROUP.name: "tests",
            a.FRAMEWORK.name: "loop", a.MODEL.name: "Net", a.STEP.name: run.step, a.PROGRESS_AT.name: run.progress_at,
        }
    ]  # fmt: skip
    assert [dict(row) for name, row, _ in observed.rows if name == "training.run.lost"] == events(observed)
    assert events(trained(directory.path, "loop")) == []


def test_a_run_of_another_program_does_not(lost: Loop, directory: ControlDirectory) -> None:
    assert events(trained(directory.path, "another")) == []
    assert not lost.run.lost_recorded


def test_a_run_that_goes_on_records_its_lost_attempt(lost: Loop, directory: ControlDirectory) -> None:
    run = lost.run
    observed = trained(directory.path, "another", run_id=run.id, seconds=False)
    [told] = events(observed)
    assert (told[a.RUN.name], told[a.ATTEMPT.name]) == (run.id, 1)
    assert lost.run.attempt == 2


def test_who_finds_it_does_not_change_the_row(lost: Loop) -> None:
    """In the program, history makes the row; a command makes it itself."""
    run = lost.run
    found = LostRun(run, event_id(run), told=False)
    buffer = EventBuffer(run.project, {"host.name": run.host}, (), str, Stats(Telemetry(), "exporter:history"))
    with observe("training", settings={"training_control": str(lost.directory.path), "service_name": "loop"}) as other:
        other.telemetry.history = buffer
        with training.run("next"):
            keeper = other.handle.source.recorder.companions._all[0]  # type: ignore[union-attr]
            until(lambda: keeper._looked)
    [row] = [row for row in buffer.take() if row.event == "training.run.lost"]
    assert abs(row.time - row_of(found).time) <= 1
    assert row.event_id == row_of(found).event_id
    assert dict(row.attributes) == dict(row_of(found).attributes)
