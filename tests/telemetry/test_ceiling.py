"""The number of series of a metric is limited, because the limits of its attributes multiply."""

from __future__ import annotations

import itertools
import logging
import threading
import tracemalloc
from collections import Counter
from typing import Any

import pytest

from argus_otel.catalogues import CATALOGUES
from argus_otel.sources.discord.attributes import EVENT_TYPE, SHARD_ID
from argus_otel.sources.discord.catalogue import COMMAND_DURATION, DISCONNECTS, GATEWAY_EVENTS, SHARD_EVENTS
from argus_otel.telemetry import OTHER, Catalogue, InstrumentKind, Metric, Telemetry, hub
from argus_otel.telemetry.catalogue import ATTRIBUTE_OVERFLOW
from argus_otel.telemetry.families import MAX_SERIES

TIMES = COMMAND_DURATION
FAILURES = Metric("failures", InstrumentKind.COUNTER, "{failure}", "m", TIMES.attributes)
NAMES, ERRORS = 300, 150
KEYS = [
    (f"c{name}", kind, "error", f"E{error}")
    for (name, error), kind in zip(
        itertools.product(range(NAMES), range(ERRORS)), itertools.cycle(("slash", "prefix", "user"))
    )
]

Count = dict[tuple[Any, ...], float]


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


def shown(telemetry: Telemetry, metric: Metric) -> Count:
    """Return the number of events of each series, by its attributes in order."""
    if metric.kind is InstrumentKind.HISTOGRAM:
        points = [(attributes, sum(cell.read()[0])) for attributes, cell in telemetry.histogram(metric).rows()]
    else:
        points = telemetry.points(metric)
    names = [attribute.name for attribute in metric.attributes]
    return {tuple(attributes.get(name) for name in names): float(value) for attributes, value in points}


def by(count: Count, *positions: int) -> Count:
    sums: Counter[tuple[Any, ...]] = Counter()
    for key, value in count.items():
        sums[tuple(key[position] for position in positions)] += value  # type: ignore[assignment]
    return dict(sums)  # type: ignore[arg-type]


def add(telemetry: Telemetry, metric: Metric, key: tuple[Any, ...]) -> None:
    if metric.kind is InstrumentKind.HISTOGRAM:
        telemetry.histogram(metric)[key].record(1.0)
    else:
        telemetry.counter(metric)[key].value += 1


@pytest.mark.parametrize("metric", [TIMES, FAILURES], ids=["histogram", "counter"])
class TestAFullMetric:
    def test_has_a_bound_and_every_event_is_in_its_sum(self, telemetry: Telemetry, metric: Metric) -> None:
        for key in KEYS:
            add(telemetry, metric, key)
        count = shown(telemetry, metric)
        assert MAX_SERIES < len(count) < 2000
        assert sum(count.values()) == NAMES * ERRORS

    def test_keeps_what_has_a_closed_set_and_what_is_absent(self, telemetry: Telemetry, metric: Metric) -> None:
        keys = [*KEYS[:5000], *((f"late{name}", "slash", "ok", None) for name in range(100))]
        for key in keys:
            add(telemetry, metric, key)
        count = shown(telemetry, metric)
        assert by(count, 1, 2) == by(dict(Counter(keys)), 1, 2)  # type: ignore[arg-type]
        assert by(count, 2, 3)["ok", None] == 100
        assert {key[0::3] for key in list(count)[MAX_SERIES:]} == {(OTHER, OTHER), (OTHER, None)}

    def test_goes_on_with_the_series_that_it_has(self, telemetry: Telemetry, metric: Metric) -> None:
        for _ in range(2):
            for key in KEYS[: MAX_SERIES + 2000]:
                add(telemetry, metric, key)
        count = shown(telemetry, metric)
        assert list(count)[:MAX_SERIES] == KEYS[:MAX_SERIES]
        assert set(list(count.values())[:MAX_SERIES]) == {2}

    def test_is_told_once_and_counted_by_attribute(
        self, telemetry: Telemetry, metric: Metric, caplog: pytest.LogCaptureFixture
    ) -> None:
        for key in KEYS[: MAX_SERIES + 100]:
            add(telemetry, metric, key)
        (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert record.getMessage().startswith(f"argus-otel: {metric.name} has {MAX_SERIES} series")
        assert telemetry.points(ATTRIBUTE_OVERFLOW) == [
            ({"argus.attribute": "discord.command.name"}, 100),
            ({"argus.attribute": "error.type"}, 100),
        ]

    def test_takes_no_more_memory(self, telemetry: Telemetry, metric: Metric) -> None:
        keys = KEYS[: MAX_SERIES + 2000]
        for key in keys:
            add(telemetry, metric, key)
        more = KEYS[len(keys) :][:15_000]
        # The limits of the attributes know every value already: only the memory of the cells is measured.
        for name, kind, outcome, error in KEYS:
            telemetry._limits_of(metric).admit(metric.attributes[0], name)
            telemetry._limits_of(metric).admit(metric.attributes[1], kind)
            telemetry._limits_of(metric).admit(metric.attributes[2], outcome)
            telemetry._limits_of(metric).admit(metric.attributes[3], error)
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            for key in more:
                add(telemetry, metric, key)
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert after - before < 100_000  # as many cells would take some ten megabytes

    def test_is_exact_while_threads_meet_at_its_bound(
        self, telemetry: Telemetry, metric: Metric, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hub, "MAX_SERIES", 50)
        start = threading.Barrier(4)
        cells: list[set[int]] = [set() for _ in range(4)]
        family: Any = (
            telemetry.histogram(metric) if metric.kind is InstrumentKind.HISTOGRAM else telemetry.counter(metric)
        )

        def ask(mine: set[int]) -> None:
            start.wait()
            mine.update(id(family[key]) for key in KEYS[:2000])

        threads = [threading.Thread(target=ask, args=(mine,)) for mine in cells]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set.union(*cells)) == len(shown(telemetry, metric)) == 53
        assert all(mine == cells[0] for mine in cells)


