"""A run that stands still is noticed, by an injected clock; and once by the real one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest

from argus_otel import training
from argus_otel.sources.training import attributes as a
from argus_otel.sources.training import catalogue as c
from argus_otel.sources.training.guard import stalls
from argus_otel.sources.training.guard.stalls import Stalls
from argus_otel.testing import Observation, observe, until

from ..clock import Clock

if TYPE_CHECKING:
    from argus_otel.sources.training.source import TrainingSource


class Watched:
    """Runs under the eyes of the watchdog, which looks each second of the injected clock."""

    def __init__(self, observed: Observation, clock: Clock) -> None:
        self.observed = observed
        self.clock = clock
        self.recorder = cast("TrainingSource", observed.handle.source).recorder
        [self._stalls] = [each for each in self.recorder.companions._all if isinstance(each, Stalls)]

    def wait(self, seconds: int) -> int:
        """Let a time pass; return how many stalls were told in it."""
        before = len(self.told)
        for _ in range(seconds):
            self.clock.go_on(1)
            self._stalls.each_second(self.recorder.active)
        return len(self.told) - before

    def steps(self, run: training.Run, number: int, each: float = 1.0) -> None:
        """Train some steps."""
        for _ in range(number):
            self.clock.go_on(each)
            self._stalls.each_second(self.recorder.active)
            run.log(loss=1.0)

    @property
    def told(self) -> list[dict[str, Any]]:
        return [attributes for name, attributes in self.observed.events if name == c.STALLED.name]


@pytest.fixture
def watched(observed: Observation, clock: Clock) -> Iterator[Watched]:
    yield Watched(observed, clock)
    assert not observed.telemetry.guard.faults


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.name == "argus_otel"]


def test_a_stall_is_told_once_with_the_stack(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    with training.run("net") as run:
        watched.steps(run, 5)
        secret_value = "a value"  # noqa: F841 - must not be told
        assert watched.wait(60) == 0
        assert watched.wait(600) == 1
    [told] = watched.told
    assert told[a.RUN.name] == run.id
    assert told[a.STEP.name] == 5
    assert told[a.RANK.name] == 0
    assert told[a.STALLED.name] == 61
    assert told[a.THREAD.name] == "MainThread"
    assert "in test_a_stall_is_told_once_with_the_stack\n" in told[a.STACK.name]
    assert "sources/training" not in told[a.STACK.name]
    [warning] = warnings(caplog)
    assert "the run net has made no progress for 61 s, after step 5" in warning
    assert "training.stall" in warning
    [(has, value)] = [
        (has, value) for has, value in watched.observed.points()[c.GUARD_TRIPS.name] if has[a.RULE.name] == "stall"
    ]
    assert (has[a.ACTION.name], value) == ("warn", 1)
    assert not run.should_stop
    assert next(row for name, row, _ in watched.observed.rows if name == c.ENDED.name)[a.OUTCOME.name] == "ok"


def test_each_stall_is_told_and_warned_of_once_a_run(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    with training.run() as run:
        for _ in range(3):
            watched.steps(run, 5)
            assert watched.wait(100) == 1
    assert len(warnings(caplog)) == 1


def test_no_stall_before_the_first_step(watched: Watched) -> None:
    with training.run() as run:
        assert watched.wait(3600) == 0
        run.log(loss=1.0)
        assert watched.wait(3600) == 0  # its first step took an hour, and 20 of these may pass
        watched.steps(run, 5)
        assert watched.wait(61) == 1


def test_slow_steps_have_more_time(watched: Watched) -> None:
    with training.run() as run:
        watched.steps(run, 10, each=4.0)
        assert watched.wait(80) == 0
        assert watched.wait(1) == 1


def test_one_slow_step_among_many_changes_nothing(watched: Watched) -> None:
    with training.run() as run:
        watched.steps(run, 50)
        watched.clock.go_on(3)
        watched.steps(run, 50)
        watched.steps(run, 1, each=4.0)
        assert watched.wait(61) == 1


@pytest.mark.parametrize("block", ["validation", "checkpoint"])
def test_a_block_that_tells_of_no_progress_has_ten_times_as_long(watched: Watched, block: str) -> None:
    with training.run() as run:
        watched.steps(run, 5)
        with getattr(run, block)():
            assert watched.wait(600) == 0
            assert watched.wait(1) == 1
        assert watched.wait(60) == 0
        assert watched.wait(1) == 1


def test_a_validation_that_logs_has_as_long_as_a_step(watched: Watched) -> None:
    with training.run() as run:
        watched.steps(run, 5)
        with run.validation():
            watched.clock.go_on(3)
            run.log(accuracy=0.5, phase="validation")
            assert watched.wait(61) == 1


def test_progress_of_a_validation_is_progress(watched: Watched) -> None:
    with training.run() as run:
        watched.steps(run, 5)
        with run.validation():
            for _ in range(10):
                assert watched.wait(50) == 0
                run.log(accuracy=0.5, phase="validation")


def test_after_its_last_step_a_run_has_ten_times_as_long(watched: Watched) -> None:
    with training.run(total_steps=5) as run:
        watched.steps(run, 5)
        assert watched.wait(600) == 0
        assert watched.wait(1) == 1


def test_a_run_that_waits_for_another_does_not_stall(watched: Watched) -> None:
    with training.run("outer") as outer:
        watched.steps(outer, 5)
        with training.run("inner") as inner:
            watched.steps(inner, 5)
            assert watched.wait(100) == 1
            watched.steps(inner, 100)
        assert watched.wait(60) == 0
        assert watched.wait(1) == 1
    assert [each[a.RUN.name] for each in watched.told] == [inner.id, outer.id]


def test_time_in_which_the_process_was_stopped_is_no_stall(watched: Watched) -> None:
    with training.run() as run:
        watched.steps(run, 5)
        watched.clock.go_on(3600)
        assert watched.wait(55) == 0
        assert watched.wait(10) == 1


def test_a_debugger_is_no_stall(watched: Watched) -> None:
    at_prompt, go_on = threading.Event(), threading.Event()
    code = compile("def prompt(at_prompt, go_on):\n    at_prompt.set()\n    go_on.wait()\n", "bdb.py", "exec")
    space: dict[str, Any] = {"__name__": "bdb"}
    exec(code, space)  # noqa: S102 - a function that is one of the debugger's, by its module

    def train() -> None:
        with training.run() as run:
            watched.steps(run, 5)
            space["prompt"](at_prompt, go_on)

    thread = threading.Thread(target=train)
    thread.start()
    assert at_prompt.wait(10)
    told = watched.wait(100)
    go_on.set()
    thread.join()
    assert told == 0


def test_a_secret_in_a_line_of_source_is_redacted(watched: Watched) -> None:
    watched.observed.telemetry.redact.add_secret("abcdefghijklmnopqrstuvwxyz0123456789", permanent=True)
    with training.run() as run:
        watched.steps(run, 5)
        _ = watched.wait(61), "abcdefghijklmnopqrstuvwxyz0123456789"
    [told] = watched.told
    assert "watched.wait(61)" in told[a.STACK.name]
    assert "abcdefghijkl" not in str(told)


def test_in_real_time_a_thread_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stalls, "_LEAST", 0.5)
    with observe("training") as observed, training.run() as run:
        run.log(loss=1)
        run.log(loss=1)
        until(lambda: any(name == c.STALLED.name for name, _ in observed.events), timeout=20)
    [told] = [attributes for name, attributes in observed.events if name == c.STALLED.name]
    assert "until" in told[a.STACK.name]


def test_a_thread_that_has_ended_has_no_stack(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    left: list[training.Run] = []

    def begin() -> None:
        left.append(training.run("left"))
        watched.steps(left[0], 5)

    thread = threading.Thread(target=begin)
    thread.start()
    thread.join()
    assert watched.wait(61) == 1
    assert watched.told[0][a.STACK.name] == ""
    assert "is in no Python code" in warnings(caplog)[0]
    left[0].end()
