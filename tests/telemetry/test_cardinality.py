from __future__ import annotations

from collections import Counter

import pytest

from argus_otel.telemetry import OTHER, Attribute
from argus_otel.telemetry.cardinality import CardinalityLimits

CLOSED = Attribute("outcome", "m", values=("ok", "error"))
OPEN = Attribute("command", "m", cardinality_limit=3)
LOWER = Attribute("route", "m", cardinality_limit=2, normalise=str.lower)


@pytest.fixture
def overflows() -> Counter[str]:
    return Counter()


@pytest.fixture
def limits(overflows: Counter[str]) -> CardinalityLimits:
    return CardinalityLimits(lambda name: overflows.update([name]))


def test_a_closed_set_lets_its_own_values_through(limits: CardinalityLimits, overflows: Counter[str]) -> None:
    assert [limits.admit(CLOSED, value) for value in ("ok", "error", OTHER)] == ["ok", "error", OTHER]
    assert not overflows


def test_a_value_outside_a_closed_set_becomes_other_and_is_counted(
    limits: CardinalityLimits, overflows: Counter[str]
) -> None:
    assert [limits.admit(CLOSED, "weird") for _ in range(3)] == [OTHER] * 3
    assert overflows == {"outcome": 3}


def test_an_open_set_holds_as_many_values_as_its_limit(limits: CardinalityLimits, overflows: Counter[str]) -> None:
    assert [limits.admit(OPEN, value) for value in "abcdabc"] == ["a", "b", "c", OTHER, "a", "b", "c"]
    assert overflows == {"command": 1}


def test_other_itself_takes_no_place_under_the_limit(limits: CardinalityLimits, overflows: Counter[str]) -> None:
    limits.admit(OPEN, OTHER)
    assert [limits.admit(OPEN, value) for value in "abc"] == ["a", "b", "c"]
    assert not overflows


def test_the_limit_is_one_for_all_metrics_that_share_the_attribute(limits: CardinalityLimits) -> None:
    twin = Attribute("command", "m", cardinality_limit=3)
    assert [limits.admit(OPEN, value) for value in "abc"] == ["a", "b", "c"]
    assert limits.admit(twin, "d") == OTHER
    assert limits.admit(twin, "a") == "a"


def test_each_attribute_has_a_limit_of_its_own(limits: CardinalityLimits) -> None:
    for value in "abcd":
        limits.admit(OPEN, value)
    assert limits.admit(LOWER, "d") == "d"


def test_values_are_normalised_before_they_count_against_the_limit(
    limits: CardinalityLimits, overflows: Counter[str]
) -> None:
    assert [limits.admit(LOWER, value) for value in ("A", "a", "B", "b", "A")] == ["a", "a", "b", "b", "a"]
    assert not overflows
    assert limits.admit(LOWER, "C") == OTHER


def test_only_texts_are_normalised(limits: CardinalityLimits) -> None:
    assert limits.admit(LOWER, 7) == 7


@pytest.mark.parametrize("value", ["\ud83d", 2**63, -(2**63) - 1])
@pytest.mark.parametrize("attribute", [OPEN, LOWER], ids=["open", "normalised"])
def test_what_no_exporter_can_carry_becomes_other_and_is_counted(
    limits: CardinalityLimits, overflows: Counter[str], attribute: Attribute, value: str | int
) -> None:
    assert limits.admit(attribute, value) == OTHER
    assert overflows == {attribute.name: 1}


def test_the_widest_numbers_and_texts_are_let_through(limits: CardinalityLimits) -> None:
    assert [limits.admit(OPEN, value) for value in (2**63 - 1, -(2**63), "😀")] == [2**63 - 1, -(2**63), "😀"]
