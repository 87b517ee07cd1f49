from __future__ import annotations

import math

import pytest

from argus_otel.telemetry import Attribute, Catalogue, Event, Kind, Metric, Span, SpanKind

COLOUR = Attribute("colour", "What colour.", values=("red", "green"))


def test_an_attribute_is_closed_or_capped() -> None:
    assert Attribute("a", "m", values=("x",)).cap == 0
    assert Attribute("a", "m", cap=3).values == ()


def test_an_attribute_without_a_bound_is_refused() -> None:
    with pytest.raises(ValueError, match="attribute wild: give either a closed set of values or a cap"):
        Attribute("wild", "m")


def test_an_attribute_with_two_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="either"):
        Attribute("a", "m", values=("x",), cap=3)


@pytest.mark.parametrize("kind", [Kind.COUNTER, Kind.UP_DOWN, Kind.GAUGE])
def test_only_histograms_have_buckets(kind: Kind) -> None:
    with pytest.raises(ValueError, match="metric m: buckets belong to histograms"):
        Metric("m", kind, "s", "m", buckets=(1.0,))


def test_every_histogram_has_buckets() -> None:
    with pytest.raises(ValueError, match="metric m: buckets belong to histograms"):
        Metric("m", Kind.HISTOGRAM, "s", "m")


@pytest.mark.parametrize("edges", [(2.0, 1.0), (1.0, 1.0), (1.0, math.inf), (math.nan,), (-math.inf, 0.0)])
def test_edges_ascend_and_are_finite(edges: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="metric m: bucket edges must ascend and be finite"):
        Metric("m", Kind.HISTOGRAM, "s", "m", buckets=edges)


def test_edges_are_floats_because_prometheus_shows_what_they_are() -> None:
    with pytest.raises(ValueError, match="metric m: bucket edges must be floats"):
        Metric("m", Kind.HISTOGRAM, "s", "m", buckets=(0.5, 1))


@pytest.mark.parametrize("part", ["metrics", "spans", "events"])
def test_a_catalogue_defines_each_name_once(part: str) -> None:
    made = {
        "metrics": Metric("m", Kind.COUNTER, "1", "m"),
        "spans": Span("m", SpanKind.INTERNAL, "m"),
        "events": Event("m", "m"),
    }[part]
    with pytest.raises(ValueError, match="catalogue c: defined twice: m"):
        Catalogue("c", **{part: (made, made)})


def test_one_name_may_stand_for_a_metric_a_span_and_an_event() -> None:
    Catalogue(
        "c",
        metrics=(Metric("m", Kind.COUNTER, "1", "m", (COLOUR,)),),
        spans=(Span("m", SpanKind.INTERNAL, "m"),),
        events=(Event("m", "m"),),
    )
