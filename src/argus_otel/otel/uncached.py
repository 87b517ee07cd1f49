"""OpenTelemetry's own Prometheus reader, for a version of OpenTelemetry with which ours does not work."""

from __future__ import annotations

from collections.abc import Callable

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from .prometheus import ScrapedReader
from .scope import without_scope_labels


class UncachedReader(ScrapedReader, PrometheusMetricReader):
    """Renders each page from a registry, which takes longer."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        super().__init__(registry=self.registry, **without_scope_labels(PrometheusMetricReader))

    def text(self, encode: Callable[[Collector], bytes], form: str) -> bytes:  # noqa: ARG002
        """Return all metrics; see :class:`~.prometheus.ScrapedReader`."""
        return encode(self.registry)
