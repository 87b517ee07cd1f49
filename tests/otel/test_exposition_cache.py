"""A page is, byte for byte, what OpenTelemetry's exporter and Prometheus' client library write by themselves."""

from __future__ import annotations

import itertools
import math
import re
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricsData
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.utils import floatToGoString

from argus_otel.catalogues import CATALOGUES
from argus_otel.otel import exposition_cache
from argus_otel.otel.bridge import Bridge
from argus_otel.otel.prometheus import PrometheusReader
from argus_otel.otel.readers import OwnReader
from argus_otel.otel.scope import without_scope_labels
from argus_otel.telemetry import Attribute, InstrumentKind, Metric, Telemetry

ESCAPINGS = ("underscores", "allow-utf-8", "dots", "values")
ACCEPTS = (
    "",
    "text/plain;version=0.0.4",
    "application/openmetrics-text",
    "application/openmetrics-text;version=0.0.1",
    *(f"text/plain;version=1.0.0;escaping={escaping}" for escaping in ESCAPINGS),
    *(f"application/openmetrics-text;version=1.0.0;escaping={escaping}" for escaping in ESCAPINGS),
)
ODD = (
    "",
    " ",
    'a "quoted" one',
    "back\\slash\\",
    "two\nlines\r\nmore\n",
    "10%s %d %% {}",
    "ünï✓\U0001f3b5",
    "line\u2028separator\x85\x0b\x1c",
    "# HELP x y",
    '} 7\nup 1\n{le="1',
)
METRICS = [metric for catalogue in CATALOGUES for metric in catalogue.metrics]
NAMED = {metric.name: metric for metric in METRICS}


class _Exporter(OwnReader, PrometheusMetricReader):
    """OpenTelemetry's own reader, shown our histograms."""


class Both:
    """One provider, read in both ways.

    What OpenTelemetry's SDK says of a collection (its own metrics) is off, so that the two see the same.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        self.reader = PrometheusReader()
        self.registry = CollectorRegistry()
        exporter: Any = _Exporter(registry=self.registry, **without_scope_labels(PrometheusMetricReader))
        for reader in (self.reader, exporter):
            reader.show(telemetry)
        made = Resource({"service.name": 'juke"box\\\n✓', "service.instance.id": "i"})
        self.provider = MeterProvider([self.reader, exporter], resource=made, shutdown_on_exit=False)
        Bridge(telemetry, CATALOGUES).connect(meter_provider=self.provider, own_meter_provider=self.provider)

    def agree(self, *accepts: str) -> str:
        """Read in both ways, in each form; return the last of it."""
        text = ""
        for accept in accepts or ACCEPTS:
            encode, form = choose_encoder(accept)
            text = self.reader.text(encode, form).decode()
            assert text == encode(self.registry).decode(), form
        return text


@pytest.fixture
def both(telemetry: Telemetry) -> Iterator[Both]:
    made = Both(telemetry)
    yield made
    made.provider.shutdown()


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The metrics that were written by exporter and library, in their order."""
    names: list[str] = []
    text = exposition_cache.Exporter.text

    def noted(self: exposition_cache.Exporter, data: MetricsData, encode: exposition_cache.Encoder) -> str:
        scopes = [scope for resource in data.resource_metrics for scope in resource.scope_metrics]
        names.extend(metric.name for scope in scopes for metric in scope.metrics)
        return text(self, data, encode)

    monkeypatch.setattr(exposition_cache.Exporter, "text", noted)
    return names


def value(attribute: Attribute, odd: str) -> object:
    return attribute.values[len(odd) % len(attribute.values)] if attribute.values else odd


def key(metric: Metric, odd: str) -> object:
    values = tuple(value(attribute, odd) for attribute in metric.attributes)
    return values[0] if len(values) == 1 else values


def fill(telemetry: Telemetry, metric: Metric, odd: str, number: float) -> None:
    """Have a point of ``metric``, with odd values of its attributes."""
    if metric.kind is InstrumentKind.HISTOGRAM:
        telemetry.histogram(metric)[key(metric, odd)].record(number)
    elif metric.kind is not InstrumentKind.GAUGE:
        telemetry.counter(metric)[key(metric, odd)].value += number


