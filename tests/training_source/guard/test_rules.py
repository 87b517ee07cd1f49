"""The rules on logged values, as functions of the values alone."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argus_otel.sources.training.guard.rules import (
    DIVERGED_IN_A_ROW,
    NONFINITE_IN_A_ROW,
    WARM_UP,
    Loss,
    NonFinite,
    is_loss,
    is_whole_loss,
    limit_of,
)
from argus_otel.sources.training.outcomes import Rule


def trips(values: list[float]) -> list[tuple[int, Rule]]:
    """Return at which values which rules trip."""
    loss = Loss()
    return [(place, rule) for place, value in enumerate(values) if (rule := loss.add(value)) is not None]


def falling(number: int = 100, start: float = 2.0) -> list[float]:
    return [start / (1 + step / 10) for step in range(number)]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_three_in_a_row_that_are_not_finite_trip(bad: float) -> None:
    assert trips([1.0, bad, bad, 1.0, bad, bad, bad, bad]) == [(6, Rule.NONFINITE)]
    assert NONFINITE_IN_A_ROW == 3


def test_a_value_that_is_not_finite_now_and_then_does_not() -> None:
    assert trips([1.0, math.nan, math.nan] * 50) == []


def test_a_loss_that_grows_far_above_its_best_trips_at_the_fifth_value() -> None:
    fell = falling()
    assert trips([*fell, *[1e3] * 20]) == [(len(fell) + DIVERGED_IN_A_ROW - 1, Rule.DIVERGENCE)]
    assert DIVERGED_IN_A_ROW == 5


def test_a_slow_divergence_trips_too() -> None:
    (((place, rule)),) = trips([*falling(), *[0.2 * 1.05**step for step in range(100)]])
    assert rule is Rule.DIVERGENCE
    assert place > 100 + math.log(3) / math.log(1.05)  # not before it is three times its best


def test_both_the_value_and_its_smoothed_course_are_above() -> None:
    # A fifth of each value is smoothed in: 4 - 3 * 0.8 ** n is above 3 from the fifth value on.
    assert trips([*([1.0] * 50), *([4.0] * 30)]) == [(50 + 4 + DIVERGED_IN_A_ROW - 1, Rule.DIVERGENCE)]


@pytest.mark.parametrize("values", [
    falling(1000),
    [*([1.0] * 50), 0.1, *([1.0] * 50)],  # one lucky batch
    [1.0] * 100,
    [0.0] * 100,
    [*falling(), 1e6, *falling()[-20:]],  # one bad batch
    [*falling(), 1e6, 1e6, 1e6, 1e6, *falling()[-20:]],
    [5.0 - step / 10 for step in range(200)],  # falls through 0
    [-1.0 - step for step in range(100)],
    [*([100.0] * 5), *falling()],  # a bad start
    [1e-7 if step % 3 else 1e-4 for step in range(300)],
    [*falling(2000), *([1e-6] * 100), *([1e-4] * 100)],  # of nearly nothing, a multiple is nothing
    [2.0 * 1.1**step for step in range(WARM_UP)],  # of a warm-up nothing is judged
], ids=range(12))  # fmt: skip
def test_an_ordinary_course_does_not_trip(values: list[float]) -> None:
    assert trips(values) == []


@pytest.mark.parametrize("seed", range(20))
def test_noise_around_a_course_does_not_trip(seed: int) -> None:
    noise = random.Random(seed)  # noqa: S311 - the same each time
    assert trips([value * noise.lognormvariate(0, 0.4) for value in falling(2000)]) == []


@pytest.mark.parametrize(("best", "grown", "diverged"), [(-1.0, 0.5, 2.0), (-100.0, 90.0, 150.0), (0.0, 0.4, 1.0)])
def test_a_loss_of_0_or_less_is_compared_by_the_difference(best: float, grown: float, diverged: float) -> None:
    fell = [5.0] * WARM_UP + [best] * 60
    assert trips([*fell, *[grown] * 30]) == []
    assert [rule for _, rule in trips([*fell, *[diverged] * 30])] == [Rule.DIVERGENCE]


def test_the_limit_is_three_times_the_best_and_a_part_of_the_gain() -> None:
    assert limit_of(1.0, 0.5) == 1.5
    assert limit_of(10.0, 0.001) == pytest.approx(1.0009)
    assert limit_of(3.0, -1.0) == 1.0
    assert limit_of(-10.0, -10.0) == 10.0
    assert limit_of(0.0, 0.0) == math.inf


@given(st.lists(st.floats(), max_size=60))
def test_any_values_are_judged(values: list[float]) -> None:
    found = trips(values)
    for place, rule in found:
        if rule is Rule.NONFINITE:
            last = values[place + 1 - NONFINITE_IN_A_ROW : place + 1]
            assert not any(map(math.isfinite, last))
        else:
            assert sum(map(math.isfinite, values[: place + 1])) >= WARM_UP + DIVERGED_IN_A_ROW
    rows = "".join("n" if not math.isfinite(value) else "." for value in values).split(".")
    assert sum(rule is Rule.NONFINITE for _, rule in found) == sum(len(row) >= NONFINITE_IN_A_ROW for row in rows)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=60))
def test_both_sorts_of_judges_agree_on_what_is_not_finite(values: list[float]) -> None:
    judge = NonFinite()
    assert all(judge.add(value) is None for value in values)
    assert all(rule is Rule.DIVERGENCE for _, rule in trips(values))


@pytest.mark.parametrize("name", [
    "loss", "Loss", "train_loss", "val_loss", "eval_loss", "trainLoss", "loss/train", "Loss/val", "train/loss",
    "train_loss_step", "train_loss_epoch", "val_loss/dataloader_idx_0", "total_loss", "valid-loss",
])  # fmt: skip
def test_a_loss_is_known_by_its_name(name: str) -> None:
    assert is_loss(name)
    assert is_whole_loss(name)


@pytest.mark.parametrize("name", ["kl_loss", "aux_loss", "d_loss", "policy/loss", "losses/reconstruction", "klLoss"])
def test_a_term_of_a_loss_is_no_whole_one(name: str) -> None:
    assert is_loss(name)
    assert not is_whole_loss(name)


@pytest.mark.parametrize("name", ["lr", "loss_scale", "lossless", "gloss", "accuracy", "loss_weight", "", "floss/x"])
def test_what_is_named_otherwise_is_no_loss(name: str) -> None:
    assert not is_loss(name)
    assert not is_whole_loss(name)
