"""Differences and ratios use the same rounds, and their intervals contain the true value as often as they claim."""

from __future__ import annotations

import math
import random
import statistics

import pytest

from benchmarks.results import Result, compared, ratio_of_added


def test_the_median_is_of_differences_within_a_round() -> None:
    drifting = [100.0 * number for number in range(21)]
    bare, found = compared({"bare": drifting, "x": [time + 3.0 for time in drifting]}, "bare")
    assert (bare.added, bare.low, bare.high) == (0.0, 0.0, 0.0)
    assert (found.added, found.low, found.high) == (3.0, 3.0, 3.0)
    assert (found.each, found.bare) == (1003.0, 1000.0)
    assert found.ratio == pytest.approx(0.003)
    assert found.differences == [3.0] * 21


def test_the_interval_holds_the_true_difference_about_as_often_as_it_says() -> None:
    noise, held, runs = random.Random(2), 0, 100  # noqa: S311 - to be the same each time
    for run in range(runs):
        differences = [noise.gauss(5.0, 1.0) for _ in range(40)]
        (_, found) = compared({"bare": [0.0] * 40, "x": differences}, "bare", seed=run)
        held += found.low <= 5.0 <= found.high
    assert 0.88 <= held / runs <= 1.0


def test_the_interval_of_a_ratio_holds_the_true_one_about_as_often_as_it_says() -> None:
    noise, held, runs = random.Random(3), 0, 60  # noqa: S311 - to be the same each time
    for run in range(runs):
        machine = [noise.gauss(0.0, 2.0) for _ in range(40)]  # what a round does to both
        above = [noise.gauss(5.0, 1.0) + shift for shift in machine]
        below = [noise.gauss(10.0, 1.0) + shift for shift in machine]
        found = ratio_of_added(above, below, seed=run)
        held += found.low <= 0.5 <= found.high
    assert 0.85 <= held / runs <= 1.0


def test_a_ratio_is_of_medians_so_that_one_odd_round_says_nothing() -> None:
    found = ratio_of_added([2.0] * 9, [4.0] * 8 + [1e-9])
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)


def test_what_is_compared_with_nothing_has_no_upper_end() -> None:
    assert ratio_of_added([1.0] * 9, [-1.0, 0.0, 1.0] * 3).high == math.inf


def test_what_grows_rarely_is_found_by_the_average() -> None:
    rarely = [0.0] * 15 + [160.0]
    (_, found) = compared({"bare": [0.0] * 16, "x": rarely}, "bare", centre=statistics.fmean)
    assert found.added == 10.0


def test_a_control_is_known_by_its_name() -> None:
    assert Result("bare again (A/A)", 1, 0, 0, 0, 1).control
    assert not Result("argus-otel", 1, 0, 0, 0, 1).control
