"""Renders the exposition, byte for byte as OpenTelemetry's exporter and Prometheus' client library would, but for
exemplars, which they leave out.

From one scrape to the next only the numbers change: names, labels and their escaping stay, and writing them is nearly
all that an exposition costs. So those two write each metric once, with a known number in each sample, and the text is
kept as a template; from then on only numbers are filled in. A metric whose series have changed gets a new template. If
a template does not reproduce the text that it was made from, its metric is always written by those two.

In OpenMetrics, a bucket of a histogram has its exemplar:
https://prometheus.io/docs/specs/om/open_metrics_spec/#exemplars. The two ids are 63 of the 128 characters that
its labels may have.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any, cast

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import (
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString  # pyright: ignore[reportUnknownVariableType]

from .private import feed
from .scope import without_scope_labels

Encoder = Callable[[Collector], bytes]

MAX_FORMATS = 4
"""The most formats that have templates: a scraper asks for one, but clients may ask for any version."""

PORTION = 1000
"""How many points of a metric the client library is given at once."""

_number = cast("Callable[[float], str]", floatToGoString)


def _count(count: int) -> str:
    """Return a bucket's count as the client library writes it, but faster for counts without an exponent."""
    return f"{count}.0" if count < 1_000_000 else _number(count)


class Exporter:
    """OpenTelemetry's exporter, which is handed metrics instead of collecting them.

    Attributes
    ----------
    registry:
        Shows the metrics that ``give`` returns.
    give:
        Called at each collection.
    """

    def __init__(self, *, target_info: bool = True) -> None:
        self.registry = CollectorRegistry()
        self.give: Callable[[], MetricsData | None] = lambda: None
        no_scope = without_scope_labels(PrometheusMetricReader)
        reader = PrometheusMetricReader(disable_target_info=not target_info, registry=self.registry, **no_scope)
        feed(reader, self._give)

    def _give(self, _: object, **__: object) -> MetricsData | None:
        return self.give()

    def text(self, data: MetricsData, encode: Encoder) -> str:
        """Return ``data`` as text."""
        self.give = lambda: data
        try:
            return encode(self.registry).decode()
        finally:
            self.give = lambda: None


class ExpositionCache:
    """Renders expositions in any format. Not thread-safe."""

    def __init__(self) -> None:
        self._formats: dict[str, _FormatCache] = {}

    def text(self, data: MetricsData | None, encode: Encoder, form: str) -> bytes:
        """Return ``data`` as text.

        Parameters
        ----------
        encode:
            Prometheus' client library's encoder of that format.
        form:
            The format's media type.
        """
        if data is None:
            return encode(CollectorRegistry())
        if form not in self._formats:
            for oldest in list(self._formats)[: 1 - MAX_FORMATS]:
                del self._formats[oldest]
            self._formats[form] = _FormatCache(encode, exemplars=form.startswith("application/openmetrics-text"))
        return b"".join(self._formats[form].page(data))


class _FormatCache:
    """The templates of one format."""

    def __init__(self, encode: Encoder, *, exemplars: bool) -> None:
        self._encode = encode
        self._exemplars = exemplars
        self._end = encode(CollectorRegistry()).decode()  # OpenMetrics has a mark there
        self._exporter = Exporter(target_info=False)
        self._targets: tuple[list[Resource], str] = ([], "")
        self._metrics: dict[tuple[object, ...], _Template] = {}

    def page(self, data: MetricsData) -> Iterator[bytes]:
        """Return the page, in parts: text and bytes of it are never there as a whole at the same time."""
        before, self._metrics = self._metrics, {}
        families: dict[str, list[tuple[_Location, bytes]]] = {}
        for location in _locations(data):
            metric = location.metric
            key = (location.scope.scope, metric.name, metric.unit, metric.description, type(metric.data))
            written = before.get(key)
            if written is None or not written.fits(metric):
                written = _Template(metric, lambda metric, location=location: self._text([location.of(metric)]))
            self._metrics[key] = written
            text = written.render(metric, exemplars=self._exemplars)
            text = self._text([location]) if text is None else text
            families.setdefault(written.head, []).append((location, text.encode()))
        yield self._target(data).encode()
        # Two scopes may have a metric of one name, and the exporter makes one family of both.
        for same in families.values():
            yield same[0][1] if len(same) == 1 else self._text(location for location, _ in same).encode()
        yield self._end.encode()

    def _text(self, locations: Iterable[_Location]) -> str:
        data = MetricsData(resource_metrics=[location.alone() for location in locations])
        return self._exporter.text(data, self._encode).removesuffix(self._end)

    def _target(self, data: MetricsData) -> str:
        """Return ``target_info``, which has the resource's attributes."""
        resources = [each.resource for each in data.resource_metrics]
        if self._targets[0] != resources:
            nothing = [replace(each, scope_metrics=[]) for each in data.resource_metrics]
            text = Exporter().text(MetricsData(resource_metrics=nothing), self._encode)
            self._targets = (resources, text.removesuffix(self._end))
        return self._targets[1]


