"""How a run ended is recorded: by itself, by a signal, by an exception, or without an end."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from argus_otel import training
from argus_otel.sources.training.control import keeping, locks, processes
from argus_otel.sources.training.control.directory import ControlDirectory
from argus_otel.sources.training.guard import stalls
from argus_otel.testing import observe

from .conftest import Start, until


@pytest.mark.parametrize(
    ("way", "outcome"),
    [
        ("ends", "ok"),
        ("exits", "ok"),
        ("raises", "error"),
        ("interrupts", "interrupted"),
    ],
)
def test_what_ends_itself_tells_how(start: Start, way: str, outcome: str) -> None:
    loop = start(way)
    loop.ended()
    assert (loop.run.state, loop.run.outcome, loop.run.step) == ("ended", outcome, 4)
    assert loop.run.time_remaining is None


@pytest.mark.parametrize(
    ("number", "state", "outcome"),
    [
        (signal.SIGINT, "ended", "interrupted"),
        (signal.SIGTERM, "ended", "interrupted"),
        (signal.SIGKILL, "lost", ""),
    ],
)
def test_what_a_signal_ends_tells_it_if_it_can(start: Start, number: int, state: str, outcome: str) -> None:
    loop = start()
    loop.wait_until_told("id")
    loop.process.send_signal(number)
    loop.ended()
    assert (loop.run.state, loop.run.outcome) == (state, outcome)


def test_a_process_that_ends_at_once_is_lost(start: Start) -> None:
    loop = start("dies")
    assert loop.ended() == 3
    assert loop.run.state == "lost"


@pytest.mark.parametrize("way", ["forks", "works", "starts"])
def test_a_child_that_lives_longer_does_not_hold_the_lock(start: Start, way: str) -> None:
    loop = start(f"{way},blind")
    run = loop.run
    child = loop.told["child"]
    assert run.state == "running"
    os.kill(loop.process.pid, signal.SIGKILL)
    loop.process.wait()
    assert processes.started(child)
    assert loop.run.state == "lost"


def test_a_child_that_ends_does_not_let_the_parents_lock_go(start: Start, directory: ControlDirectory) -> None:
    loop = start("forks,blind")
    run = loop.run
    os.kill(loop.told["child"], signal.SIGKILL)
    until(lambda: not processes.started(loop.told["child"]))
    assert locks.is_held(directory.file(run.id, "lock"))
    assert loop.run.state == "running"


def test_who_looks_keeps_no_run_from_its_lock(start: Start, directory: ControlDirectory) -> None:
    """Looking takes a lock for a moment: a run that begins then takes its own a second later."""
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            directory.runs()

    lookers = [threading.Thread(target=look) for _ in range(4)]
    for each in lookers:
        each.start()
    try:
        first = start("ends")
        first.ended()
        again = start("usual", ARGUS_TRAINING_RUN=first.run.id)
        again.wait_until_told("id")
        assert until(lambda: (run := again.run).state == "running" and run.attempt == 2)
    finally:
        done.set()
        for each in lookers:
            each.join()


def test_a_run_that_makes_no_progress_hangs_though_its_process_tells_of_it(
    directory: ControlDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The peer's is running for ever: its threads go on."""
    monkeypatch.setattr(stalls, "_LEAST", 3.0)
    monkeypatch.setattr(keeping, "WRITTEN_EACH", 0.6)
    with observe("training", settings={"training_control": str(directory.path)}) as observed:
        with training.run("outer") as outer:

            def state(run: training.Run) -> str:
                known = directory.run(run.id)
                assert known is not None
                return known.state

            outer.log(loss=1)
            outer.log(loss=1)
            with training.run("inner") as inner:
                inner.log(loss=1)
                for _ in range(20):  # the outer one waits for it
                    time.sleep(0.1)
                    inner.log(loss=1)
                    assert (state(outer), state(inner)) == ("running", "running")
                until(lambda: (state(outer), state(inner)) == ("hung", "hung"))
                inner.log(loss=1)
                until(lambda: (state(outer), state(inner)) == ("running", "running"))
        assert observed.telemetry.guard.faults == {}


def test_a_run_tells_where_it_is(start: Start) -> None:
    loop = start()
    loop.wait_until_told("id")
    before = loop.run
    run = until(lambda: (run := loop.run).step > before.step and run)
    assert run.time_remaining is not None
    assert run.total_steps == 100_000
    assert abs(time.time() - run.progress_at) < 7
    assert run.argv[-2:] == (str(loop.process.args[4]), "usual")  # type: ignore[index]
    assert (run.project, run.framework, run.model, run.world_size) == ("loop", "loop", "Net", 1)
