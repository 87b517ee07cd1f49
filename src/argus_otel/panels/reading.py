"""Reads metrics from the cells of this process: what a scrape would show, without the SDK and without a page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from argus_otel.scrape.buckets import Buckets
from argus_otel.scrape.series import Labels, Metrics, prometheus_name
from argus_otel.telemetry import AttributeValue, InstrumentKind, Metric, Telemetry

Counts: TypeAlias = "tuple[tuple[int, ...], float]"
"""The counts of a histogram's buckets, and the sum of its values."""


class Reading(NamedTuple):
    """The counters and histograms at one moment, in the form that takes the least memory.

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


NOTHING_READ = Reading({}, {})


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

    def read(self, before: Reading = NOTHING_READ) -> Reading:
        """Return counters and histograms now. Any thread.

        Parameters
        ----------
        before:
            An earlier reading. What has not changed since then is shared with it.
        """
        numbers: dict[str, dict[Labels, float]] = {}
        for name, metric in self._metrics.items():
            if metric.kind is InstrumentKind.COUNTER:
                numbers[name] = self._numbers(metric)
        buckets: dict[str, dict[Labels, Counts]] = {}
        for histogram in self._telemetry.histograms():
            name = histogram.metric.name
            if name in self._metrics:
                known, found = before.buckets.get(name, {}), buckets.setdefault(name, {})
                for attributes, cell in histogram.rows():
                    labels, counts = _labels(attributes), cell.read()
                    earlier = known.get(labels)
                    found[labels] = counts if earlier is None or earlier != counts else earlier
        return Reading(numbers, buckets)

    def gauges(self) -> dict[str, dict[Labels, float]]:
        """Return gauges and up-down counters now, by the metric's name. Any thread."""
        others = (InstrumentKind.COUNTER, InstrumentKind.HISTOGRAM)
        return {name: self._numbers(metric) for name, metric in self._metrics.items() if metric.kind not in others}

    def metrics(self, reading: Reading, gauges: Mapping[str, Mapping[Labels, float]]) -> Metrics:
        """Return a reading and gauges as series."""
        by_name = {**reading.numbers, **gauges}
        numbers = {prometheus_name(self._metrics[name]): series for name, series in by_name.items()}
        counters = frozenset(
            prometheus_name(metric) for metric in self._metrics.values() if metric.kind is InstrumentKind.COUNTER
        )
        distributions = {
            prometheus_name(self._metrics[name]): {
                labels: Buckets(dict(zip((*self._metrics[name].boundaries, math.inf), counts, strict=True)), total)
                for labels, (counts, total) in series.items()
            }
            for name, series in reading.buckets.items()
        }
        return Metrics({name: series for name, series in numbers.items() if series}, counters, distributions)

    def _numbers(self, metric: Metric) -> dict[Labels, float]:
        return {_labels(attributes): value for attributes, value in self._telemetry.points(metric)}


def _labels(attributes: Mapping[str, AttributeValue]) -> Labels:
    return frozenset((name.replace(".", "_"), str(value)) for name, value in attributes.items())
