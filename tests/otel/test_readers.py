from __future__ import annotations

import math
import random
import threading
import time
import timeit
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import Histogram as HistogramInstrument
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    InMemoryMetricReader,
    MetricReader,
    MetricsData,
    ResourceMetrics,
)
from opentelemetry.sdk.resources import Resource
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from argus_otel.otel.bridge import Bridge
from argus_otel.otel.prometheus import PrometheusReader
from argus_otel.otel.readers import OwnPoints, OwnReader, PushReader, reader_class
from argus_otel.telemetry import Attribute, Catalogue, InstrumentKind, Metric, Telemetry
from argus_otel.version import __version__

from .receivers import Received, attributes

DELTA, CUMULATIVE = AggregationTemporality.DELTA, AggregationTemporality.CUMULATIVE
COMMAND = Attribute("discord.command.name", "m", cardinality_limit=100)
SHARD = Attribute("discord.shard.id", "m", cardinality_limit=100)
DURATION = Metric("work.duration", InstrumentKind.HISTOGRAM, "s", "How long work takes.", (COMMAND,), (0.5, 1.0, 3.0))
EVENTS = Metric("work.events", InstrumentKind.COUNTER, "{event}", "Things that happened.", (SHARD,))
GUILDS = Metric("work.guilds", InstrumentKind.UP_DOWN_COUNTER, "{guild}", "Guilds there are.")
LATENCY = Metric("work.latency", InstrumentKind.GAUGE, "s", "How late it is.", (SHARD,))
UP = Metric("work.up", InstrumentKind.GAUGE, "1", "Whether it is up.")
CATALOGUE = Catalogue("work", metrics=(DURATION, EVENTS, GUILDS, LATENCY, UP))

MemoryReader = reader_class(InMemoryMetricReader)


def record(telemetry: Telemetry) -> None:
    telemetry.counter(EVENTS)[0].value += 3
    telemetry.counter(GUILDS)[()].value += 2
    telemetry.gauge(LATENCY, lambda: [({"discord.shard.id": 0}, 0.25), ({"discord.shard.id": 1}, math.nan)])
    telemetry.gauge(UP, lambda: [({}, 1.0)])
    for value in (0.5, 0.75, 3.0, 100.0):
        telemetry.histogram(DURATION)["play"].record(value)
    telemetry.histogram(DURATION)[None].record(0.125)


def provide(telemetry: Telemetry, *readers: OwnReader) -> MeterProvider:
    for reader in readers:
        reader.show(telemetry)
    resource = Resource({"service.name": "jukebox", "service.instance.id": "i"})
    provider = MeterProvider(metric_readers=readers, resource=resource, shutdown_on_exit=False)
    Bridge(telemetry, (CATALOGUE,)).connect(meter_provider=provider, own_meter_provider=provider)
    return provider


def memory_reader(telemetry: Telemetry, temporality: AggregationTemporality) -> Any:
    reader: Any = MemoryReader(preferred_temporality={HistogramInstrument: temporality})  # type: ignore[call-arg]
    provide(telemetry, reader)
    return reader


def read(reader: Any) -> dict[str, Any]:
    """The metrics of one collection, by name; every name is there once."""
    data: MetricsData | None = reader.get_metrics_data()
    found: dict[str, Any] = {}
    for resource in data.resource_metrics if data else ():
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                assert metric.name not in found
                found[metric.name] = metric
    return found


def points(reader: Any) -> dict[object, Any]:
    metric = read(reader).get(DURATION.name)
    return {point.attributes.get(COMMAND.name): point for point in metric.data.data_points} if metric else {}


# -- points


@pytest.mark.parametrize("temporality", [CUMULATIVE, DELTA])
def test_a_cell_becomes_one_point_with_buckets_count_and_sum(
    telemetry: Telemetry, temporality: AggregationTemporality
) -> None:
    before = time.time_ns()
    reader = memory_reader(telemetry, temporality)
    record(telemetry)
    metric = read(reader)[DURATION.name]
    assert (metric.unit, metric.description) == ("s", "How long work takes.")
    assert metric.data.aggregation_temporality is temporality
    play, unnamed = metric.data.data_points
    assert (play.attributes, unnamed.attributes) == ({COMMAND.name: "play"}, {})
    assert tuple(play.bucket_counts) == (1, 1, 1, 1)
    assert (play.count, play.sum, tuple(play.explicit_bounds)) == (4, 104.25, (0.5, 1.0, 3.0))
    assert (play.min, play.max) == (None, None)
    assert before <= play.start_time_unix_nano < play.time_unix_nano <= time.time_ns()


