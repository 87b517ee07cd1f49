from __future__ import annotations

import logging
import math

import pytest

from argus_otel.telemetry import Attribute, Gauge, InstrumentKind, Metric, Telemetry
from argus_otel.telemetry.catalogue import HOOK_ERRORS

SHARD = Attribute("shard", "m", cardinality_limit=10)
LATENCY = Metric("latency", InstrumentKind.GAUGE, "s", "m", (SHARD,))
GUILDS = Metric("guilds", InstrumentKind.UP_DOWN_COUNTER, "{guild}", "m")


def test_a_gauge_is_read_anew_each_time() -> None:
    readings = iter([[({}, 1.0)], [({}, 2.0)]])
    gauge = Gauge(GUILDS, lambda: next(readings))
    assert [gauge.points(), gauge.points()] == [[({}, 1.0)], [({}, 2.0)]]


@pytest.mark.parametrize("strange", [math.nan, math.inf, -math.inf])
def test_values_that_are_not_finite_are_left_out(strange: float) -> None:
    gauge = Gauge(LATENCY, lambda: [({"shard": 0}, strange), ({"shard": 1}, 0.5)])
    assert gauge.points() == [({"shard": 1}, 0.5)]


def test_the_attributes_handed_out_are_a_copy() -> None:
    attributes = {"shard": 0}
    points = Gauge(LATENCY, lambda: [(attributes, 0.5)]).points()
    attributes["shard"] = 1
    assert points == [({"shard": 0}, 0.5)]


def test_the_attributes_of_a_large_gauge_are_not_copied() -> None:
    attributes = {"shard": 0}
    large = Metric("large", InstrumentKind.GAUGE, "s", "m", (SHARD,), series_limit=10_000)
    (found, _), *_ = Gauge(large, lambda: [(attributes, 0.5), (attributes, math.nan)]).points()
    assert found is attributes


def test_a_gauge_that_is_defined_again_is_read_by_the_new_callback() -> None:
    telemetry = Telemetry()
    telemetry.gauge(GUILDS, lambda: [({}, 1.0)])
    telemetry.gauge(GUILDS, lambda: [({}, 2.0)])
    assert telemetry.points(GUILDS) == [({}, 2.0)]


@pytest.mark.parametrize("reading", [lambda: 1 / 0, lambda: [({}, None)], lambda: [(1, 2, 3)], lambda: None])
def test_a_gauge_that_fails_is_counted_warned_of_once_and_has_no_points(
    reading: object, caplog: pytest.LogCaptureFixture
) -> None:
    telemetry = Telemetry()
    telemetry.gauge(LATENCY, reading)  # type: ignore[arg-type]
    telemetry.gauge(GUILDS, lambda: [({}, 3.0)])
    with caplog.at_level(logging.WARNING):
        assert [telemetry.points(LATENCY) for _ in range(5)] == [[]] * 5
    assert telemetry.points(GUILDS) == [({}, 3.0)]
    assert telemetry.points(HOOK_ERRORS) == [({"argus.hook": "latency"}, 5)]
    assert len(caplog.records) == 1
