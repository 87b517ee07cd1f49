"""The percentile that needs no list of numbers."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from argus_otel.detections.percentile import FEWEST, Percentile95

NUMBERS = st.floats(min_value=1e-5, max_value=1e9)


def of(numbers: list[float]) -> float | None:
    percentile = Percentile95()
    for number in numbers:
        percentile.add(number)
    return percentile.value


@given(st.lists(NUMBERS, max_size=FEWEST - 1))
def test_few_numbers_have_none(numbers: list[float]) -> None:
    assert of(numbers) is None


@given(st.lists(NUMBERS, min_size=FEWEST, max_size=FEWEST))
def test_it_is_at_most_a_bucket_above_that_of_the_sorted_numbers(numbers: list[float]) -> None:
    found = of(numbers)
    assert found is not None
    exact = sorted(numbers)[94]  # five of a hundred are above it
    assert exact * (1 - 1e-9) <= found <= exact * 2 ** (1 / 4) * (1 + 1e-9)


def test_it_follows_what_comes_later() -> None:
    percentile = Percentile95()
    for _ in range(200):
        percentile.add(1.0)
    assert percentile.value == 1.0
    for _ in range(200):
        percentile.add(8.0)
    assert percentile.value == 8.0


def test_any_number_has_a_bucket_and_their_number_is_bounded() -> None:
    percentile = Percentile95()
    for power in range(-1074, 1023):
        percentile.add(2.0**power)
    percentile.add(0.0)
    percentile.add(sys.float_info.max)
    assert percentile.value is not None
    assert len(percentile._buckets) <= 241  # pyright: ignore[reportPrivateUsage]