def test_cumulative_points_go_on_from_one_start(telemetry: Telemetry) -> None:
    reader = memory_reader(telemetry, CUMULATIVE)
    record(telemetry)
    first = points(reader)["play"]
    record(telemetry)
    second = points(reader)["play"]
    assert [first.count, second.count, points(reader)["play"].count] == [4, 8, 8]
    assert second.start_time_unix_nano == first.start_time_unix_nano
    assert second.time_unix_nano > first.time_unix_nano


def test_delta_points_hold_the_difference_and_follow_upon_each_other(telemetry: Telemetry) -> None:
    reader = memory_reader(telemetry, DELTA)
    record(telemetry)
    first = points(reader)["play"]
    telemetry.histogram(DURATION)["play"].record(0.5)
    second = points(reader)["play"]
    assert (second.count, second.sum, tuple(second.bucket_counts)) == (1, 0.5, (1, 0, 0, 0))
    assert second.start_time_unix_nano == first.time_unix_nano


def test_a_delta_without_a_record_is_no_point(telemetry: Telemetry) -> None:
    reader = memory_reader(telemetry, DELTA)
    record(telemetry)
    points(reader)
    assert points(reader) == {}
    telemetry.histogram(DURATION)["play"].record(0.5)
    assert set(points(reader)) == {"play"}


def test_two_readers_each_have_a_state_of_their_own(telemetry: Telemetry) -> None:
    delta: Any = MemoryReader(preferred_temporality={HistogramInstrument: DELTA})  # type: ignore[call-arg]
    other: Any = MemoryReader(preferred_temporality={HistogramInstrument: DELTA})  # type: ignore[call-arg]
    cumulative: Any = MemoryReader()
    provide(telemetry, delta, other, cumulative)
    record(telemetry)
    assert [points(reader)["play"].count for reader in (delta, cumulative)] == [4, 4]
    record(telemetry)
    assert [points(reader)["play"].count for reader in (delta, other, cumulative)] == [4, 8, 8]
    assert [points(reader)["play"].count if points(reader) else 0 for reader in (delta, other)] == [0, 0]


def test_a_reader_that_comes_late_sees_what_was_recorded_before(telemetry: Telemetry) -> None:
    record(telemetry)
    assert points(memory_reader(telemetry, CUMULATIVE))["play"].count == 4


@pytest.mark.parametrize("temporality", [CUMULATIVE, DELTA])
def test_exemplars_are_those_of_the_last_interval(telemetry: Telemetry, temporality: AggregationTemporality) -> None:
    reader = memory_reader(telemetry, temporality)
    telemetry.counter(EVENTS)[0].value += 1
    cell = telemetry.histogram(DURATION)["play"]
    cell.record(0.25, SimpleNamespace(trace_id=11, span_id=12))
    cell.record(2.0, SimpleNamespace(trace_id=21, span_id=22))
    first = points(reader)["play"]
    assert {(e.value, e.trace_id, e.span_id) for e in first.exemplars} == {(0.25, 11, 12), (2.0, 21, 22)}
    assert all(first.start_time_unix_nano <= e.time_unix_nano <= first.time_unix_nano for e in first.exemplars)
    cell.record(0.3, SimpleNamespace(trace_id=31, span_id=32))
    cell.record(0.3)
    assert [(e.value, e.trace_id) for e in points(reader)["play"].exemplars] == [(0.3, 31)]
    cell.record(0.3)
    assert points(reader)["play"].exemplars == []


class Slow(list[int]):
    """Bucket counts after whose copying other threads get a turn."""

    def __iter__(self) -> Any:
        copy = list(super().__iter__())
        time.sleep(random.random() / 500)  # noqa: S311
        return iter(copy)


