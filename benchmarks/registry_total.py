"""How much a registry of Prometheus has counted."""

from __future__ import annotations

from prometheus_client import CollectorRegistry


def registry_total(registry: CollectorRegistry, prefixes: tuple[str, ...]) -> float:
    """Return the sum of all counters and of all histograms' counts whose names begin so.

    What is recorded of the process and its event loop by the clock is left out by the prefixes.
    """
    return sum(
        sample.value
        for metric in registry.collect()
        if metric.name.startswith(prefixes)
        for sample in metric.samples
        if sample.name.endswith(("_total", "_count"))
    )
