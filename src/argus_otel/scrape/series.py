"""Series of counters, gauges and histograms, summed or subtracted by the definitions of the catalogues."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from argus_otel.telemetry import Attribute, InstrumentKind, Metric

from .buckets import Buckets

Labels: TypeAlias = frozenset[tuple[str, str]]
"""A series' labels, without those that belong to the format (``le``, ``otel_scope_*``)."""

Group: TypeAlias = tuple[str, ...]
"""The values of the attributes that a result is grouped by, in their order; ``""`` if one is absent."""

_UNITS = {"s": "seconds", "ms": "milliseconds", "By": "bytes", "%": "percent", "Cel": "celsius", "W": "watts"}


@dataclass(frozen=True, slots=True)
class Metrics:
    """The series of one scrape, or the difference between two scrapes.

    Attributes
    ----------
    numbers:
        Counters and gauges: values by sample name and labels.
    counters:
        The sample names in ``numbers`` that are counters.
    distributions:
        Histograms: buckets by name and labels.
    """

    numbers: Mapping[str, Mapping[Labels, float]] = field(default_factory=dict[str, Mapping[Labels, float]])
    counters: frozenset[str] = frozenset()
    distributions: Mapping[str, Mapping[Labels, Buckets]] = field(default_factory=dict[str, Mapping[Labels, Buckets]])

    def since(self, before: Metrics) -> Metrics:
        """Return what counters and histograms added after ``before``; gauges keep their present value."""
        numbers = {
            name: {
                labels: _added(value, before.numbers.get(name, {}).get(labels, 0.0)) for labels, value in series.items()
            }
            if name in self.counters
            else series
            for name, series in self.numbers.items()
        }
        empty = Buckets()
        distributions = {
            name: {
                labels: buckets.since(before.distributions.get(name, {}).get(labels, empty))
                for labels, buckets in series.items()
            }
            for name, series in self.distributions.items()
        }
        return Metrics(numbers, self.counters, distributions)

    def has(self, metrics: Iterable[Metric]) -> bool:
        """Return whether there is a series of any of ``metrics``."""
        names = map(prometheus_name, metrics)
        return any(name in self.numbers or name in self.distributions for name in names)

    def by(self, metric: Metric, *attributes: Attribute) -> dict[Group, float]:
        """Return a counter's or gauge's values, summed for each combination of ``attributes``' values."""
        sums: defaultdict[Group, float] = defaultdict(float)
        for labels, value in self.numbers.get(prometheus_name(metric), {}).items():
            sums[_group(labels, attributes)] += value
        return dict(sums)

    def total(self, metric: Metric) -> float | None:
        """Return the sum of a counter or gauge; ``None`` if it has no points."""
        return self.by(metric).get(())

    def spread(self, metric: Metric, *attributes: Attribute) -> dict[Group, Buckets]:
        """Return a histogram's distributions, one for each combination of ``attributes``' values."""
        sums: defaultdict[Group, Buckets] = defaultdict(Buckets)
        for labels, buckets in self.distributions.get(prometheus_name(metric), {}).items():
            group = _group(labels, attributes)
            sums[group] = sums[group] + buckets
        return dict(sums)

    def whole(self, metric: Metric) -> Buckets:
        """Return the distribution of a histogram over all attributes; an empty one if it has no points."""
        return self.spread(metric).get((), Buckets())


def combined(parts: Iterable[Metrics]) -> Metrics:
    """Return the sum of several processes' series. Of a duration, such as the uptime, it is the longest."""
    numbers: defaultdict[str, defaultdict[Labels, float]] = defaultdict(lambda: defaultdict(float))
    distributions: defaultdict[str, defaultdict[Labels, Buckets]] = defaultdict(lambda: defaultdict(Buckets))
    counters: frozenset[str] = frozenset()
    for part in parts:
        counters |= part.counters
        for name, series in part.numbers.items():
            longest = name.endswith("_seconds") and name not in part.counters
            for labels, value in series.items():
                known = numbers[name][labels]
                numbers[name][labels] = max(known, value) if longest else known + value
        for name, spreads in part.distributions.items():
            for labels, buckets in spreads.items():
                distributions[name][labels] += buckets
    return Metrics({name: dict(each) for name, each in numbers.items()}, counters, distributions)


def prometheus_name(metric: Metric) -> str:
    """Return the name that OpenTelemetry's Prometheus exporters give to ``metric``."""
    name = re.sub(r"[^a-zA-Z0-9:]+", "_", metric.name)
    if metric.kind is InstrumentKind.COUNTER:
        name = name.removesuffix("_total")
    unit = _UNITS.get(metric.unit, "")
    if unit and not name.endswith(f"_{unit}"):
        name += f"_{unit}"
    return f"{name}_total" if metric.kind is InstrumentKind.COUNTER else name


def _group(labels: Labels, attributes: Iterable[Attribute]) -> Group:
    values = dict(labels)
    return tuple(values.get(attribute.name.replace(".", "_"), "") for attribute in attributes)


def _added(now: float, before: float) -> float:
    return now - before if now >= before else now  # less than before: the program has restarted