def test_two_collections_at_once_do_not_report_a_difference_twice(telemetry: Telemetry) -> None:
    made = OwnPoints(telemetry, DELTA)
    data = MetricsData([ResourceMetrics(Resource({}), [], "")])
    cell = telemetry.histogram(DURATION)["play"]
    cell.counts = Slow(cell.counts)
    counted: list[int] = []
    stop = threading.Event()

    def collect() -> None:
        for resource in made.add_to(data).resource_metrics:
            for scope in resource.scope_metrics:
                counted.extend(point.count for metric in scope.metrics for point in metric.data.data_points)

    def run() -> None:
        while not stop.is_set():
            collect()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(200):
        cell.record(0.5)
        time.sleep(0.0005)
    stop.set()
    for thread in threads:
        thread.join()
    collect()
    assert min(counted) > 0  # one that is overtaken would report less than nothing
    assert sum(counted) == 200


def test_without_a_record_what_was_collected_is_handed_on_as_it_is(telemetry: Telemetry) -> None:
    data = MetricsData([ResourceMetrics(Resource({}), [], "")])
    assert OwnPoints(telemetry, CUMULATIVE).add_to(data) is data


def test_nothing_collected_costs_no_difference(telemetry: Telemetry) -> None:
    made = OwnPoints(telemetry, DELTA)
    telemetry.histogram(DURATION)["play"].record(0.5)
    assert made.add_to(MetricsData([])).resource_metrics == []
    (resource,) = made.add_to(MetricsData([ResourceMetrics(Resource({}), [], "")])).resource_metrics
    assert resource.scope_metrics[0].metrics[0].data.data_points[0].count == 1


def test_a_thousand_cells_are_collected_in_milliseconds(telemetry: Telemetry) -> None:
    made = OwnPoints(telemetry, CUMULATIVE)
    for number in range(10):
        metric = Metric(f"m{number}", InstrumentKind.HISTOGRAM, "s", "m", (COMMAND,), (0.5, 1.0, 3.0))
        for cell in range(100):
            telemetry.histogram(metric)[f"c{cell}"].record(1.0)
    data = MetricsData([ResourceMetrics(Resource({}), [], "")])
    took = min(timeit.repeat(lambda: made.add_to(data), number=1, repeat=5))
    assert took < 0.05


# -- gauges of many series

NAME = Attribute("work.name", "m", cardinality_limit=20_000)
SIZES = Metric("work.sizes", InstrumentKind.GAUGE, "By", "How large each is.", (NAME,), series_limit=20_001)
LARGE = Catalogue("large", metrics=(SIZES,))


def sizes(telemetry: Telemetry, number: int) -> None:
    record(telemetry)
    telemetry.gauge(SIZES, lambda: [({"work.name": f"n{each}"}, float(each)) for each in range(number)])


def connected(telemetry: Telemetry, *readers: MetricReader, own: bool) -> MeterProvider:
    provider = MeterProvider(metric_readers=readers, shutdown_on_exit=False)
    bridge = Bridge(telemetry, (CATALOGUE, LARGE))
    bridge.connect(meter_provider=provider, own_meter_provider=provider if own else None)
    return provider


def shown(reader: Any) -> tuple[float, int]:
    """Return the sum and the number of the gauge's points."""
    data = read(reader)["work.sizes"].data
    assert all(point.start_time_unix_nano is None and point.time_unix_nano for point in data.data_points)
    return sum(point.value for point in data.data_points), len(data.data_points)


def test_a_large_gauge_is_shown_once_by_readers_of_ours_and_by_those_of_others(telemetry: Telemetry) -> None:
    sizes(telemetry, 5000)
    ours: Any = MemoryReader()
    ours.show(telemetry)
    connected(telemetry, ours, own=True)
    others: Any = InMemoryMetricReader()
    connected(telemetry, others, own=False)
    assert shown(ours) == (sum(range(5000)), 5000)
    # The SDK tells 2000 series apart by default, from 1.45.2 on.
    assert shown(others)[1] in (2000, 5000)


def test_no_observation_is_made_of_a_large_gauge_for_readers_of_ours(telemetry: Telemetry) -> None:
    asked: list[int] = []

    def sizes_() -> list[tuple[dict[str, str], float]]:
        asked.append(1)
        return [({"work.name": "n"}, 1.0)]

    record(telemetry)
    telemetry.gauge(SIZES, sizes_)
    ours: Any = MemoryReader()
    ours.show(telemetry)
    connected(telemetry, ours, own=True)
    shown(ours)
    assert len(asked) == 1, "the instrument reads nothing"


