from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from argus_otel import api
from argus_otel.catalogues import CATALOGUES
from argus_otel.custom import CustomTelemetry
from argus_otel.otel.spans import OTelTracing
from argus_otel.sources.discord.references import REFERENCES
from argus_otel.telemetry import Telemetry
from argus_otel.telemetry.catalogue import ATTRIBUTE_OVERFLOW


class Kept:
    """A hub that the public functions record into, and the signals that it has."""

    def __init__(self) -> None:
        self.telemetry = Telemetry()
        self.custom = CustomTelemetry(self.telemetry, CATALOGUES, references=REFERENCES)
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def trace(self) -> None:
        tracer = self.provider.get_tracer("test")
        self.telemetry.tracing = OTelTracing(tracer, self.telemetry)

    def counts(self, name: str) -> dict[tuple[tuple[str, Any], ...], float]:
        """Return a counter's points by their sorted attributes."""
        (metric,) = (metric for metric in self.telemetry.defined_metrics() if metric.name == name)
        points = {tuple(sorted(attributes.items())): value for attributes, value in self.telemetry.points(metric)}
        assert len(points) == len(self.telemetry.points(metric))
        return points

    def times(self, name: str) -> dict[tuple[tuple[str, Any], ...], int]:
        """Return the number of records of each point of a histogram."""
        (histogram,) = (each for each in self.telemetry.histograms() if each.metric.name == name)
        return {tuple(sorted(attributes.items())): sum(cell.counts) for attributes, cell in histogram.rows()}

    def names(self) -> list[str]:
        return [metric.name for metric in self.telemetry.defined_metrics()]

    def overflows(self) -> dict[str, float]:
        return {str(a["argus.attribute"]): value for a, value in self.telemetry.points(ATTRIBUTE_OVERFLOW)}

    def spans(self, name: str | None = None) -> list[ReadableSpan]:
        return [span for span in self._exporter.get_finished_spans() if name is None or span.name == name]

    def span(self, name: str) -> ReadableSpan:
        (span,) = self.spans(name)
        return span


@pytest.fixture
def kept() -> Iterator[Kept]:
    kept = Kept()
    api.record_into(lambda: kept.custom)
    yield kept
    api.record_into(None)
    assert kept.telemetry.guard.faults == {}


@pytest.fixture
def traced(kept: Kept) -> Kept:
    kept.trace()
    return kept
