"""The total that a registry of Prometheus has counted."""

from __future__ import annotations

from prometheus_client import CollectorRegistry


def registry_total(registry: CollectorRegistry, prefixes: tuple[str, ...]) -> float:
    """Return the sum of all counters, and of the counts of all histograms, whose names begin with one of ``prefixes``.

    The prefixes exclude periodic measurements of the process and its event loop.
    """
    return sum(
        sample.value
        for metric in registry.collect()
        if metric.name.startswith(prefixes)
        for sample in metric.samples
        if sample.name.endswith(("_total", "_count"))
    )