def test_metrics_of_more_points_than_are_written_at_once(
    telemetry: Telemetry, both: Both, monkeypatch: pytest.MonkeyPatch, written: list[str]
) -> None:
    monkeypatch.setattr(exposition_cache, "PORTION", 3)
    gauge, counter, histogram = (NAMED[name] for name in ("argus.check.up", "argus.check.runs", "argus.check.duration"))
    points = [({each.name: value(each, odd) for each in gauge.attributes}, 0.5) for odd in ODD]
    telemetry.gauge(gauge, lambda: points)  # type: ignore[arg-type, return-value]
    for odd in ODD:
        fill(telemetry, counter, odd, 7.0)
        fill(telemetry, histogram, odd, 0.1)
    both.agree()
    assert written.count(gauge.name) >= len(ODD) // 3 * len(ACCEPTS), "each portion is written"
    written.clear()
    for number in (0.25, 1e9):
        points[:] = [(attributes, number) for attributes, _ in points]
        both.agree("application/openmetrics-text;version=1.0.0;escaping=values")
    assert gauge.name not in written, "the template has every portion"


def test_everything_in_the_catalogues_with_odd_values(telemetry: Telemetry, both: Both) -> None:
    for metric in METRICS:
        if metric.kind is InstrumentKind.GAUGE and metric.name != "argus.hook.active":
            points = [({each.name: value(each, odd) for each in metric.attributes}, 0.5) for odd in ODD]
            telemetry.gauge(metric, lambda points=points: points)  # type: ignore[misc, arg-type]
    both.agree()
    for number, odd in itertools.product((0.1, 7.0, 1e9), ODD):
        for metric in METRICS:
            fill(telemetry, metric, odd, number)
    for _ in range(3):
        both.agree()
    names = {family.name for family in parse_text(both.agree(""))}
    assert len(names) >= 45
    assert {f.name for f in parse_openmetrics(both.agree("application/openmetrics-text"))} >= names - {"target_info"}


def test_what_is_new_and_what_has_gone(telemetry: Telemetry, both: Both) -> None:
    meter = both.provider.get_meter("theirs", "1", "https://example.com/x", {"a": "b"})
    now: list[Observation] = []
    meter.create_observable_gauge("theirs", [lambda _: list(now)], unit="By", description="Theirs.")
    orders = ([], ["a"], ["a", "b"], ["b"], ["b", "a"], [], ["c"])
    for order in orders:
        now[:] = [Observation(ord(name), {"name": name}) for name in order]
        assert both.agree().count('name="') >= len(order)
    now[:] = [Observation(1, {"name": "a"}), Observation(2, {"other": "a"}), Observation(3)]
    assert 'name=""' in both.agree("")
    now[:] = [Observation(1, {"name": "a"})]
    both.agree()


@pytest.mark.parametrize(
    "number", [0, 1, -1, 3, 1e6, 123456789, 1e21, 1e300, 0.1, -0.0, 1e-9, 2**63, True, math.inf, -math.inf]
)
def test_numbers(both: Both, number: float) -> None:
    meter = both.provider.get_meter("theirs")
    meter.create_observable_gauge("theirs", [lambda _: [Observation(number)]])
    meter.create_observable_counter("many", [lambda _: [Observation(abs(number), {"a": 1.5, "b": (1, 2), "c": True})]])
    for _ in range(2):
        both.agree()


def test_metrics_of_one_name_in_several_scopes(telemetry: Telemetry, both: Both, written: list[str]) -> None:
    def observe(scope: str, kind: str, name: str, unit: str = "", description: str = "") -> None:
        create: Callable[..., object] = getattr(both.provider.get_meter(scope), f"create_observable_{kind}")
        create(name, [_one(scope)], unit=unit, description=description)

    for scope in ("a", "b"):
        observe(scope, "counter", "same.thing", "s", "Same.")
    observe("c", "counter", "same_thing", "s", "Same.")  # the same to Prometheus
    observe("c", "gauge", "same.thing", "s", "Same.")
    observe("d", "counter", "same.thing", "ms", "Same.")
    observe("e", "counter", "same.thing", "s", "Another.")
    histogram = both.provider.get_meter("g").create_histogram("same.thing", unit="s", description="Same.")
    histogram.record(1, {"a": "b"})
    for _ in range(2):
        both.agree()
    both.agree("")
    written.clear()
    both.agree("")
    assert written == ["same.thing", "same.thing", "same_thing"]
    # A family of its own with the same head, which no scraper takes: it stands beside the other.
    observe("f", "counter", "same.thing.seconds", "", "Same.")
    encode, form = choose_encoder("")
    lines = both.reader.text(encode, form).splitlines()
    assert sorted(lines) == sorted(encode(both.registry).splitlines())


