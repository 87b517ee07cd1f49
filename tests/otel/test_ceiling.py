"""A metric with as many series as it may have is whole on every way out: page, export, another's provider."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from prometheus_client.exposition import choose_encoder

from argus_otel.otel.bridge import Bridge
from argus_otel.otel.prometheus import PrometheusReader
from argus_otel.otel.readers import reader_class
from argus_otel.sources.discord.catalogue import COMMAND_DURATION
from argus_otel.telemetry import Catalogue, InstrumentKind, Metric, Telemetry
from argus_otel.telemetry.catalogue import ATTRIBUTE_OVERFLOW, HOOK_ACTIVE
from argus_otel.telemetry.families import MAX_SERIES

FAILURES = Metric("discord.failures", InstrumentKind.COUNTER, "{failure}", "Failures.", COMMAND_DURATION.attributes)
CATALOGUE = Catalogue("m", metrics=(COMMAND_DURATION, FAILURES, ATTRIBUTE_OVERFLOW, HOOK_ACTIVE))
EVENTS = 300 * 150


@pytest.fixture
def full(telemetry: Telemetry) -> Telemetry:
    """Somewhere three hundred commands have failed in a hundred and fifty ways."""
    telemetry.gauge(HOOK_ACTIVE, lambda: [({"argus.hook": "h"}, 1)])
    return telemetry


def fill(telemetry: Telemetry) -> None:
    times, failures = telemetry.histogram(COMMAND_DURATION), telemetry.counter(FAILURES)
    for name, error in itertools.product(range(300), range(150)):
        key = (f"c{name}", "slash", "error", f"E{error}")
        times[key].record(0.25)
        failures[key].value += 1


def points(reader: InMemoryMetricReader, name: str) -> list[Any]:
    data: Any = reader.get_metrics_data()
    metrics = [m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics if m.name == name]
    return [point for metric in metrics for point in metric.data.data_points]


def test_our_page_has_a_bound_and_every_event(full: Telemetry) -> None:
    reader = PrometheusReader()
    reader.show(full)
    provider = MeterProvider([reader], shutdown_on_exit=False)
    Bridge(full, (CATALOGUE,)).connect(meter_provider=provider, own_meter_provider=provider)
    fill(full)
    page = reader.text(*choose_encoder("")).decode()
    provider.shutdown()
    for series in ("discord_command_duration_seconds_count{", "discord_failures_total{"):
        lines = [line for line in page.split("\n") if line.startswith(series)]
        assert MAX_SERIES < len(lines) < 2000
        assert sum(float(line.rpartition(" ")[2]) for line in lines) == EVENTS
        assert all('discord_outcome="error"' in line for line in lines)
    assert len(page) < 2000 * (len(COMMAND_DURATION.boundaries) + 5) * 200


@pytest.mark.parametrize("whose", ["ours", "another's"])
def test_what_is_exported_has_a_bound_and_every_event(full: Telemetry, whose: str) -> None:
    made = reader_class(InMemoryMetricReader)() if whose == "ours" else InMemoryMetricReader()
    reader: Any = made
    if whose == "ours":
        reader.show(full)
    provider = MeterProvider([reader], shutdown_on_exit=False)
    bridge = Bridge(full, (CATALOGUE,))
    bridge.connect(meter_provider=provider, own_meter_provider=provider if whose == "ours" else None)
    fill(full)
    durations = points(reader, COMMAND_DURATION.name)
    failures = points(reader, FAILURES.name)
    for connection in bridge._connections:
        if connection.histograms is not None:
            connection.histograms.stop()
    provider.shutdown()
    assert sum(point.count for point in durations) == sum(point.value for point in failures) == EVENTS
    for series in (durations, failures):
        assert MAX_SERIES < len(series) < 2000
        # That is the SDK's own bound, beyond which points have no attribute of ours.
        assert all(point.attributes["discord.outcome"] == "error" for point in series)
