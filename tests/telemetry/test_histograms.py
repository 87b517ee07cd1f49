from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from argus_otel.telemetry import Attribute, HistogramCell, InstrumentKind, Metric, Telemetry

EDGES = (0.5, 1.0, 3.0)
COMMAND = Attribute("command", "m", cardinality_limit=3)
DURATION = Metric("duration", InstrumentKind.HISTOGRAM, "s", "m", (COMMAND,), EDGES)


@pytest.fixture
def cell() -> HistogramCell:
    return HistogramCell(EDGES)


@pytest.mark.parametrize(
    ("value", "bucket"),
    [
        (0.0, 0),
        (-1.0, 0),
        (0.4999, 0),
        (0.5, 0),
        (math.nextafter(0.5, 1), 1),
        (1.0, 1),
        (math.nextafter(1.0, 2), 2),
        (3.0, 2),
        (math.nextafter(3.0, 4), 3),
        (1e9, 3),
        (math.inf, 3),
        (1, 1),
    ],
)
def test_an_edge_belongs_to_the_bucket_below_it(cell: HistogramCell, value: float, bucket: int) -> None:
    cell.record(value)
    assert cell.counts == [int(index == bucket) for index in range(4)]


def test_the_sum_is_that_of_the_values(cell: HistogramCell) -> None:
    for value in (0.25, 0.5, 7.0):
        cell.record(value)
    assert cell.sum == 7.75
    assert sum(cell.counts) == 3


def test_each_bucket_keeps_its_last_traced_value(cell: HistogramCell) -> None:
    first, second = (SimpleNamespace(trace_id=number, span_id=number * 10) for number in (1, 2))
    cell.record(0.1, first)
    cell.record(0.2, second)
    cell.record(2.0, first)
    cell.record(0.3)
    assert {bucket: (value, *trace) for bucket, (value, _, *trace) in cell.exemplars.items()} == {
        0: (0.2, 2, 20),
        2: (2.0, 1, 10),
    }
    assert cell.exemplars[0][1] > 1_600_000_000 * 10**9


def test_values_without_a_trace_leave_no_exemplar(cell: HistogramCell) -> None:
    cell.record(0.1)
    assert cell.exemplars == {}


def test_a_family_makes_cells_with_the_metrics_edges() -> None:
    telemetry = Telemetry()
    histogram = telemetry.histogram(DURATION)
    assert histogram is telemetry.histogram(DURATION)
    assert telemetry.histograms() == [histogram]
    assert histogram["play"].boundaries == EDGES
    assert len(histogram["play"].counts) == 4


def test_a_histograms_attributes_are_capped_too() -> None:
    histogram = Telemetry().histogram(DURATION)
    for number in range(10):
        histogram[f"c{number}"].record(1.0)
    assert [(attributes["command"], sum(cell.counts)) for attributes, cell in histogram.rows()] == [
        ("c0", 1),
        ("c1", 1),
        ("c2", 1),
        ("_OTHER", 7),
    ]


def test_records_are_relayed_from_cells_there_are_and_cells_to_come() -> None:
    histogram = Telemetry().histogram(DURATION)
    histogram["old"].record(0.1)
    relayed: list[tuple[object, ...]] = []
    histogram.relay_to(lambda *record: relayed.append(record))
    span = SimpleNamespace(trace_id=1, span_id=2)
    histogram["old"].record(0.2)
    histogram["new"].record(0.3, span)
    assert relayed == [({"command": "old"}, 0.2, None), ({"command": "new"}, 0.3, span)]
    assert sum(histogram["old"].counts) == 2


def test_relaying_ends_for_every_cell() -> None:
    histogram = Telemetry().histogram(DURATION)
    relayed: list[object] = []
    histogram.relay_to(lambda *record: relayed.append(record))
    histogram["old"].record(0.2)
    histogram.relay_to(None)
    histogram["old"].record(0.2)
    histogram["new"].record(0.2)
    assert len(relayed) == 1


def test_what_joins_a_cell_is_a_part_of_it_and_recorded_once() -> None:
    whole, slash, menu = (HistogramCell(EDGES) for _ in range(3))
    slash.join(whole)
    menu.join(whole)
    slash.join(whole)
    span = SimpleNamespace(trace_id=1, span_id=2)
    slash.record(0.1)
    menu.record(0.1, span)
    whole.record(9.0)
    assert (whole.counts, whole.sum) == ([0, 0, 0, 1], 9.0)
    counts, total = whole.read()
    assert sum(counts) == 3
    assert counts == tuple(a + b + c for a, b, c in zip(slash.counts, menu.counts, whole.counts, strict=True))
    assert total == pytest.approx(9.2)
    assert slash.read() == (tuple(slash.counts), 0.1)
    assert whole.all_exemplars() == menu.all_exemplars() != []


def test_a_part_is_relayed_as_itself_and_as_the_whole() -> None:
    part, whole = HistogramCell(EDGES), HistogramCell(EDGES)
    part.join(whole)
    relayed: list[tuple[object, ...]] = []
    part.relay = lambda value, trace: relayed.append(("part", value, trace))
    whole.relay = lambda value, trace: relayed.append(("whole", value, trace))
    part.record(0.1)
    whole.record(0.2)
    assert relayed == [("part", 0.1, None), ("whole", 0.1, None), ("whole", 0.2, None)]