def _one(scope: str) -> Callable[[CallbackOptions], list[Observation]]:
    return lambda _: [Observation(1, {"scope": scope})]


def test_synchronous_instruments(both: Both) -> None:
    meter = both.provider.get_meter("theirs")
    counter, up_down = meter.create_counter("a-counter/x", unit="1"), meter.create_up_down_counter("up.down")
    plain = meter.create_histogram("plain", unit="{thing}/s")
    negative = meter.create_histogram("negative", explicit_bucket_boundaries_advisory=[-1.0, 0.0, 1.0])
    single = meter.create_histogram("single", explicit_bucket_boundaries_advisory=[])
    for number in range(3):
        for odd in ODD:
            counter.add(1, {"odd.name": odd, "odd_name": "b", "9": "x"})
            up_down.add(-1, {"odd": odd})
            for histogram in (plain, negative, single):
                histogram.record(number - 1.5 if histogram is negative else number, {"odd": odd})
        both.agree()


def test_nothing_is_written_twice(telemetry: Telemetry, both: Both, written: list[str]) -> None:
    histogram, counter = (NAMED[name] for name in ("discord.command.duration", "discord.gateway.events"))
    fill(telemetry, histogram, "a", 1)
    fill(telemetry, counter, "a", 1)
    both.agree("")
    assert {histogram.name, counter.name} <= set(written)
    written.clear()
    for _ in range(3):
        fill(telemetry, histogram, "a", 1)
        fill(telemetry, counter, "a", 1)
        both.agree("")
    assert written == []
    fill(telemetry, histogram, "another", 1)
    both.agree("")
    assert written == [histogram.name]


@pytest.mark.parametrize("accept", ["application/openmetrics-text", "application/openmetrics-text;version=1.0.0"])
def test_a_bucket_has_its_last_exemplar_in_openmetrics(telemetry: Telemetry, both: Both, accept: str) -> None:
    histogram = NAMED["discord.command.duration"]
    cell = telemetry.histogram(histogram)[key(histogram, "a")]
    fill(telemetry, NAMED["discord.gateway.events"], "a", 1)
    encode, form = choose_encoder(accept)
    before = time.time()
    for number, value in enumerate((0.007, 0.004, 0.008, 3600.0), 1):
        cell.record(value, SimpleNamespace(trace_id=number, span_id=15 * number))  # type: ignore[arg-type]
    for _ in range(3):  # it stays, since several may scrape; the template is the same
        page = both.reader.text(encode, form).decode()
        (family,) = (one for one in parse_openmetrics(page) if one.name == "discord_command_duration_seconds")
        found = {one.labels["le"]: one.exemplar for one in family.samples if one.exemplar}
        assert {edge: one.value for edge, one in found.items()} == {"0.005": 0.004, "0.01": 0.008, "+Inf": 3600}
        assert found["0.01"].labels == {"trace_id": f"{3:032x}", "span_id": f"{45:016x}"}
        assert before - 1 <= float(found["0.01"].timestamp) <= time.time() + 1
        assert all(one.name.endswith("_bucket") for one in family.samples if one.exemplar)
    # But for them, the page is the exporter's.
    assert re.sub(r" # \{.*", "", page) == encode(both.registry).decode()


def test_other_forms_have_no_exemplars_and_neither_has_untraced_work(telemetry: Telemetry, both: Both) -> None:
    histogram = NAMED["discord.command.duration"]
    cell = telemetry.histogram(histogram)[key(histogram, "a")]
    fill(telemetry, NAMED["discord.gateway.events"], "a", 1)
    cell.record(1.0, None)
    both.agree()
    cell.record(1.0, SimpleNamespace(trace_id=1, span_id=2))  # type: ignore[arg-type]
    both.agree("", "text/plain;version=1.0.0;escaping=underscores")


