from __future__ import annotations

import math
from collections import defaultdict
from enum import IntFlag
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argus_otel.detections.shapes import digest_of, shape_of

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.integers() | st.text(), inner, max_size=3),
    max_leaves=8,
)


class Hostile:
    """Must not be looked at."""

    def __len__(self) -> int:
        raise AssertionError

    __bool__ = __hash__ = __eq__ = __repr__ = __str__ = __len__  # type: ignore[assignment]


@given(VALUES)
def test_any_value_has_a_shape_that_holds_none_of_it(value: Any) -> None:
    shape = shape_of(value)
    assert shape.type == type(value).__name__
    assert shape.empty == (value is None or (isinstance(value, (str, bytes, list, dict)) and not value))
    assert shape_of(value) == shape
    assert all(isinstance(each, (str, int)) for each in shape)


def test_a_value_is_not_looked_at() -> None:
    hostile = Hostile()
    assert shape_of(hostile).type == "Hostile"
    assert shape_of([hostile]).length == 1
    assert shape_of(hostile).digest != shape_of(hostile).digest, "what it holds may have changed"


class Words(str):
    """Whose code must not run."""

    __slots__ = ()
    __bool__ = __len__ = __hash__ = __eq__ = __repr__ = Hostile.__len__  # type: ignore[assignment]


def test_a_class_that_is_derived_from_a_built_in_one_has_its_name() -> None:
    for value, name in ((defaultdict(int), "dict"), (Words("x"), "str"), (IntFlag("I", "A").A, "int")):
        shape = shape_of(value)
        assert (shape.type, shape.length, shape.empty) == (name, -1, False)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_told(number: float) -> None:
    assert not shape_of(number).finite
    assert shape_of(1.5).finite


def test_texts_are_told_apart_by_their_length_and_their_beginning() -> None:
    assert shape_of("a" * 5000).digest == shape_of("a" * 5000).digest
    assert shape_of("a" * 5000).digest != shape_of("a" * 5001).digest
    assert shape_of("a" * 5000).digest != shape_of("b" * 5000).digest


def test_containers_are_told_apart_by_their_first_items() -> None:
    assert shape_of(["a", 1]).digest == shape_of(["a", 1]).digest
    assert shape_of(["a"]).digest != shape_of(["b"]).digest
    assert shape_of([Hostile()]).digest != shape_of([Hostile(), 1]).digest
    assert shape_of({"a": 1}).digest != shape_of({"a": 2}).digest


def test_a_cycle_has_a_shape() -> None:
    value: dict[Any, Any] = {}
    value["self"] = value
    assert (shape_of(value).type, shape_of(value).length) == ("dict", 1)
    assert digest_of(value) == digest_of(value)


def test_arguments_are_told_apart_by_their_values() -> None:
    assert digest_of({"q": "x", "n": 1}) == digest_of({"q": "x", "n": 1})
    assert digest_of({"q": "x"}) != digest_of({"q": "y"})
