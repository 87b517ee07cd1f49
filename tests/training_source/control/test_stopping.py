"""A run is stopped from another process: by its own way to stop, or by the end of its process."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from argus_otel import training
from argus_otel.sources.training import attributes as a
from argus_otel.sources.training.control import directory as directories
from argus_otel.sources.training.control import files, locks, processes
from argus_otel.sources.training.control.directory import ControlDirectory
from argus_otel.sources.training.control.stopping import stop
from argus_otel.testing import observe

from .conftest import Start, until

BY = "alice@gpu-1"


def test_a_run_stops_when_another_process_asks_it_to(
    start: Start, directory: ControlDirectory, record_property: Callable[[str, object], None]
) -> None:
    loop = start()
    run = loop.run
    assert (run.state, run.pid, run.name, run.group) == ("running", loop.process.pid, "loop", "tests")
    asked = time.monotonic()
    answer = stop(directory, run, now=False, grace=30, asked_by=BY, wait=5)
    took = time.monotonic() - asked
    record_property("seconds from request to end", round(took, 3))
    print(f"from request to end: {took:.3f} s")
    assert answer.result == "done", answer
    assert took < 3  # the peer's never stops: its server and its client spell the answer differently
    assert loop.ended() == 0
    run = loop.run
    assert (run.state, run.outcome) == ("ended", "stopped")
    assert run.step == answer.step == loop.told["stopped"]
    assert not directory.file(run.id, "command").exists()


def test_a_loop_that_does_not_look_is_told_as_such(start: Start, directory: ControlDirectory) -> None:
    loop = start("blind")
    answer = stop(directory, loop.run, now=False, grace=30, asked_by=BY, wait=0.5)
    assert answer.result == "accepted"
    assert answer.reason == "its loop has not looked at run.should_stop yet, so it may go on; --now ends its process"
    assert answer.step is not None
    assert loop.run.alive


def test_a_stop_reaches_the_runs_within(start: Start, directory: ControlDirectory) -> None:
    loop = start("nests")
    outer = loop.run
    assert stop(directory, outer, now=False, grace=30, asked_by=BY, wait=5).result == "done"
    assert loop.ended() == 0
    inner = directory.run(loop.told["inner"])
    assert inner is not None
    assert (inner.outcome, loop.run.outcome) == ("stopped", "stopped")


def test_a_run_that_is_within_stops_alone(start: Start, directory: ControlDirectory) -> None:
    loop = start("nests")
    loop.wait_until_told("inner")
    inner = directory.run(loop.told["inner"])
    assert inner is not None
    stop(directory, inner, now=False, grace=30, asked_by=BY, wait=0.5)
    outer = files.read(directory.file(loop.told["id"], "json"))
    assert outer is not None
    assert outer["stop_asked"] == ""


def test_what_is_asked_is_counted_and_told(directory: ControlDirectory) -> None:
    with observe("training", settings={"training_control": str(directory.path)}) as observed:
        with training.run("asked", model="Net") as run:
            known = directory.run(run.id)
            assert known is not None
            answers: list[object] = []
            asking = threading.Thread(
                target=lambda: answers.append(stop(directory, known, now=False, grace=30, asked_by=BY, wait=0))
            )
            asking.start()
            step = 0
            until(lambda: run.log(loss=1) or run.should_stop)
            step = observed.handle.source.recorder.active[-1].steps  # type: ignore[union-attr]
            asking.join()
        assert observed.points()["training.commands"] == [
            ({a.COMMAND.name: "stop", a.RESULT.name: "accepted"}, 1),
        ]
        [told] = [attributes for name, attributes in observed.events if name == "training.command"]
        [kept] = [dict(attributes) for name, attributes, _ in observed.rows if name == "training.command"]
        assert told == kept
        assert told.pop(a.STEP.name) <= step
        assert told == {
            a.RUN.name: run.id, a.ATTEMPT.name: 1, a.COMMAND.name: "stop", a.RESULT.name: "accepted",
            a.ASKED_BY.name: BY,
        }  # fmt: skip
        assert [row[a.OUTCOME.name] for name, row, _ in observed.rows if name == "training.run.end"] == ["stopped"]
        assert observed.telemetry.guard.faults == {}


def test_a_run_that_hangs_is_not_lost_and_gives_no_answer(
    start: Start, directory: ControlDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directories, "HUNG_AFTER", 6.0)
    loop = start()
    run = loop.run
    os.kill(loop.process.pid, signal.SIGSTOP)
    assert until(lambda: (known := loop.run).state != "running" and known, 15).state == "hung"
    answer = stop(directory, run, now=False, grace=30, asked_by=BY, timeout=1.5)
    assert answer.result == "refused"
    assert answer.reason == "it hangs: no answer in 1.5 s, and the command is taken back; --now ends its process"
    assert not directory.file(run.id, "command").exists()
    os.kill(loop.process.pid, signal.SIGCONT)
    step = run.step
    assert until(lambda: (known := loop.run).state == "running" and known.step > step and known, 15)
    assert loop.process.poll() is None  # what was taken back does not stop it later
    os.kill(loop.process.pid, signal.SIGSTOP)
    answer = stop(directory, run, now=True, grace=0.5, asked_by=BY)  # SIGTERM waits until it goes on
    assert answer.result == "done"
    assert "SIGKILL" in answer.reason
    assert loop.ended() == -signal.SIGKILL
    assert loop.run.state == "lost"


def test_now_ends_its_process_with_its_children(start: Start, directory: ControlDirectory) -> None:
    loop = start("works,blind")
    run, child = loop.run, loop.told["child"]
    began = processes.started(child)
    answer = stop(directory, run, now=True, grace=20, asked_by=BY)
    assert answer.result == "done", answer
    assert "after SIGTERM to its process group; the run is interrupted" in answer.reason
    assert loop.ended() != 0
    assert (loop.run.state, loop.run.outcome) == ("ended", "interrupted")
    until(lambda: processes.started(child) != began)


def test_what_ignores_sigterm_is_killed_after_the_grace(start: Start, directory: ControlDirectory) -> None:
    loop = start("ignores-sigterm,blind")
    began = time.monotonic()
    answer = stop(directory, loop.run, now=True, grace=1.0, asked_by=BY)
    assert 1.0 <= time.monotonic() - began < 4
    assert (answer.result, "ended by SIGKILL" in answer.reason) == ("done", True), answer
    assert loop.ended() == -signal.SIGKILL


def test_who_asks_is_not_ended_with_it(start: Start, directory: ControlDirectory) -> None:
    loop = start("blind", group=False)
    loop.wait_until_told("id")
    assert processes.group_of(loop.process.pid) == os.getpgrp()
    answer = stop(directory, loop.run, now=True, grace=20, asked_by=BY)
    assert (answer.result, "this one is of the same group" in answer.reason) == ("done", True), answer
    loop.ended()


def test_a_number_that_is_another_process_now_is_never_signalled(start: Start, directory: ControlDirectory) -> None:
    loop = start("ends")
    loop.ended()
    run = loop.run
    data = files.read(directory.file(run.id, "json"))
    assert data is not None
    other = subprocess.Popen(["sleep", "60"], start_new_session=True)
    lock = locks.take(directory.file(run.id, "lock"))  # as if the run went on
    assert lock is not None
    try:
        for started in (run.process_started, "", "0@"):
            said = {**data, "outcome": "", "pid": other.pid, "process_started": started, "written_at": time.time()}
            files.write(directory.file(run.id, "json"), said)
            answer = stop(directory, run, now=True, grace=0, asked_by=BY)
            assert answer.result == "refused", answer
        assert other.poll() is None
    finally:
        lock.release()
        other.kill()
        other.wait()


@pytest.mark.parametrize("now", [False, True])
@pytest.mark.parametrize("way", ["ends", "dies"])
def test_what_has_ended_is_not_stopped(start: Start, directory: ControlDirectory, way: str, now: bool) -> None:
    loop = start(way)
    loop.wait_until_told("id")
    loop.process.wait()
    answer = stop(directory, loop.run, now=now, grace=0, asked_by=BY)
    said = "it has ended: ok" if way == "ends" else "it is lost: its process has ended"
    assert (answer.result, answer.reason) == ("refused", said)


def test_a_command_for_an_earlier_attempt_stops_no_later_one(start: Start, directory: ControlDirectory) -> None:
    loop = start("ends")
    loop.ended()
    first = loop.run
    again = start("usual", ARGUS_TRAINING_RUN=first.id)
    assert again.run.attempt == 2
    assert stop(directory, first, now=False, grace=0, asked_by=BY).reason == "attempt 1 is over: it is at attempt 2 now"
    asking = {"id": "x", "kind": "stop", "attempt": 1, "asked_by": BY}
    files.write(directory.file(first.id, "command"), asking)
    ack = until(lambda: files.read(directory.file(first.id, "ack")))
    assert (ack["result"], ack["reason"]) == ("refused", "it was meant for attempt 1, and this is attempt 2")


def test_a_command_that_was_left_behind_stops_no_later_attempt(start: Start, directory: ControlDirectory) -> None:
    loop = start("dies")
    loop.process.wait()
    asking = {"id": "x", "kind": "stop", "attempt": 2, "asked_by": BY}
    files.write(directory.file(loop.run.id, "command"), asking)
    again = start("usual", ARGUS_TRAINING_RUN=loop.run.id)
    again.wait_until_told("id")
    assert not directory.file(loop.run.id, "command").exists()


def test_two_who_ask_at_once_are_both_answered(start: Start, directory: ControlDirectory) -> None:
    loop = start("blind")
    run = loop.run
    answers = {}

    def ask(name: str) -> None:
        answers[name] = stop(directory, run, now=False, grace=0, asked_by=name, wait=0)

    asking = [threading.Thread(target=ask, args=(name,)) for name in ("a", "b")]
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    assert {answer.result for answer in answers.values()} == {"accepted"}


def test_a_run_of_another_host_is_not_signalled(start: Start, directory: ControlDirectory) -> None:
    loop = start("blind")
    data = files.read(directory.file(loop.run.id, "json"))
    assert data is not None
    run = replace(loop.run, host="gpu-2")
    files.write(directory.file(run.id, "json"), {**data, "host": "gpu-2"})
    answer = stop(directory, run, now=True, grace=0, asked_by=BY)
    assert (answer.result, answer.reason) == ("refused", "its process is one of gpu-2: ask there")
    assert loop.process.poll() is None
