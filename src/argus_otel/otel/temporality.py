"""Delta temporality: each export has the difference to the last one, and no later export repeats it.

By their documentation, Datadog and New Relic recommend delta, and Dynatrace refuses cumulative sums. What Prometheus 3
and VictoriaMetrics make of it was tried.
"""

from __future__ import annotations

import logging

from opentelemetry.sdk.metrics import ObservableCounter
from opentelemetry.sdk.metrics.export import AggregationTemporality, MetricsData

from .private import preferred_temporality

PREFERENCE = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
ADVICE = (
    "right for Datadog, Dynatrace and New Relic, and for a Collector that converts it, as that of collector-config/ "
    "does; Prometheus refuses it, VictoriaMetrics gets it wrong, and what is lost on the way is lost for good"
)
"""What follows ``OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE is delta`` in a message."""


def preference_of(exporter: object) -> str:
    """Return the preference as ``OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE`` spells it."""
    preferred = preferred_temporality(exporter)
    if AggregationTemporality.DELTA not in preferred.values():
        return "cumulative"
    return "delta" if preferred.get(ObservableCounter) is AggregationTemporality.DELTA else "lowmemory"


def warn_of_delta(exporter: object) -> None:
    """Warn in one line which backends take delta, if the exporter prefers it."""
    preference = preference_of(exporter)
    if preference != "cumulative":
        logging.getLogger("argus_otel").warning("argus-otel: %s=%s is %s.", PREFERENCE, preference, ADVICE)


def delta_points(data: MetricsData) -> int:
    """Return how many points of ``data`` no later export repeats."""
    return sum(
        len(metric.data.data_points)
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if getattr(metric.data, "aggregation_temporality", None) is AggregationTemporality.DELTA
    )
