"""Batches are sent in requests that a Collector takes."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

import pytest

from argus_otel.otel.portions import PORTION, in_portions, portions


class Result(Enum):
    SUCCESS = 0
    FAILURE = 1


class Exporter:
    """Keeps the batches that it was given; those with a text that says so fail."""

    def __init__(self) -> None:
        self.batches: list[Sequence[str]] = []

    def export(self, batch: Sequence[str]) -> Result:
        self.batches.append(batch)
        return Result.FAILURE if "refuse this" in batch else Result.SUCCESS


def texts_of(item: str) -> Any:
    yield item


def made() -> Any:
    return in_portions(Exporter, texts_of)()


def test_a_batch_that_fits_is_one_request() -> None:
    exporter = made()
    batch = ["short"] * 512
    assert exporter.export(batch) is Result.SUCCESS
    assert exporter.batches == [batch]


def test_a_larger_one_is_several_in_order_and_whole() -> None:
    exporter = made()
    batch = [str(number) * 200_000 for number in range(10)]
    assert exporter.export(batch) is Result.SUCCESS
    assert [item for portion in exporter.batches for item in portion] == batch
    assert all(sum(map(len, portion)) <= PORTION for portion in exporter.batches)
    assert len(exporter.batches) == 3


def test_an_item_that_is_larger_alone_goes_alone() -> None:
    large = "x" * (2 * PORTION)
    assert list(portions(["a", large, "b"], texts_of)) == [["a"], [large], ["b"]]


@pytest.mark.parametrize("refused", [0, 1, 2])
def test_one_request_that_fails_keeps_no_other_back_and_is_the_result(refused: int) -> None:
    exporter = made()
    batch = ["x" * PORTION, "y" * PORTION, "z" * PORTION]
    batch.insert(refused, "refuse this")
    assert exporter.export(batch) is Result.FAILURE
    assert [item for portion in exporter.batches for item in portion] == batch


def test_an_empty_batch_is_one_request() -> None:
    exporter = made()
    assert exporter.export([]) is Result.SUCCESS
    assert exporter.batches == [[]]
