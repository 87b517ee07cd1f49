"""A bot that sends deltas: Prometheus gets the same values from the Collector as from the bot's own endpoint."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

from discord_simulator import BackgroundSimulator
from lab.clickhouse import ClickHouse
from lab.collector import Collector
from lab.exposition import samples
from lab.processes import wait_until

from .bots import Bot, used

SETTINGS = {"OTEL_METRIC_EXPORT_INTERVAL": "500", "OTEL_TRACES_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
PREFERENCE = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
ADDED_UP = ("_total", "_count", "_bucket", "_sum")

Values = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def added_up(text: str, instance: str = "") -> Values:
    """Counters and histograms of Discord, by name and labels, of one process."""
    found: Values = {}
    for name, labels, value in samples(text):
        job, its_instance = labels.pop("job", ""), labels.pop("instance", "")
        if name.startswith("discord_") and name.endswith(ADDED_UP) and (not job or its_instance == instance):
            # An empty label is none to Prometheus.
            found[name, tuple(sorted(pair for pair in labels.items() if pair[1]))] = value
    return found


def scrape(bot: Bot) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{bot.port}/metrics")
    request.add_header("Accept", "application/openmetrics-text; version=1.0.0")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


def differ(bot: Bot, collector: Collector, instance: str) -> dict[object, tuple[object, object]]:
    """What the two pages do not agree on; the bot's, the Collector's."""
    own, collected = added_up(scrape(bot)), added_up(collector.scrape(), instance)
    assert own
    return {
        key: (own.get(key), collected.get(key))
        for key in own.keys() | collected.keys()
        if own.get(key) != pytest.approx(collected.get(key))
    }


@pytest.mark.parametrize(("preference", "lives"), [("delta", ("first", "second")), ("lowmemory", ("only",))])
def test_counters_and_histograms_are_the_bots_own_over_idle_times_and_a_restart(
    tmp_path: Path, preference: str, lives: tuple[str, ...]
):
    with Collector.running_in(tmp_path / "collector") as collector, BackgroundSimulator(guilds=6) as simulator:
        for life in lives:
            instance = f"{preference}-{life}"
            bot = Bot(
                tmp_path / life,
                simulator,
                OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
                OTEL_RESOURCE_ATTRIBUTES=f"service.instance.id={instance}",
                **{PREFERENCE: preference},
                **SETTINGS,
            )
            try:
                bot.start()
                for seed in (1, 2):
                    with used(simulator, rate=60, seed=seed):
                        time.sleep(2)
                    time.sleep(1.5)  # some intervals in which nothing happens
                settled: Callable[[], bool] = lambda: not differ(bot, collector, instance)  # noqa: B023, E731
                wait_until(settled, f"the two pages agree: {list(differ(bot, collector, instance).items())[:3]}", 10)
                assert len(added_up(collector.scrape(), instance)) > 500
            finally:
                bot.kill()


def test_ids_are_out_before_deltas_are_added_up_and_a_lost_export_resets_nothing(
    collector: Collector, clickhouse: ClickHouse
):
    """An export that was lost leaves a gap between the points' times."""
    assert clickhouse.running
    delta = AggregationTemporality.DELTA
    exporter = OTLPMetricExporter(endpoint=collector.endpoint, preferred_temporality={Counter: delta, Histogram: delta})
    reader = PeriodicExportingMetricReader(exporter, 1e9)
    provider = MeterProvider([reader], Resource({"service.name": "deltas", "service.instance.id": "deltas-1"}))
    meter = provider.get_meter("tests")
    plays, times = meter.create_counter("delta.plays"), meter.create_histogram("delta.times", unit="s")

    def send() -> None:
        for guild in range(5):
            plays.add(1, {"discord.guild.id": str(guild)})
            times.record(0.25, {"discord.guild.id": str(guild)})
        assert provider.force_flush()

    def values() -> dict[str, float]:
        found = [(name, value) for name, labels, value in samples(collector.scrape()) if labels.get("job") == "deltas"]
        return {name: value for name, value in found if name in ("delta_plays_total", "delta_times_seconds_count")}

    send()
    send()
    wait_until(lambda: values() == {"delta_plays_total": 10, "delta_times_seconds_count": 10}, "two exports")
    lost = exporter._client
    exporter._client = None  # this export goes nowhere
    provider.force_flush()
    plays.add(1)
    times.record(0.25)
    provider.force_flush()
    exporter._client = lost
    send()
    wait_until(lambda: values() == {"delta_plays_total": 15, "delta_times_seconds_count": 15}, "the others")

    collector.restart()  # its sums are in memory
    send()
    wait_until(lambda: values() == {"delta_plays_total": 5, "delta_times_seconds_count": 5}, "sums from 0 on")
    provider.shutdown()
