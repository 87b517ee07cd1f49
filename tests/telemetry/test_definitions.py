from __future__ import annotations

import math

import pytest

from argus_otel.telemetry import Attribute, Catalogue, Event, InstrumentKind, Metric, Span, SpanKind

COLOUR = Attribute("colour", "What colour.", values=("red", "green"))


def test_an_attribute_is_closed_or_limited() -> None:
    assert Attribute("a", "m", values=("x",)).cardinality_limit == 0
    assert Attribute("a", "m", cardinality_limit=3).values == ()


def test_an_attribute_without_a_bound_is_refused() -> None:
    with pytest.raises(ValueError, match="attribute wild: give either a closed set of values or a cardinality limit"):
        Attribute("wild", "m")


def test_an_attribute_with_two_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="either"):
        Attribute("a", "m", values=("x",), cardinality_limit=3)


@pytest.mark.parametrize("kind", [InstrumentKind.COUNTER, InstrumentKind.UP_DOWN_COUNTER, InstrumentKind.GAUGE])
def test_only_histograms_have_boundaries(kind: InstrumentKind) -> None:
    with pytest.raises(ValueError, match="metric m: every histogram needs boundaries, and no other"):
        Metric("m", kind, "s", "m", boundaries=(1.0,))


def test_every_histogram_has_boundaries() -> None:
    with pytest.raises(ValueError, match="metric m: every histogram needs boundaries, and no other"):
        Metric("m", InstrumentKind.HISTOGRAM, "s", "m")


@pytest.mark.parametrize("boundaries", [(2.0, 1.0), (1.0, 1.0), (1.0, math.inf), (math.nan,), (-math.inf, 0.0)])
def test_boundaries_ascend_and_are_finite(boundaries: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="metric m: boundaries must ascend and be finite"):
        Metric("m", InstrumentKind.HISTOGRAM, "s", "m", boundaries=boundaries)


def test_boundaries_are_floats_because_prometheus_shows_what_they_are() -> None:
    with pytest.raises(ValueError, match="metric m: boundaries must be floats"):
        Metric("m", InstrumentKind.HISTOGRAM, "s", "m", boundaries=(0.5, 1))


@pytest.mark.parametrize("part", ["metrics", "spans", "events"])
def test_a_catalogue_defines_each_name_once(part: str) -> None:
    made = {
        "metrics": Metric("m", InstrumentKind.COUNTER, "1", "m"),
        "spans": Span("m", SpanKind.INTERNAL, "m"),
        "events": Event("m", "m"),
    }[part]
    with pytest.raises(ValueError, match="catalogue c: defined twice: m"):
        Catalogue("c", **{part: (made, made)})


def test_one_name_may_stand_for_a_metric_a_span_and_an_event() -> None:
    Catalogue(
        "c",
        metrics=(Metric("m", InstrumentKind.COUNTER, "1", "m", (COLOUR,)),),
        spans=(Span("m", SpanKind.INTERNAL, "m"),),
        events=(Event("m", "m"),),
    )
