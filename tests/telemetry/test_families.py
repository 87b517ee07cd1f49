from __future__ import annotations

import tracemalloc

import pytest

from argus_otel.telemetry import OTHER, Attribute, Counter, InstrumentKind, Metric, Telemetry

SHARD = Attribute("shard", "m", cardinality_limit=4)
EVENT = Attribute("event", "m", cardinality_limit=4)
NONE = Metric("none", InstrumentKind.COUNTER, "1", "m")
ONE = Metric("one", InstrumentKind.COUNTER, "1", "m", (EVENT,))
TWO = Metric("two", InstrumentKind.COUNTER, "1", "m", (SHARD, EVENT))


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


def attributes(counter: Counter) -> list[dict[str, object]]:
    return [dict(attributes) for attributes, _ in counter.rows()]


def test_a_family_without_attributes_has_one_cell_under_the_empty_key(telemetry: Telemetry) -> None:
    counter = telemetry.counter(NONE)
    counter[()].value += 1
    assert counter[()] is counter[()]
    assert telemetry.points(NONE) == [({}, 1)]


def test_a_family_with_one_attribute_is_keyed_by_its_value(telemetry: Telemetry) -> None:
    counter = telemetry.counter(ONE)
    counter["READY"].value += 2
    assert attributes(counter) == [{"event": "READY"}]


def test_a_family_with_several_is_keyed_by_their_values_in_order(telemetry: Telemetry) -> None:
    counter = telemetry.counter(TWO)
    counter[0, "READY"].value += 2
    assert attributes(counter) == [{"shard": 0, "event": "READY"}]


def test_none_leaves_the_attribute_out(telemetry: Telemetry) -> None:
    counter = telemetry.counter(TWO)
    counter[None, "READY"].value += 1
    counter[None, None].value += 1
    assert attributes(counter) == [{"event": "READY"}, {}]
    assert attributes(telemetry.counter(ONE)) == []
    telemetry.counter(ONE)[None].value += 1
    assert telemetry.points(ONE) == [({}, 1)]


def test_a_key_of_the_wrong_length_is_refused_and_leaves_no_cell(telemetry: Telemetry) -> None:
    counter = telemetry.counter(TWO)
    with pytest.raises(ValueError, match="zip"):
        counter[0, "READY", "more"]
    assert attributes(counter) == []


def test_the_same_key_gives_the_same_cell(telemetry: Telemetry) -> None:
    counter = telemetry.counter(ONE)
    assert counter["READY"] is counter["READY"]


def test_keys_with_one_normal_form_share_a_cell_and_are_not_remembered() -> None:
    metric = Metric(
        "m", InstrumentKind.COUNTER, "1", "m", (Attribute("route", "m", cardinality_limit=2, normalise=str.lower),)
    )
    counter = Telemetry().counter(metric)
    assert counter["GET"] is counter["get"]
    assert list(counter) == ["get"]


def test_capped_keys_share_the_overflow_cell(telemetry: Telemetry) -> None:
    counter = telemetry.counter(ONE)
    for event in range(10):
        counter[f"E{event}"].value += 1
    assert telemetry.points(ONE)[-1] == ({"event": OTHER}, 6)
    assert len(counter) == 5


def test_rows_can_be_walked_while_cells_are_made(telemetry: Telemetry) -> None:
    counter = telemetry.counter(ONE)
    counter["a"].value += 1
    seen = 0
    for _ in counter.rows():
        seen += 1
        counter[f"b{seen}"].value += 1
    assert seen == 1
    assert len(attributes(counter)) == 2


def test_a_bound_family_counts_in_the_cells_of_its_family(telemetry: Telemetry) -> None:
    counter = telemetry.counter(TWO)
    bound = counter.bind(3)
    bound["READY"].value += 1
    assert bound["READY"] is counter[3, "READY"]
    assert list(bound) == ["READY"]


def test_a_bound_family_does_not_remember_capped_values(telemetry: Telemetry) -> None:
    bound = telemetry.counter(TWO).bind(3)
    for event in range(10):
        bound[f"E{event}"].value += 1
    assert list(bound) == ["E0", "E1", "E2", "E3"]
    assert ({"shard": 3, "event": OTHER}, 6) in telemetry.points(TWO)


def test_a_family_bound_to_a_capped_value_remembers_nothing(telemetry: Telemetry) -> None:
    counter = telemetry.counter(TWO)
    for shard in range(4):
        counter[shard, "READY"]
    bound = counter.bind(99)
    bound["READY"].value += 1
    assert list(bound) == []
    assert ({"shard": OTHER, "event": "READY"}, 1) in telemetry.points(TWO)


@pytest.mark.parametrize("bound", [False, True], ids=["family", "bound"])
def test_memory_is_bounded_under_a_hundred_thousand_values(telemetry: Telemetry, bound: bool) -> None:
    counter = telemetry.counter(TWO)
    cells = counter.bind(0) if bound else counter
    for number in range(80_000):  # untraced, since tracing is slow
        cells[f"E{number}" if bound else (0, f"E{number}")].value += 1
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(80_000, 100_000):
            cells[f"E{number}" if bound else (0, f"E{number}")].value += 1
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 200_000  # twenty thousand stored keys take about two megabytes
    assert len(cells) <= 5
    assert len(attributes(counter)) == 5
    assert sum(value for _, value in telemetry.points(TWO)) == 100_000
