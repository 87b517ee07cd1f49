from __future__ import annotations

import logging
import math
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import Gauge, InMemoryMetricReader, Sum

from argus_otel.otel.instruments import observe
from argus_otel.telemetry import Attribute, InstrumentKind, Metric, Telemetry

SHARD = Attribute("discord.shard.id", "m", cardinality_limit=10)
EVENTS = Metric("events", InstrumentKind.COUNTER, "{event}", "Things that happened.", (SHARD,))
GUILDS = Metric("guilds", InstrumentKind.UP_DOWN_COUNTER, "{guild}", "Guilds there are.")
LATENCY = Metric("latency", InstrumentKind.GAUGE, "s", "How late it is.", (SHARD,))
DURATION = Metric("duration", InstrumentKind.HISTOGRAM, "s", "m", boundaries=(1.0,))


@pytest.fixture
def reader(telemetry: Telemetry) -> InMemoryMetricReader:
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader], shutdown_on_exit=False)
    observe(provider.get_meter("test"), telemetry, (EVENTS, GUILDS, LATENCY, DURATION))
    return reader


def read(reader: InMemoryMetricReader) -> dict[str, Any]:
    data = reader.get_metrics_data()
    if data is None:
        return {}
    return {m.name: m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics}


def test_each_kind_becomes_its_instrument(telemetry: Telemetry, reader: InMemoryMetricReader) -> None:
    telemetry.counter(EVENTS)[0].value += 1
    telemetry.counter(GUILDS)[()].value += 1
    telemetry.gauge(LATENCY, lambda: [({"discord.shard.id": 0}, 0.5)])
    telemetry.histogram(DURATION)[()].record(1.0)
    found = read(reader)
    assert {name: (type(m.data), m.unit, m.description) for name, m in found.items()} == {
        "events": (Sum, "{event}", "Things that happened."),
        "guilds": (Sum, "{guild}", "Guilds there are."),
        "latency": (Gauge, "s", "How late it is."),
    }
    assert [found["events"].data.is_monotonic, found["guilds"].data.is_monotonic] == [True, False]


def test_values_are_read_when_somebody_collects(telemetry: Telemetry, reader: InMemoryMetricReader) -> None:
    cell = telemetry.counter(EVENTS)[3]
    values: list[object] = []
    for _ in range(3):
        cell.value += 1
        (point,) = read(reader)["events"].data.data_points
        values.append((dict(point.attributes), point.value))
    assert values == [({"discord.shard.id": 3}, number) for number in (1, 2, 3)]


def test_what_no_source_has_asked_for_is_not_shown(reader: InMemoryMetricReader) -> None:
    assert read(reader) == {}


def test_values_that_are_not_finite_cost_no_warning(
    telemetry: Telemetry, reader: InMemoryMetricReader, caplog: pytest.LogCaptureFixture
) -> None:
    telemetry.gauge(LATENCY, lambda: [({"discord.shard.id": 0}, math.nan), ({"discord.shard.id": 1}, math.inf)])
    assert read(reader) == {}
    assert caplog.records == []


def test_a_gauge_that_fails_loses_no_other_metric(
    telemetry: Telemetry, reader: InMemoryMetricReader, caplog: pytest.LogCaptureFixture
) -> None:
    telemetry.counter(EVENTS)[0].value += 1
    telemetry.counter(GUILDS)[()].value += 1
    telemetry.gauge(LATENCY, lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    with caplog.at_level(logging.WARNING):
        assert [set(read(reader)) for _ in range(3)] == [{"events", "guilds"}] * 3
    assert [record.name for record in caplog.records] == ["argus_otel"]
