from __future__ import annotations

import pytest

from argus_otel.telemetry import Attribute, InstrumentKind, Metric, Telemetry

SHARD = Attribute("shard", "m", cardinality_limit=100)
EVENT = Attribute("event", "m", cardinality_limit=100)
BY_BOTH = Metric("by.both", InstrumentKind.COUNTER, "{event}", "m", (SHARD, EVENT))
BY_SHARD = Metric("by.shard", InstrumentKind.COUNTER, "{event}", "m", (SHARD,))
BY_EVENT = Metric("by.event", InstrumentKind.COUNTER, "{event}", "m", (EVENT,))
IN_ALL = Metric("in.all", InstrumentKind.COUNTER, "{event}", "m")
SWAPPED = Metric("swapped", InstrumentKind.COUNTER, "{event}", "m", (EVENT, SHARD))


@pytest.fixture
def telemetry() -> Telemetry:
    telemetry = Telemetry()
    cells = telemetry.counter(BY_SHARD, BY_EVENT, IN_ALL, SWAPPED, BY_BOTH, key=(SHARD, EVENT))
    cells[0, "READY"].value += 1
    cells[1, "READY"].value += 2
    cells[1, "RESUMED"].value += 4
    cells[None, "RESUMED"].value += 8
    return telemetry


def test_a_metric_with_all_the_keys_attributes_shows_every_cell(telemetry: Telemetry) -> None:
    assert telemetry.points(BY_BOTH) == [
        ({"shard": 0, "event": "READY"}, 1),
        ({"shard": 1, "event": "READY"}, 2),
        ({"shard": 1, "event": "RESUMED"}, 4),
        ({"event": "RESUMED"}, 8),
    ]


def test_a_metric_with_fewer_attributes_shows_the_sums_over_the_others(telemetry: Telemetry) -> None:
    assert telemetry.points(BY_SHARD) == [({"shard": 0}, 1), ({"shard": 1}, 6), ({}, 8)]
    assert telemetry.points(BY_EVENT) == [({"event": "READY"}, 3), ({"event": "RESUMED"}, 12)]
    assert telemetry.points(IN_ALL) == [({}, 15)]


def test_the_order_of_attributes_does_not_matter(telemetry: Telemetry) -> None:
    assert ({"event": "RESUMED", "shard": 1}, 4) in telemetry.points(SWAPPED)


def test_a_counter_is_the_same_each_time_it_is_asked_for(telemetry: Telemetry) -> None:
    assert telemetry.counter(BY_EVENT) is telemetry.counter(BY_SHARD)


def test_a_cell_begins_at_zero_and_is_shown_before_it_is_used() -> None:
    telemetry = Telemetry()
    telemetry.counter(BY_SHARD)[0]
    assert telemetry.points(BY_SHARD) == [({"shard": 0}, 0)]


def test_a_counter_that_nobody_asked_for_has_no_points() -> None:
    assert Telemetry().points(BY_SHARD) == []


def test_cells_go_down_too() -> None:
    telemetry = Telemetry()
    active = Metric("active", InstrumentKind.UP_DOWN_COUNTER, "{thing}", "m")
    telemetry.counter(active)[()].value -= 2
    assert telemetry.points(active) == [({}, -2)]


def test_points_are_snapshots() -> None:
    telemetry = Telemetry()
    cell = telemetry.counter(IN_ALL)[()]
    points = telemetry.points(IN_ALL)
    cell.value += 1
    assert points == [({}, 0)]
