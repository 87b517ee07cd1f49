"""The truths of a source: for each signal of its catalogue, an assertion that what is told of it is true."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from argus_otel.telemetry import Catalogue, Event, Metric, Span
from argus_otel.testing import Observation

DataPoints = dict[str, list[tuple[dict[str, Any], Any]]]
"""The points of each metric as OpenTelemetry's SDK has them, with their attributes."""


def data_points(observed: Observation) -> DataPoints:
    """Return the points of each metric."""
    data = observed._reader.get_metrics_data()
    assert data is not None
    return {
        metric.name: [(dict(point.attributes or {}), point) for point in metric.data.data_points]
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


Evidence = TypeVar("Evidence")


class Truths(Generic[Evidence]):
    """The truths of one source.

    Attributes
    ----------
    all:
        Each by the kind and the name of its signal.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.all: dict[str, Callable[[Evidence], None]] = {}

    def of(
        self, *definitions: Metric | Span | Event
    ) -> Callable[[Callable[[Evidence], None]], Callable[[Evidence], None]]:
        """Register the truth about signals."""

        def register(truth: Callable[[Evidence], None]) -> Callable[[Evidence], None]:
            for definition in definitions:
                self.all[_key(definition)] = truth
            return truth

        return register

    def unmatched(self) -> set[str]:
        """Return the signals without a truth, and the truths without a signal."""
        catalogue = self._catalogue
        return {_key(each) for each in (*catalogue.metrics, *catalogue.spans, *catalogue.events)} ^ set(self.all)


def _key(definition: Metric | Span | Event) -> str:
    return f"{type(definition).__name__.lower()} {definition.name}"
