"""How long a run will go on: within a tenth of the truth after a tenth of a steady run, by an injected clock."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argus_otel import training
from argus_otel.sources.training.frameworks.fit import Fit
from argus_otel.sources.training.recorder import Recorder
from argus_otel.sources.training.remaining import Pace, Recurring
from argus_otel.testing import Observation, observe

from .clock import Clock

if TYPE_CHECKING:
    from argus_otel.sources.training.source import TrainingSource

STEPS = 1000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def recorder(observed: Observation, clock: Clock) -> Recorder:
    return cast("TrainingSource", observed.handle.source).recorder


class Loop:
    """A loop with validations and checkpoints, which notes what was said to remain, and when."""

    def __init__(self, recorder: Recorder, clock: Clock) -> None:
        self.recorder = recorder
        self.clock = clock
        self.said: dict[int, tuple[float | None, float]] = {}

    def ask(self, step: int) -> None:
        self.said[step] = (self.recorder.active[-1].time_remaining(), self.clock.now)

    def train(
        self,
        *,
        first_step: int = 0,
        first: float = 1.0,
        each: float = 1.0,
        validate: tuple[int, float] = (0, 0.0),
        save: tuple[int, float] = (0, 0.0),
        validation_first: float = 0.0,
        log_every: int = 1,
        total: int = STEPS,
    ) -> None:
        """Train, and ask after each hundredth of it."""
        with training.run(total_steps=total, first_step=first_step) as run:
            for step in range(first_step, total):
                self.clock.go_on(first if step == first_step else each)
                done = step + 1
                if done % log_every == 0 or done == total:
                    run.log(loss=1.0, step=step)
                if validate[0] and done % validate[0] == 0:
                    with run.validation():
                        self.clock.go_on(validate[1] + (validation_first if done == validate[0] else 0.0))
                if save[0] and done % save[0] == 0:
                    with run.checkpoint():
                        self.clock.go_on(save[1])
                if done % (total // 100) == 0:
                    self.ask(done)

    def check(self, since: int = STEPS // 10, within: float = 0.1, until: int = STEPS - 1) -> None:
        """Assert that what was said from a step on was right."""
        end = self.clock.now
        said = {step: given for step, given in self.said.items() if since <= step <= until}
        assert said
        for step, (remaining, at) in said.items():
            assert remaining == pytest.approx(end - at, rel=within, abs=1.0), step


@pytest.fixture
def loop(recorder: Recorder, clock: Clock) -> Loop:
    return Loop(recorder, clock)


def test_a_steady_run(loop: Loop) -> None:
    loop.train()
    loop.check(within=0.001)


def test_the_first_step_compiles(loop: Loop) -> None:
    loop.train(first=300.0, each=0.01)
    loop.check(since=20, within=0.001)


@pytest.mark.parametrize(("every", "seconds"), [(100, 50.0), (100, 500.0), (33, 20.0), (10, 5.0)])
def test_validations(loop: Loop, every: int, seconds: float) -> None:
    loop.train(validate=(every, seconds))
    loop.check()


def test_the_first_validation_compiles(loop: Loop) -> None:
    loop.train(validate=(50, 20.0), validation_first=600.0)
    loop.check()


def test_checkpoints(loop: Loop) -> None:
    loop.train(save=(50, 30.0), validate=(100, 100.0))
    loop.check()


def test_only_each_tenth_step_is_logged(loop: Loop) -> None:
    loop.train(log_every=10, validate=(100, 50.0))
    loop.check()


def test_a_run_that_goes_on_at_a_later_step(loop: Loop) -> None:
    loop.train(first_step=400, first=120.0, validate=(100, 50.0))
    loop.check(since=510)


def test_a_resume_between_two_validations(loop: Loop) -> None:
    loop.train(first_step=450, validate=(100, 50.0))
    loop.check(since=600)


def test_two_validations_at_one_step_are_one(recorder: Recorder, clock: Clock) -> None:
    loop = Loop(recorder, clock)
    with training.run(total_steps=STEPS) as run:
        for step in range(STEPS):
            clock.go_on(1)
            run.log(loss=1.0)
            if (step + 1) % 100 == 0:
                for seconds in (30, 60):
                    with run.validation():
                        clock.go_on(seconds)
                loop.ask(step + 1)
    loop.check()


def test_steps_that_are_trained_again(recorder: Recorder, clock: Clock) -> None:
    """It goes back a hundred steps, as after a bad loss: they come on top, and are no part of a step."""
    loop = Loop(recorder, clock)
    with training.run(total_steps=STEPS) as run:
        for step in [*range(300), *range(200, STEPS)]:
            clock.go_on(1)
            run.log(loss=1.0, step=step)
            loop.said[len(loop.said)] = (recorder.active[-1].time_remaining(), clock.now)
    loop.check(since=300, within=0.01, until=STEPS + 98)


def test_values_of_one_step_that_are_logged_twice_change_nothing(recorder: Recorder, clock: Clock) -> None:
    loop = Loop(recorder, clock)
    with training.run(total_steps=STEPS) as run:
        for step in range(STEPS):
            clock.go_on(0.3)
            run.log(loss=1.0, step=step)
            clock.go_on(0.7)
            run.log(lr=0.1, step=step)
            loop.ask(step + 1)
    loop.check(within=0.01)


def test_epochs_of_a_framework(recorder: Recorder, clock: Clock) -> None:
    loop, fit = Loop(recorder, clock), Fit(recorder)
    run = fit.begin("keras", "Net", total_steps=STEPS, total_epochs=10)
    for epoch in range(10):
        fit.epoch_began(epoch)
        for batch in range(200):  # two for each step
            clock.go_on(0.25)
            run.batch_began()
            clock.go_on(0.25)
            run.batch_ended(batch % 2)
        fit.validation_began()
        clock.go_on(80)
        fit.validation_ended()
        fit.epoch_ended()
        loop.ask((epoch + 1) * 100)
    fit.end(None)
    loop.check()


@pytest.mark.parametrize("total", [None, 5])
def test_where_the_end_is_not_known_nothing_is_said(recorder: Recorder, clock: Clock, total: int | None) -> None:
    with training.run(total_steps=total) as run:
        assert recorder.active[-1].time_remaining() is None
        for _ in range(10):  # more than there should be
            clock.go_on(1)
            run.log(loss=1.0)
        assert recorder.active[-1].time_remaining() is None


@pytest.mark.alone
def test_in_real_time() -> None:
    """The clock that stands still while nothing is trained is that of the process."""
    import time

    with observe("training") as observed, training.run(total_steps=60) as run:
        recorder = cast("TrainingSource", observed.handle.source).recorder
        said, at = None, 0.0
        for step in range(60):
            time.sleep(0.02)
            run.log(loss=1.0)
            if step == 12:
                said, at = recorder.active[-1].time_remaining(), time.perf_counter()
        assert said == pytest.approx(time.perf_counter() - at, rel=0.5)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 1000)), min_size=2, max_size=300))
def test_pace_is_that_of_the_last_steps(given_steps: list[tuple[int, float]]) -> None:
    pace, steps, now, each = Pace(), 0, 0.0, []
    for more, seconds in given_steps:
        steps, now = steps + more, now + seconds
        pace.add((steps, now))
        each.append((steps, now))
    (first, began), (last, ended) = each[-101:][0], each[-1]
    mean, median = pace.mean(), pace.median()
    assert mean == (pytest.approx((ended - began) / (last - first)) if last > first else None)
    if median is not None:
        assert 0 <= median <= 1001
    assert (median is None) == all(before == after for (before, _), (after, _) in pairwise(each[-101:]))


@given(st.integers(0, 1000), st.integers(1, 50), st.integers(1, 20), st.floats(0.1, 100))
def test_what_recurs_is_known_from_the_second_on(began: int, apart: int, times: int, seconds: float) -> None:
    recurring = Recurring()
    total = began + apart * 30
    for time in range(1, times + 1):
        recurring.add(began + time * apart, seconds if time > 1 else 1.5 * seconds)
    expected = (30 - times) * seconds * (1.5 if times == 1 else 1.0)
    assert recurring.remaining(began, total) == pytest.approx(expected)


def test_epochs_that_differ_by_a_step_end_with_a_validation_too() -> None:
    recurring = Recurring()
    for steps in (33, 67, 100, 134):
        recurring.add(steps, 10.0)
    assert recurring.remaining(0, 167) == 10.0
    recurring.add(167, 10.0)
    assert recurring.remaining(0, 167) == 0.0
