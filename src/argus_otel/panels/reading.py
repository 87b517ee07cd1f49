"""Reads metrics from the cells of this process: what a scrape would show, without the SDK and without a page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from operator import sub
from typing import Any, NamedTuple, TypeAlias

from argus_otel.scrape.buckets import Buckets
from argus_otel.scrape.series import Labels, Metrics, prometheus_name
from argus_otel.telemetry import AttributeValue, HistogramCell, InstrumentKind, Metric, Telemetry

Counts: TypeAlias = "tuple[tuple[int, ...], float]"
"""The counts of a histogram's buckets, and the sum of its values."""


class Reading(NamedTuple):
    """The counters and histograms at one moment, or what was added between two, in a form that takes little memory.

    Attributes
    ----------
    numbers:
        By the metric's name and the labels.
    buckets:
        By the metric's name and the labels; the edges are the metric's.
    """

    numbers: Mapping[str, Mapping[Labels, float]]
    buckets: Mapping[str, Mapping[Labels, Counts]]

    @property
    def points(self) -> int:
        """The number of series."""
        return sum(map(len, self.numbers.values())) + sum(map(len, self.buckets.values()))

    def since(self, before: Reading) -> Reading:
        """Return what was added after ``before``, without the histograms to which nothing was."""
        numbers = {
            name: {labels: value - before.numbers.get(name, _NONE).get(labels, 0.0) for labels, value in series.items()}
            for name, series in self.numbers.items()
        }
        buckets: dict[str, dict[Labels, Counts]] = {}
        for name, series in self.buckets.items():
            known, found = before.buckets.get(name, _NONE), buckets.setdefault(name, {})
            for labels, counts in series.items():
                earlier = known.get(labels)
                if earlier is None:
                    found[labels] = counts
                elif earlier is not counts and earlier != counts:
                    found[labels] = (tuple(map(sub, counts[0], earlier[0])), counts[1] - earlier[1])
        return Reading(numbers, buckets)


NOTHING_READ = Reading({}, {})
_NONE: Mapping[Labels, Any] = {}


class Cells:
    """The cells behind some metrics.

    Parameters
    ----------
    metrics:
        Each of them once, or more often.
    """

    def __init__(self, telemetry: Telemetry, metrics: Iterable[Metric]) -> None:
        self._telemetry = telemetry
        self._metrics = {metric.name: metric for metric in metrics}
        # Readings share their labels: those are larger than what they label. Cells are never dropped.
        self._of_cells: dict[HistogramCell, Labels] = {}
        self._shared: dict[Labels, Labels] = {}

    def read(self, before: Reading = NOTHING_READ) -> Reading:
        """Return counters and histograms now. Any thread, one at a time.

        Parameters
        ----------
        before:
            An earlier reading. What has not changed since then is shared with it.
        """
        numbers: dict[str, dict[Labels, float]] = {}
        for name, metric in self._metrics.items():
            if metric.kind is InstrumentKind.COUNTER:
                series = self._numbers(metric)
                numbers[name] = {self._shared.setdefault(labels, labels): value for labels, value in series.items()}
        buckets: dict[str, dict[Labels, Counts]] = {}
        for histogram in self._telemetry.histograms():
            name = histogram.metric.name
            if name in self._metrics:
                known, found = before.buckets.get(name, _NONE), buckets.setdefault(name, {})
                for attributes, cell in histogram.rows():
                    labels = self._of_cells.get(cell)
                    if labels is None:
                        labels = self._of_cells[cell] = _labels(attributes)
                    earlier, counts = known.get(labels), cell.read()
                    found[labels] = counts if earlier is None or earlier != counts else earlier
        return Reading(numbers, buckets)

    def gauges(self) -> dict[str, dict[Labels, float]]:
        """Return gauges and up-down counters now, by the metric's name. Any thread."""
        others = (InstrumentKind.COUNTER, InstrumentKind.HISTOGRAM)
        return {name: self._numbers(metric) for name, metric in self._metrics.items() if metric.kind not in others}

    def metrics(self, reading: Reading, gauges: Mapping[str, Mapping[Labels, float]]) -> Metrics:
        """Return a reading and gauges as series."""
        by_name = {**reading.numbers, **gauges}
        numbers = {prometheus_name(self._metrics[name]): series for name, series in by_name.items() if series}
        counters = frozenset(prometheus_name(self._metrics[name]) for name in reading.numbers)
        distributions: dict[str, dict[Labels, Buckets]] = {}
        for name, series in reading.buckets.items():
            edges = (*self._metrics[name].boundaries, math.inf)
            distributions[prometheus_name(self._metrics[name])] = {
                labels: Buckets(dict(zip(edges, counts, strict=True)), total)
                for labels, (counts, total) in series.items()
            }
        return Metrics(numbers, counters, distributions)

    def _numbers(self, metric: Metric) -> dict[Labels, float]:
        return {_labels(attributes): value for attributes, value in self._telemetry.points(metric)}


def _labels(attributes: Mapping[str, AttributeValue]) -> Labels:
    return frozenset((name.replace(".", "_"), str(value)) for name, value in attributes.items())