def test_a_metric_with_one_series_more_than_it_may_have_says_so_and_one_at_its_bound_does_not(
    telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    for key in KEYS[:MAX_SERIES]:
        add(telemetry, TIMES, key)
    assert not caplog.records
    assert len(shown(telemetry, TIMES)) == MAX_SERIES
    add(telemetry, TIMES, KEYS[MAX_SERIES])
    assert len(caplog.records) == 1


def test_a_logging_handler_may_count_when_a_metric_is_full(
    telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "MAX_SERIES", 2)
    done = threading.Event()

    class Counting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            # Another thread would wait for ever if this one held the cells' lock.
            thread = threading.Thread(target=lambda: (add(telemetry, TIMES, (*KEYS[0][:3], "New")), done.set()))
            thread.start()
            thread.join(10)

    handler = Counting()
    logging.getLogger("argus_otel").addHandler(handler)
    try:
        for key in KEYS[:3]:
            add(telemetry, TIMES, key)
    finally:
        logging.getLogger("argus_otel").removeHandler(handler)
    assert done.is_set()
    assert sum(shown(telemetry, TIMES).values()) == 4


def test_cells_that_no_metric_shows_one_by_one_have_no_bound_of_theirs(telemetry: Telemetry) -> None:
    cells = telemetry.counter(GATEWAY_EVENTS, SHARD_EVENTS, key=(SHARD_ID, EVENT_TYPE))
    for shard in range(400):
        bound = cells.bind(shard)
        for kind in range(10):
            bound[f"KIND_{kind}"].value += 1
    assert shown(telemetry, SHARD_EVENTS) == {(shard,): 10 for shard in range(400)}
    assert shown(telemetry, GATEWAY_EVENTS) == {(f"KIND_{kind}",): 400 for kind in range(10)}


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda catalogue: catalogue.name)
def test_many_values_of_every_attribute_have_a_bound(telemetry: Telemetry, catalogue: Catalogue) -> None:
    metrics = [m for m in catalogue.metrics if m.attributes and m.kind is not InstrumentKind.GAUGE]
    rounds = 600  # more than the limit of most attributes
    for number in range(rounds):
        for metric in metrics:
            values = tuple(each.values[0] if each.values else f"v{number}" for each in metric.attributes)
            add(telemetry, metric, values if len(values) > 1 else values[0])
    for metric in metrics:
        count = shown(telemetry, metric)
        if metric.name != ATTRIBUTE_OVERFLOW.name:
            assert sum(count.values()) == rounds
        assert len(count) <= min(metric.max_series, MAX_SERIES + 1)
    assert sum(len(shown(telemetry, metric)) for metric in metrics) < 7_000


def test_a_metric_of_open_attributes_only_ends_in_one_series(telemetry: Telemetry) -> None:
    for shard in range(1000):
        for code in (1000, 1006, 4000):
            add(telemetry, DISCONNECTS, (shard, code))
    count = shown(telemetry, DISCONNECTS)
    assert len(count) == MAX_SERIES + 1
    assert count[OTHER, OTHER] == 3000 - MAX_SERIES
