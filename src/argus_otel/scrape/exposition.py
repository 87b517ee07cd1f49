"""Parses a page in Prometheus' text format."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from .buckets import Buckets
from .series import Labels, Metrics


def parse(text: str) -> Metrics:
    """Parse a page in Prometheus' text format.

    Raises
    ------
    ValueError
        The page is not in that format.
    """
    numbers: defaultdict[str, defaultdict[Labels, float]] = defaultdict(lambda: defaultdict(float))
    distributions: dict[str, dict[Labels, Buckets]] = {}
    counters: set[str] = set()
    for family in text_string_to_metric_families(text):
        if family.type == "histogram":
            known = distributions.setdefault(family.name, {})
            for labels, buckets in _read_histogram(family.name, family.samples).items():
                known[labels] = known.get(labels, Buckets()) + buckets
            continue
        for sample in family.samples:
            if family.type == "counter":
                counters.add(sample.name)
            numbers[sample.name][_labels(sample)] += sample.value
    return Metrics({name: dict(series) for name, series in numbers.items()}, frozenset(counters), distributions)


def _read_histogram(name: str, samples: Iterable[Sample]) -> dict[Labels, Buckets]:
    # Each scope is cumulative by itself, so the differences are taken before scopes are summed.
    cumulative: defaultdict[Labels, dict[float, float]] = defaultdict(dict)
    sums: defaultdict[Labels, float] = defaultdict(float)
    for sample in samples:
        series = frozenset((label, value) for label, value in sample.labels.items() if label != "le")
        if sample.name == f"{name}_bucket":
            if "le" not in sample.labels:
                raise ValueError(f"a bucket of {name} has no edge")
            cumulative[series][float(sample.labels["le"])] = sample.value
        elif sample.name == f"{name}_sum":
            sums[series] = sample.value
    found: dict[Labels, Buckets] = {}
    for series, edges in cumulative.items():
        counts: dict[float, float] = {}
        before = 0.0
        for edge, count in sorted(edges.items()):
            counts[edge], before = count - before, count
        labels = frozenset((label, value) for label, value in series if not label.startswith("otel_scope_"))
        found[labels] = found.get(labels, Buckets()) + Buckets(counts, sums[series])
    return found


def _labels(sample: Sample) -> Labels:
    return frozenset((name, value) for name, value in sample.labels.items() if not name.startswith("otel_scope_"))
