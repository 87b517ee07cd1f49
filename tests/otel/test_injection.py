"""Whatever a bot's classes, commands and loggers are called, a page has the lines that it should, and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from prometheus_client.exposition import choose_encoder
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from argus_otel.catalogues import CATALOGUES
from argus_otel.otel.bridge import Bridge
from argus_otel.otel.prometheus import PrometheusReader
from argus_otel.scrape.series import prometheus_name
from argus_otel.telemetry import InstrumentKind, Metric, Telemetry

HOSTILE = (
    'x"} 1\nforged_total{a="b',
    "x\nforged_total 1\n",
    "x\r\nforged_total 1\r\n",
    "x\\\nforged_total 1",
    "\\",
    "\\\\n",
    '"',
    '\\"} 1\nforged_total 1\n# {x="',
    "# TYPE forged_total counter",
    "# EOF\n",
    "} 1 # {} 1",
    "%s%d%(x)s{}{0}",
    "\x1b[2J\x1b]0;owned\x07",
    "\u2028forged_total 1\u2029forged_total 1\x85forged_total 1\x0bforged_total 1\x1cforged_total 1",
    "\0",
    "\u202e\ufeff\ud83d",
    "a" * 10_000,
)
METRICS = [
    metric for catalogue in CATALOGUES for metric in catalogue.metrics if metric.kind is not InstrumentKind.GAUGE
]


def fill(telemetry: Telemetry, metric: Metric, odd: str) -> None:
    values = tuple(attribute.values[0] if attribute.values else odd for attribute in metric.attributes)
    key: Any = values[0] if len(values) == 1 else values
    if metric.kind is InstrumentKind.HISTOGRAM:
        telemetry.histogram(metric)[key].record(0.5)
    else:
        telemetry.counter(metric)[key].value += 1


@pytest.mark.parametrize(
    ("accept", "parse"), [("", parse_text), ("application/openmetrics-text;version=1.0.0", parse_openmetrics)]
)
def test_no_line_is_forged(telemetry: Telemetry, accept: str, parse: Callable[[str], Iterable[Any]]) -> None:
    reader = PrometheusReader()
    reader.show(telemetry)
    resource = Resource({"service.name": HOSTILE[0], "service.version": HOSTILE[1]})
    provider = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
    Bridge(telemetry, CATALOGUES).connect(meter_provider=provider, own_meter_provider=provider)
    for metric in METRICS:
        for odd in HOSTILE:
            fill(telemetry, metric, odd)
    reader.text(*choose_encoder(accept))  # the second page is written in another way than the first
    page = reader.text(*choose_encoder(accept)).decode()
    provider.shutdown()
    families = list(parse(page))
    known = {prometheus_name(metric).removesuffix("_total") for each in CATALOGUES for metric in each.metrics}
    theirs = {name for name in (family.name for family in families) if name.startswith(("otel_sdk", "target"))}
    assert {family.name.removesuffix("_total") for family in families} - theirs <= known
    assert len(families) - len(theirs) >= len(METRICS)
    by_name = {prometheus_name(metric).removesuffix("_total"): metric for metric in METRICS}
    # One of them cannot be exported, since half of a surrogate pair is no text: it became _OTHER, by attribute.
    overflowed = {attribute.name for metric in METRICS for attribute in metric.attributes}
    planted = {odd for odd in HOSTILE if "\ud83d" not in odd} | {"_OTHER"} | overflowed
    for family in families:
        metric = by_name.get(family.name.removesuffix("_total"))
        for attribute in metric.attributes if metric is not None else ():
            if not attribute.values and attribute.normalise is None:
                label = attribute.name.replace(".", "_")
                assert {sample.labels[label] for sample in family.samples} <= planted
    assert page.count("\n") == len(page.split("\n")) - 1
    lines = [line for line in page.split("\n") if line and not line.startswith("#")]
    assert len(lines) == sum(len(family.samples) for family in families)
