"""What the guard does about the losses that a run logs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

from argus_otel import training
from argus_otel.sources.training import attributes as a
from argus_otel.sources.training import catalogue as c
from argus_otel.sources.training.guard.losses import Gradients
from argus_otel.sources.training.outcomes import Rule
from argus_otel.telemetry import CounterCell
from argus_otel.testing import Observation, observe

NAN = math.nan
DIVERGING = [*(2 / (1 + step / 10) for step in range(50)), *([100.0] * 10)]


@pytest.fixture(params=["warn", "stop"])
def action(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def guarded(action: str) -> Iterator[Observation]:
    with observe("training", settings={"training_guard": action}) as observed:
        yield observed
    assert not observed.telemetry.guard.faults


def trips(observed: Observation) -> dict[tuple[Any, Any], float]:
    """Return how often rules have tripped, by rule and action."""
    points = observed.points().get(c.GUARD_TRIPS.name, [])
    return {(has[a.RULE.name], has[a.ACTION.name]): value for has, value in points if value}


def told(observed: Observation) -> list[dict[str, Any]]:
    """Return the events of the guard, which are rows of history too."""
    events = [attributes for name, attributes in observed.events if name == c.GUARDED.name]
    assert events == [dict(attributes) for name, attributes, _ in observed.rows if name == c.GUARDED.name]
    return events


def outcomes(observed: Observation) -> list[object]:
    return [attributes[a.OUTCOME.name] for name, attributes, _ in observed.rows if name == c.ENDED.name]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.name == "argus_otel"]


def train(values: list[float], name: str = "loss", **more: Any) -> tuple[training.Run, int]:
    """Train until the run is asked to stop; return it, and how many steps that were."""
    with training.run("net", **more) as run:
        for step, value in enumerate(values):
            run.log({name: value, "lr": 0.1}, step=step)
            if run.should_stop:
                break
    return run, step + 1


@pytest.mark.parametrize(
    ("values", "rule", "after"),
    [([1.0, *([NAN] * 10)], "nonfinite", 4), (DIVERGING, "divergence", 55)],
    ids=["nonfinite", "divergence"],
)
def test_a_rule_trips_once_a_run(
    guarded: Observation, action: str, caplog: pytest.LogCaptureFixture, values: list[float], rule: str, after: int
) -> None:
    run, steps = train(values)
    assert steps == (after if action == "stop" else len(values))
    assert outcomes(guarded) == ["guarded" if action == "stop" else "ok"]
    assert trips(guarded) == {(rule, action): 1}
    assert told(guarded) == [
        {
            a.RUN.name: run.id,
            a.ATTEMPT.name: 1,
            a.STEP.name: after,
            a.PHASE.name: "train",
            a.METRIC.name: "loss",
            a.RULE.name: rule,
            a.ACTION.name: action,
        }
    ]
    [warning] = warnings(caplog)
    assert "loss (train) of the run net" in warning
    assert f"up to step {after}" in warning
    assert ("is asked to end" in warning) is (action == "stop")


def test_each_run_is_judged_by_itself(guarded: Observation, action: str, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        train([1.0, NAN, NAN])
    train([NAN, NAN, NAN])
    train([NAN, NAN, NAN])
    assert trips(guarded) == {("nonfinite", action): 2}
    assert len(warnings(caplog)) == 2


def test_each_phase_and_name_is_judged_by_itself(guarded: Observation, action: str) -> None:
    with training.run() as run:
        for step in range(2):
            run.log(loss=NAN, step=step)
            run.log(loss=NAN, phase="validation")
            run.log({"d_loss": NAN, "loss": 1.0} if step else {"d_loss": NAN}, phase="test")
        assert trips(guarded) == {}
        run.log(d_loss=NAN, phase="test")
        run.log(d_loss=NAN, phase="test")
        run.log(loss=NAN, phase="validation")  # another one trips the rule, which is told once a run
    assert trips(guarded) == {("nonfinite", action): 1}
    assert [(each[a.PHASE.name], each[a.METRIC.name]) for each in told(guarded)] == [("test", "d_loss")]


@pytest.mark.parametrize("name", ["accuracy", "loss_scale", "grad_norm"])
def test_what_is_no_loss_is_not_judged(guarded: Observation, name: str) -> None:
    train([*DIVERGING, NAN, NAN, NAN, NAN], name)
    assert trips(guarded) == {}


def test_a_term_of_a_loss_may_grow(guarded: Observation, action: str) -> None:
    train(DIVERGING, "kl_loss")
    assert trips(guarded) == {}
    train([*DIVERGING, NAN, NAN, NAN], "kl_loss")
    assert trips(guarded) == {("nonfinite", action): 1}


def test_the_command_that_has_stopped_a_run_stays_what_has(guarded: Observation) -> None:
    source: Any = guarded.handle.source
    with training.run() as run:
        source.recorder.active[-1].stop_asked = "command"
        for step in range(5):
            run.log(loss=NAN, step=step)
    assert outcomes(guarded) == ["stopped"]


def test_only_the_first_of_several_processes_judges() -> None:
    with observe("training", settings={"training_rank": 1}) as observed:
        train([NAN] * 9)
    assert trips(observed) == {}
    assert told(observed) == []


def test_switched_off_nothing_is_judged(caplog: pytest.LogCaptureFixture) -> None:
    with observe("training", settings={"training_guard": "off"}) as observed:
        _, steps = train([*DIVERGING, *([NAN] * 9)])
    assert steps == len(DIVERGING) + 9
    assert c.GUARD_TRIPS.name not in observed.points()
    assert told(observed) == []
    assert warnings(caplog) == []


def test_an_alert_has_the_series_before_the_first_trip(guarded: Observation, action: str) -> None:
    with training.run():
        points = guarded.points()[c.GUARD_TRIPS.name]
    assert sorted((has[a.RULE.name], has[a.ACTION.name], value) for has, value in points) == [
        ("divergence", action, 0),
        ("nonfinite", action, 0),
        ("stall", "warn", 0),
    ]


def test_many_names_cost_no_memory(guarded: Observation) -> None:
    source: Any = guarded.handle.source
    with training.run() as run:
        for step in range(1000):
            run.log({f"layer_{step}_loss": 1.0}, step=step)
        [open_run] = source.recorder.active
        assert len(open_run.judges) == 256
        assert len(open_run.logged) <= 256


def test_gradients_that_a_scaler_has_left_out_are_excused() -> None:
    skipped = CounterCell()
    judge = Gradients(skipped)
    for _ in range(20):
        skipped.value += 1
        assert judge.add(math.inf) is None
    assert [judge.add(NAN) for _ in range(3)] == [None, None, Rule.NONFINITE]