def test_an_exemplar_is_shown_for_five_minutes(
    telemetry: Telemetry, both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    histogram = NAMED["discord.command.duration"]
    cell = telemetry.histogram(histogram)[key(histogram, "a")]
    fill(telemetry, NAMED["discord.gateway.events"], "a", 1)
    cell.record(1.0, SimpleNamespace(trace_id=1, span_id=2))  # type: ignore[arg-type]
    encode, form = choose_encoder("application/openmetrics-text")
    now = time.time_ns()
    for minutes, shown in ((0, True), (4, True), (6, False)):
        monkeypatch.setattr("argus_otel.otel.readers.time_ns", lambda at=now + minutes * 60 * 10**9: at)
        both.reader.text(encode, form)  # shown at least once, whenever that is
        assert (b" # {" in both.reader.text(encode, form)) is shown


def test_exemplars_of_the_sdks_own_histograms_are_shown_too(both: Both) -> None:
    histogram = both.provider.get_meter("theirs").create_histogram("theirs")
    with TracerProvider(shutdown_on_exit=False).get_tracer("theirs").start_as_current_span("work") as span:
        histogram.record(7)
    encode, form = choose_encoder("application/openmetrics-text")
    assert f'trace_id="{span.get_span_context().trace_id:032x}"'.encode() in both.reader.text(encode, form)


def test_the_scope_is_no_label(both: Both) -> None:
    both.provider.get_meter("theirs", "1", "https://example.com/x", {"a": "b"}).create_counter("theirs").add(1)
    assert "otel_scope" not in both.agree()


def test_what_an_exporter_adds_to_a_series_is_kept(telemetry: Telemetry, both: Both) -> None:
    """A later exporter may write more than a number: exemplars, times. Such a metric is written anew each time."""
    fill(telemetry, NAMED["discord.gateway.events"], "a", 1)
    encode, form = choose_encoder("")

    def with_times(registry: Any) -> bytes:
        return b"".join(
            line if line.startswith(b"#") else line[:-1] + b" 1700000000\n"
            for line in encode(registry).splitlines(keepends=True)
        )

    for _ in range(2):
        assert both.reader.text(with_times, form) == with_times(both.registry)


def test_forms_are_forgotten(telemetry: Telemetry, both: Both) -> None:
    fill(telemetry, NAMED["discord.gateway.events"], "a", 1)
    encode, _ = choose_encoder("")
    for minor in range(20):
        assert both.reader.text(encode, f"text/plain; version=1.{minor}.0") == encode(both.registry)
    assert len(both.reader._cache._formats) == exposition_cache.MAX_FORMATS
    both.agree()


def test_a_reader_without_points_and_one_that_has_ended(telemetry: Telemetry, both: Both) -> None:
    reader = PrometheusReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    for accept, nothing in (("", b""), ("application/openmetrics-text", b"# EOF\n")):
        encode, form = choose_encoder(accept)
        assert reader.text(encode, form) == encode(reader.registry) == nothing
    provider.get_meter("theirs").create_counter("theirs").add(1)
    encode, form = choose_encoder("")
    assert b"theirs_total" in reader.text(encode, form)
    assert reader.text(encode, form) == encode(reader.registry)
    provider.shutdown()
    assert reader.text(encode, form) == encode(reader.registry) == b""


def test_what_the_exporter_cannot_show_fails_as_it_does(both: Both) -> None:
    both.provider.get_meter("theirs").create_counter("theirs").add(1, {"a\udcffb": "\udcff"})
    encode, form = choose_encoder("")
    with pytest.raises(UnicodeEncodeError):
        encode(both.registry)
    with pytest.raises(UnicodeEncodeError):
        both.reader.text(encode, form)


@pytest.mark.parametrize("count", [0, 1, 10, 999_999, 1_000_000, 12_345_678, 10**15, 10**22])
def test_counts_are_written_as_the_client_library_writes_them(count: int) -> None:
    assert exposition_cache._count(count) == floatToGoString(count)