class _Location:
    """A metric, with its resource and its scope."""

    __slots__ = ("resource", "scope", "metric")

    def __init__(self, resource: ResourceMetrics, scope: ScopeMetrics, metric: Metric) -> None:
        self.resource = resource
        self.scope = scope
        self.metric = metric

    def of(self, metric: Metric) -> _Location:
        """Return another metric with this resource and scope."""
        return _Location(self.resource, self.scope, metric)

    def alone(self) -> ResourceMetrics:
        """Return the metric with nothing beside it."""
        return replace(self.resource, scope_metrics=[replace(self.scope, metrics=[self.metric])])


def _locations(data: MetricsData) -> Iterator[_Location]:
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                yield _Location(resource, scope, metric)


class _Template:
    """The text of a metric, with placeholders for its numbers.

    Attributes
    ----------
    head:
        The lines before the first series.
    """

    def __init__(self, metric: Metric, write: Callable[[Metric], str]) -> None:
        self._series = _series(metric)
        self._number = 0
        self._fills = True
        heads: list[str] = []
        bodies: list[str] = []
        for portion in _portions(metric):
            numbered = _numbered(portion)
            text = write(portion if numbered is None else numbered)
            lines = text.split("\n")[:-1]  # what is a line's end elsewhere in Unicode may stand in a label
            first = sum(1 for line in lines if line.startswith("#"))
            heads.append("".join(f"{line}\n" for line in lines[:first]))
            series = (line.rpartition(" ")[0].replace("%", "%%") for line in lines[first:])
            bodies.append("".join(f"{each} %s\n" for each in series))
            numbers = () if numbered is None else tuple(_numbers(numbered, exemplars=False))
            same = len(numbers) == len(lines) - first and heads[-1] + bodies[-1] % numbers == text
            self._fills = self._fills and same and heads[-1] == heads[0]
            self._number += len(numbers)
        self.head = heads[0]
        self._body = self.head.replace("%", "%%") + "".join(bodies)

    def fits(self, metric: Metric) -> bool:
        """Whether ``metric`` still has the same series."""
        return self._series == _series(metric)

    def render(self, metric: Metric, *, exemplars: bool) -> str | None:
        """Return the text with the metric's numbers, or ``None`` if the template does not reproduce it."""
        if not self._fills:
            return None
        numbers = tuple(_numbers(metric, exemplars=exemplars))
        return self._body % numbers if len(numbers) == self._number else None


def _portions(metric: Metric) -> Iterator[Metric]:
    """Return the metric in portions: to write one takes the client library some hundred bytes for each series."""
    points = cast("Sequence[Any]", metric.data.data_points)
    for first in range(0, max(len(points), 1), PORTION):
        yield replace(metric, data=replace(cast("Any", metric.data), data_points=points[first : first + PORTION]))


def _series(metric: Metric) -> list[object]:
    """Return everything but numbers on which a metric's text depends."""
    points = cast("Sequence[Any]", metric.data.data_points)
    attributes = [point.attributes for point in points]
    if isinstance(metric.data, Histogram):
        return [attributes, [point.explicit_bounds for point in points]]
    return [attributes, [not point.exemplars for point in points]]


def _numbers(metric: Metric, *, exemplars: bool) -> Iterator[str]:
    """Return the numbers of a metric as text, in the order of the exporter's series, with exemplars after them."""
    if isinstance(metric.data, Histogram):
        for point in metric.data.data_points:
            counts = [_count(count) for count in accumulate(point.bucket_counts)]
            count = counts[-1]
            if exemplars and point.exemplars:
                for bucket, exemplar in _by_bucket(point).items():
                    counts[bucket] += _exemplar(exemplar)
            yield from counts
            yield count
            if point.sum is not None:  # pyright: ignore[reportUnnecessaryComparison] - optional in OTLP
                yield _number(point.sum)
    else:
        for point in cast("Sequence[NumberDataPoint]", metric.data.data_points):
            yield _number(point.value)


def _by_bucket(point: HistogramDataPoint) -> dict[int, Exemplar]:
    """Return the newest exemplar of each bucket. Those without a trace lead nowhere."""
    traced = [exemplar for exemplar in point.exemplars if exemplar.trace_id and exemplar.span_id]
    traced.sort(key=lambda exemplar: exemplar.time_unix_nano)
    return {bisect_left(point.explicit_bounds, exemplar.value): exemplar for exemplar in traced}


def _exemplar(exemplar: Exemplar) -> str:
    ids = f'span_id="{exemplar.span_id:016x}",trace_id="{exemplar.trace_id:032x}"'
    return f" # {{{ids}}} {_number(exemplar.value)} {exemplar.time_unix_nano / 1e9:.3f}"


def _numbered(metric: Metric) -> Metric | None:
    """Return the metric with numbers of which no two are the same, or ``None`` if its kind is unknown here."""
    data = metric.data
    if isinstance(data, Histogram):
        histograms = [_numbered_buckets(point, index) for index, point in enumerate(data.data_points)]
        return replace(metric, data=replace(data, data_points=histograms))
    if isinstance(data, (Sum, Gauge)):
        numbers = [replace(point, value=index + 0.5) for index, point in enumerate(data.data_points)]
        return replace(metric, data=replace(data, data_points=numbers))
    return None


def _numbered_buckets(point: HistogramDataPoint, index: int) -> HistogramDataPoint:
    buckets = len(point.bucket_counts)
    first = 1 + index * (buckets + 1)
    counts = [first] + [1] * (buckets - 1)
    return replace(point, bucket_counts=counts, count=first + buckets - 1, sum=first + 0.5, exemplars=[])
