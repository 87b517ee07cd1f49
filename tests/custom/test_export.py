"""Custom metrics are exported: by readers, by the endpoint, over OTLP, and by a foreign meter provider."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricReader
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from argus_otel import count, timed
from argus_otel.catalogues import CATALOGUES
from argus_otel.custom.metrics import BOUNDARIES
from argus_otel.endpoint.exposition import Exposition
from argus_otel.endpoint.responses import Request
from argus_otel.otel.bridge import Bridge
from argus_otel.otel.exporters import load
from argus_otel.otel.prometheus import PrometheusReader
from argus_otel.otel.readers import PushReader, reader_class
from argus_otel.telemetry.catalogue import HOOK_ACTIVE
from argus_otel.testing import until
from tests.otel import receivers

from .conftest import Kept


def provider_with(kept: Kept, reader: Any) -> MeterProvider:
    kept.telemetry.gauge(HOOK_ACTIVE, lambda: [({"argus.hook": "test"}, 1.0)])
    reader.show(kept.telemetry)
    return MeterProvider(metric_readers=[reader], shutdown_on_exit=False)


def connect(kept: Kept, provider: MeterProvider, own: MeterProvider | None) -> Bridge:
    bridge = Bridge(kept.telemetry, CATALOGUES)
    bridge.connect(meter_provider=provider, own_meter_provider=own)
    return bridge


def read(reader: MetricReader) -> dict[str, Any]:
    data = reader.get_metrics_data()  # type: ignore[attr-defined]
    scopes = [scope for resource in data.resource_metrics for scope in resource.scope_metrics] if data else []
    assert len(scopes) <= 1
    metrics = [metric for scope in scopes for metric in scope.metrics]
    assert len({metric.name for metric in metrics}) == len(metrics)
    return {metric.name: metric for metric in metrics}


def record() -> None:
    count("songs.played", genre="rock")
    count("songs.played", 2.5)
    with timed("db.query", table="tags"):
        pass


def check(metrics: dict[str, Any]) -> None:
    songs, query = metrics["songs.played"], metrics["db.query"]
    assert {tuple(point.attributes.items()): point.value for point in songs.data.data_points} == {
        (("genre", "rock"),): 1,
        (): 2.5,
    }
    assert (songs.unit, songs.data.is_monotonic) == ("1", True)
    (point,) = query.data.data_points
    assert (query.unit, dict(point.attributes), point.count) == ("s", {"table": "tags"}, 1)
    assert tuple(point.explicit_bounds) == BOUNDARIES


@pytest.mark.parametrize("first", ["bridge", "bot"])
def test_a_reader_of_ours_shows_them(kept: Kept, first: str) -> None:
    reader = reader_class(InMemoryMetricReader)()
    provider = provider_with(kept, reader)
    if first == "bot":
        record()
    connect(kept, provider, provider)
    if first == "bridge":
        record()
    until(lambda: "songs.played" in read(reader))
    check(read(reader))


@pytest.mark.parametrize("first", ["bridge", "bot"])
def test_somebody_elses_provider_is_given_them(kept: Kept, first: str) -> None:
    reader = InMemoryMetricReader()
    if first == "bot":
        count("songs.played", 0, genre="polka")
        with timed("earlier"):
            pass
    connect(kept, MeterProvider(metric_readers=[reader], shutdown_on_exit=False), None)
    if first == "bot":
        with timed("earlier"):
            pass
    record()
    metrics = read(reader)  # histograms are there at once, with every record
    assert metrics["db.query"].data.data_points[0].count == 1
    if first == "bot":
        assert metrics["earlier"].data.data_points[0].count == 1
    until(lambda: "songs.played" in read(reader))
    names = read(reader)
    assert {"songs.played", "db.query"} <= set(names)


def test_a_provider_that_comes_later_is_given_them_too(kept: Kept) -> None:
    ours = reader_class(InMemoryMetricReader)()
    own = provider_with(kept, ours)
    bridge = connect(kept, own, own)
    record()
    theirs = InMemoryMetricReader()
    bridge.connect(
        meter_provider=MeterProvider(metric_readers=[theirs], shutdown_on_exit=False), own_meter_provider=own
    )
    record()
    count("late", 1)
    for reader in (ours, theirs):
        until(lambda reader=reader: "late" in read(reader))
        assert {point.value for point in read(reader)["songs.played"].data.data_points} == {2, 5.0}
    assert read(theirs)["db.query"].data.data_points[0].count == 1  # earlier records are in our cells alone
    assert read(ours)["db.query"].data.data_points[0].count == 2


def test_a_first_count_does_not_wait_for_a_collection_that_runs(kept: Kept) -> None:
    """A count in a callback does not deadlock either: the SDK holds its lock while it calls back."""
    reader = reader_class(InMemoryMetricReader)()
    provider = provider_with(kept, reader)
    connect(kept, provider, provider)
    entered, leave = threading.Event(), threading.Event()

    def slow(_: CallbackOptions) -> list[Observation]:
        count("from.a.callback")
        with timed("from.within"):
            pass
        entered.set()
        leave.wait(10)
        return []

    provider.get_meter("the bot's own").create_observable_gauge("slow", [slow])
    collecting = threading.Thread(target=reader.collect)
    collecting.start()
    assert entered.wait(5)
    began = time.perf_counter()
    count("meanwhile")
    with timed("meanwhile.too"):
        pass
    for number in range(20):
        count(f"many.{number}")
    took = time.perf_counter() - began
    assert [thread.name for thread in threading.enumerate()].count("argus-otel instruments") == 1
    leave.set()
    collecting.join(10)
    assert not collecting.is_alive()
    assert took < 1
    until(lambda: {"from.a.callback", "meanwhile", "meanwhile.too", "from.within", "many.19"} <= set(read(reader)))


@contextmanager
def scraped(kept: Kept) -> Iterator[Callable[[str], str]]:
    reader = PrometheusReader()
    provider = provider_with(kept, reader)
    connect(kept, provider, provider)
    exposition = Exposition(reader)

    def scrape(accept: str) -> str:
        return exposition.respond(Request("/metrics", "", {"accept": accept})).body.decode()

    yield scrape


def test_prometheus_has_them_by_names_units_and_buckets(kept: Kept) -> None:
    with scraped(kept) as scrape:
        record()
        until(lambda: "songs_played" in scrape("text/plain"))
        text = re.sub(r'otel_scope_\w+="[^"]*",?', "", scrape("text/plain")).replace(",}", "}")
        assert "# TYPE songs_played_total counter\n" in text
        assert "# HELP songs_played_total Counted by the program's own code, with argus_otel.count.\n" in text
        assert 'songs_played_total{genre="rock"} 1.0\n' in text
        assert 'songs_played_total{genre=""} 2.5\n' in text
        assert "# TYPE db_query_seconds histogram\n" in text
        edges = re.findall(r'^db_query_seconds_bucket\{le="([^"]+)",table="tags"\} ', text, re.MULTILINE)
        assert edges == [*map(str, BOUNDARIES), "+Inf"]
        assert 'db_query_seconds_count{table="tags"} 1.0\n' in text


def test_names_that_differ_in_spelling_and_kind_make_valid_openmetrics(kept: Kept) -> None:
    with scraped(kept) as scrape:
        for name in ("songs", "songs.total", "songs_", "Songs", "a/b-c.d_e"):
            count(name, live=True)
        for name in ("songs.seconds", "query", "query.seconds"):
            with timed(name):
                pass
        until(lambda: "a_b_c_d_e_total" in scrape("text/plain"))
        families = [family.name for family in parse_openmetrics(scrape("application/openmetrics-text; version=1.0.0"))]
        assert len(families) == len(set(families))
        assert {"songs", "a_b_c_d_e", "query_seconds"} <= set(families)


def test_otlp_has_them(kept: Kept) -> None:
    with contextmanager(receivers.grpc_receiver)() as receiver:
        exporter = load("opentelemetry_metrics_exporter", "otlp_proto_grpc", "OTEL_METRICS_EXPORTER")
        reader = PushReader(exporter(endpoint=receiver.url, insecure=True))
        provider = provider_with(kept, reader)
        connect(kept, provider, provider)
        record()
        count("big", 10**15)
        count("odd", genre="a\udc80")
        until(lambda: provider.force_flush() and receiver.named("odd"))
        songs, query = receiver.named("songs.played")[-1], receiver.named("db.query")[-1]
        assert (songs.unit, songs.sum.is_monotonic) == ("1", True)
        values = {
            tuple(receivers.attributes(p.attributes).items()): p.as_double or p.as_int for p in songs.sum.data_points
        }
        assert values == {(("genre", "rock"),): 1, (): 2.5}
        (point,) = query.histogram.data_points
        assert (query.unit, point.count, tuple(point.explicit_bounds)) == ("s", 1, BOUNDARIES)
        assert receivers.attributes(point.attributes) == {"table": "tags"}
        provider.shutdown()


def test_what_cannot_start_a_thread_waits_for_the_next(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = reader_class(InMemoryMetricReader)()
    provider = provider_with(kept, reader)
    connect(kept, provider, provider)

    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        count("first")
    count("second")
    until(lambda: {"first", "second"} <= set(read(reader)))