def test_a_provider_that_was_a_proxy_at_first_shows_a_large_gauge_once(telemetry: Telemetry) -> None:
    sizes(telemetry, 3)
    ours: Any = MemoryReader()
    ours.show(telemetry)
    provider = MeterProvider(metric_readers=[ours], shutdown_on_exit=False)
    bridge = Bridge(telemetry, (CATALOGUE, LARGE))
    bridge.connect(meter_provider=provider)  # as one that is not known to be ours yet
    bridge.connect(meter_provider=provider, own_meter_provider=provider)
    assert shown(ours) == (3.0, 3)


# -- other people's readers


class ForeignReader(MetricReader):
    """A reader with no base of ours, as another package would bring it."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[MetricsData] = []

    def _receive_metrics(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any) -> None:
        self.got.append(metrics_data)

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        pass


def test_another_packages_reader_shows_the_histograms_too(telemetry: Telemetry) -> None:
    made: Any = reader_class(ForeignReader)()
    assert isinstance(made, ForeignReader)
    provide(telemetry, made)
    record(telemetry)
    made.collect()
    names = {m.name for r in made.got[0].resource_metrics for s in r.scope_metrics for m in s.metrics}
    assert names == {metric.name for metric in CATALOGUE.metrics}


def test_a_reader_that_was_not_told_of_us_collects_as_ever(telemetry: Telemetry) -> None:
    made: Any = MemoryReader()
    provider = MeterProvider(metric_readers=[made], shutdown_on_exit=False)
    provider.get_meter("theirs").create_counter("theirs").add(1)
    telemetry.histogram(DURATION)["play"].record(1.0)
    assert set(read(made)) == {"theirs"}


# -- Prometheus


@pytest.fixture
def scrape(telemetry: Telemetry) -> Callable[[], str]:
    reader = PrometheusReader()
    provide(telemetry, reader)
    return lambda: reader.text(generate_latest, "text/plain").decode()


def samples(text: str, name: str) -> list[tuple[dict[str, str], float]]:
    found: list[tuple[dict[str, str], float]] = []
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name:
                labels = {key: value for key, value in sample.labels.items() if not key.startswith("otel_scope_")}
                found.append((labels, sample.value))
    return found


def test_prometheus_text_can_be_parsed_and_has_the_names_that_dashboards_ask_for(
    telemetry: Telemetry, scrape: Callable[[], str]
) -> None:
    record(telemetry)
    families = {family.name: family for family in text_string_to_metric_families(scrape())}
    kinds = {name: family.type for name, family in families.items() if name.startswith("work")}
    assert kinds == {
        "work_duration_seconds": "histogram",
        "work_events": "counter",
        "work_guilds": "gauge",
        "work_latency_seconds": "gauge",
        "work_up": "gauge",
    }
    assert families["work_duration_seconds"].documentation == "How long work takes."


def test_prometheus_shows_edges_as_floats_and_cumulative_buckets(
    telemetry: Telemetry, scrape: Callable[[], str]
) -> None:
    record(telemetry)
    play = {"discord_command_name": "play"}
    buckets = [(labels["le"], value) for labels, value in samples(scrape(), "work_duration_seconds_bucket")]
    assert buckets[:4] == [("0.5", 1), ("1.0", 2), ("3.0", 3), ("+Inf", 4)]
    assert (play, 4) in samples(scrape(), "work_duration_seconds_count")
    assert (play, 104.25) in samples(scrape(), "work_duration_seconds_sum")


def test_in_prometheus_the_last_bucket_is_the_count(telemetry: Telemetry, scrape: Callable[[], str]) -> None:
    record(telemetry)
    text = scrape()
    last = [value for labels, value in samples(text, "work_duration_seconds_bucket") if labels["le"] == "+Inf"]
    assert last == [value for _, value in samples(text, "work_duration_seconds_count")] == [4, 1]


def test_prometheus_shows_counters_with_their_suffix_and_gauges_without_nan(
    telemetry: Telemetry, scrape: Callable[[], str]
) -> None:
    record(telemetry)
    text = scrape()
    assert samples(text, "work_events_total") == [({"discord_shard_id": "0"}, 3)]
    assert samples(text, "work_guilds") == [({}, 2)]
    assert samples(text, "work_latency_seconds") == [({"discord_shard_id": "0"}, 0.25)]
    assert samples(text, "work_up") == [({}, 1)]


def test_prometheus_names_the_resource_once(telemetry: Telemetry, scrape: Callable[[], str]) -> None:
    record(telemetry)
    assert samples(scrape(), "target_info") == [({"service_name": "jukebox", "service_instance_id": "i"}, 1)]


def test_every_family_has_its_head_once(telemetry: Telemetry, scrape: Callable[[], str]) -> None:
    record(telemetry)
    for kind in ("HELP", "TYPE"):
        heads = [line.split()[2] for line in scrape().splitlines() if line.startswith(f"# {kind} ")]
        assert len(heads) == len(set(heads))


def test_what_prometheus_is_shown_survives_odd_attribute_values(
    telemetry: Telemetry, scrape: Callable[[], str]
) -> None:
    odd = 'pl"ay\\n\n✓'
    telemetry.counter(EVENTS)[0].value += 1
    telemetry.histogram(DURATION)[odd].record(1.0)
    assert ({"discord_command_name": odd}, 1) in samples(scrape(), "work_duration_seconds_count")


# -- OTLP


@pytest.fixture
def exported(
    telemetry: Telemetry, receiver: Received, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Callable[[], Received]]:
    preference = getattr(request, "param", "cumulative")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", preference)
    provider = provide(telemetry, PushReader(OTLPMetricExporter(endpoint=receiver.url)))

    def export() -> Received:
        receiver.metrics.clear()
        provider.force_flush()
        return receiver

    yield export
    provider.shutdown()


def test_over_otlp_a_histogram_has_neither_min_nor_max(telemetry: Telemetry, exported: Callable[[], Received]) -> None:
    record(telemetry)
    (metric,) = exported().named(DURATION.name)
    play, unnamed = metric.histogram.data_points
    assert (metric.unit, metric.description) == ("s", "How long work takes.")
    assert (play.HasField("min"), play.HasField("max"), play.HasField("sum")) == (False, False, True)
    assert (list(play.bucket_counts), list(play.explicit_bounds)) == ([1, 1, 1, 1], [0.5, 1.0, 3.0])
    assert (play.count, play.sum) == (4, 104.25)
    assert (attributes(play.attributes), attributes(unnamed.attributes)) == ({COMMAND.name: "play"}, {})
    assert 0 < play.start_time_unix_nano < play.time_unix_nano


def test_over_otlp_everything_of_ours_stands_in_one_scope_of_one_resource(
    telemetry: Telemetry, exported: Callable[[], Received]
) -> None:
    record(telemetry)
    (request,) = exported().metrics
    (resource,) = request.resource_metrics
    assert attributes(resource.resource.attributes) == {"service.name": "jukebox", "service.instance.id": "i"}
    (scope,) = resource.scope_metrics
    assert (scope.scope.name, scope.scope.version) == ("argus_otel", __version__)
    assert {metric.name for metric in scope.metrics} == {metric.name for metric in CATALOGUE.metrics}


def test_over_otlp_exemplars_point_to_their_spans(telemetry: Telemetry, exported: Callable[[], Received]) -> None:
    telemetry.counter(EVENTS)[0].value += 1
    telemetry.histogram(DURATION)["play"].record(0.25, SimpleNamespace(trace_id=0xABC, span_id=0xDEF))
    (metric,) = exported().named(DURATION.name)
    (exemplar,) = metric.histogram.data_points[0].exemplars
    assert exemplar.as_double == 0.25
    assert int.from_bytes(exemplar.trace_id, "big") == 0xABC
    assert int.from_bytes(exemplar.span_id, "big") == 0xDEF


@pytest.mark.parametrize(
    ("exported", "number", "counts"), [("cumulative", 2, [4, 8]), ("delta", 1, [4, 4])], indirect=["exported"]
)
def test_over_otlp_the_temporality_is_the_one_that_is_preferred(
    telemetry: Telemetry, exported: Callable[[], Received], number: int, counts: list[int]
) -> None:
    found: list[int] = []
    for _ in counts:
        record(telemetry)
        received = exported()
        (histogram,), (counter,), (up_down,) = map(received.named, (DURATION.name, EVENTS.name, GUILDS.name))
        assert histogram.histogram.aggregation_temporality == number
        assert counter.sum.aggregation_temporality == number
        assert up_down.sum.aggregation_temporality == 2  # those stay cumulative whatever is preferred
        found.append(histogram.histogram.data_points[0].count)
    assert found == counts
