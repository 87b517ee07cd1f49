"""The names of a bot's metrics on its own endpoint and through the Collector: dashboards have to work with both.

One bot, in one process, does both; a real Prometheus scrapes the two. What differs is in docs/pipeline.md, and here.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from discord_simulator import BackgroundSimulator
from lab.collector import Collector
from lab.processes import wait_until
from lab.prometheus import Prometheus
from tools.backends import ROOT

from .bots import Bot, used

CONFIG = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: jukebox
    static_configs: [{{targets: ["127.0.0.1:{bot}"], labels: {{way: direct}}}}]
  - job_name: collector
    honor_labels: true
    static_configs: [{{targets: ["127.0.0.1:{collector}"], labels: {{way: collector}}}}]
"""
RULES = ROOT / "prometheus" / "rules" / "*.yaml"
WAYS = ("direct", "collector")
# Prometheus's own about each target.
OF_THE_SCRAPE = {"up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling",
                 "scrape_series_added"}  # fmt: skip
DIFFERENT = {"target_info"}

Series = dict[str, set[tuple[tuple[str, str], ...]]]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """It has scraped, both ways, a bot that was used and is now at rest."""
    directory = tmp_path_factory.mktemp("same_names")
    with Collector.running_in(directory / "collector") as collector, BackgroundSimulator(guilds=6) as simulator:
        sending = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_METRIC_EXPORT_INTERVAL": "1000"}
        bot = Bot(directory, simulator, **sending)
        config = CONFIG.format(bot=bot.port, collector=collector.prometheus, rules=RULES)
        try:
            bot.start()
            with Prometheus.running_in(directory, config) as server:
                with used(simulator, rate=60):
                    server.wait_for('discord_command_duration_seconds_count{way="collector", discord_outcome="error"}')
                    time.sleep(2)  # a few scrapes under load, for the exemplars
                yield server
        finally:
            bot.kill()


def series(prometheus: Prometheus, way: str) -> Series:
    """The labels of each name, but for those that say who it is."""
    found: Series = {}
    for labels in prometheus.ask("series", **{"match[]": f'{{way="{way}"}}'}):
        rest = {name: value for name, value in labels.items() if name not in ("__name__", "way", "instance")}
        if labels["__name__"] not in OF_THE_SCRAPE:
            found.setdefault(labels["__name__"], set()).add(tuple(sorted(rest.items())))
    return found


def test_names_and_labels_are_the_same(prometheus: Prometheus):
    def differ() -> dict[str, Any]:
        """Name by name, the labels that one way has and the other has not."""
        direct, collected = (series(prometheus, way) for way in WAYS)
        return {
            name: [sorted(one - other)[:3] for one, other in ((a, b), (b, a))]
            for name in sorted({*direct, *collected})
            if (a := direct.get(name, set())) != (b := collected.get(name, set()))
        }

    with suppress(AssertionError):  # the next line says more
        wait_until(lambda: set(differ()) == DIFFERENT, "the Collector has caught up", 5)
    assert set(differ()) == DIFFERENT
    assert len(series(prometheus, "direct")) > 60


def test_target_info_lacks_in_the_collector_what_job_and_instance_say_already(prometheus: Prometheus):
    (direct,), (collected,) = (prometheus.wait_for(f'target_info{{way="{way}"}}') for way in WAYS)
    extra = {name: direct[0].pop(name) for name in ("service_name", "service_instance_id")}
    assert extra == {"service_name": collected[0]["job"], "service_instance_id": collected[0]["instance"]}
    of_the_scrape = {"way": "", "instance": ""}
    assert {**direct[0], **of_the_scrape} == {**collected[0], **of_the_scrape}


def test_values_are_the_same_when_the_bot_rests(prometheus: Prometheus):
    counted = "sum by (__name__, discord_command_name, discord_outcome, url_template, discord_event_type) "
    counted += '({{__name__=~"discord_(command|interaction|rest|gateway_events).*_(count|total)", way="{way}"}})'

    def values(way: str) -> dict[tuple[tuple[str, str], ...], float]:
        return {tuple(sorted(labels.items())): value for labels, value in prometheus.query(counted.format(way=way))}

    wait_until(lambda: values("direct") == values("collector") or None, "the same values", 15)
    assert len(values("direct")) > 20


def test_a_dashboard_finds_a_bot_by_job_and_instance(prometheus: Prometheus):
    for way in WAYS:
        found = prometheus.query(f'discord_shard_up{{job="jukebox", way="{way}"}}')
        assert [value for _, value in found] == [1]
        assert found[0][0]["instance"]


def test_types_and_help_are_the_same_and_the_unit_is_in_the_name_alone(prometheus: Prometheus):
    """The Collector's exporter writes no ``# UNIT``; nothing but the metadata API of Prometheus shows it."""
    told: dict[str, dict[str, tuple[str, str, str]]] = {}
    for one in prometheus.ask("targets/metadata"):
        told.setdefault(one["metric"], {})[one["target"]["way"]] = (one["type"], one["help"], one["unit"])
    assert len(told) > 30
    # The Python exporter makes a gauge of it that is called target_info, in OpenMetrics it is an info called target.
    assert {name for name, ways in told.items() if set(ways) != set(WAYS)} <= {"target", *DIFFERENT}
    for name, ways in told.items():
        if len(ways) == 1:
            continue
        assert ways["direct"][:2] == ways["collector"][:2], name
        assert ways["collector"][2] == ""
        assert name.endswith(ways["direct"][2])


def test_exemplars_reach_prometheus_on_both_ways(prometheus: Prometheus):
    hour = {"start": str(time.time() - 3600), "end": str(time.time() + 60)}
    found = prometheus.ask("query_exemplars", query="discord_command_duration_seconds_bucket", **hour)
    assert {one["seriesLabels"]["way"] for one in found} == set(WAYS)
    assert all(len(exemplar["labels"]["trace_id"]) == 32 for one in found for exemplar in one["exemplars"])


def test_no_rule_fails_on_either_way(prometheus: Prometheus):
    """Nor on both at once, when each series is there twice."""
    prometheus.wait_for("job:discord_commands_failed:ratio_rate5m > 0")
    groups = prometheus.ask("rules")["groups"]
    told = [rule for group in groups for rule in group["rules"]]
    assert len(told) > 40
    # Rules that are evaluated every few minutes, 2 or 5, have not been yet.
    unknown = {group["interval"] for group in groups for rule in group["rules"] if rule["health"] == "unknown"}
    assert unknown <= {120, 300}
    assert {rule["name"]: rule["lastError"] for rule in told if rule["health"] == "err"} == {}
