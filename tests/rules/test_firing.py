"""The rules as they are shipped, in a real Prometheus that scrapes a real bot in a simulated Discord.

Nothing in the rules is shortened. Only scrapes and evaluations come each second: so an alert that waits (``for``) is
seen to be pending, and one that does not is seen to fire.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from discord_simulator import BackgroundSimulator, RateLimited
from lab.collector import kept_environment
from lab.prometheus import Prometheus

from ..pipeline.bots import Bot
from .rulebook import ROOT, rules

CONFIG = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: jukebox
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


class TroubledBot(Bot):
    def start(self) -> TroubledBot:
        script = Path(__file__).with_name("troubled_bot.py")
        self.launch([sys.executable, "-m", "argus_otel", "run", str(script)], {**kept_environment(), **self.variables})
        self.wait_until(self._connected, "is connected")
        return self


@pytest.fixture(scope="module")
def simulator() -> Iterator[BackgroundSimulator]:
    with BackgroundSimulator(guilds=2) as running:
        yield running


@pytest.fixture(scope="module")
def bot(simulator: BackgroundSimulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TroubledBot]:
    troubled = TroubledBot(tmp_path_factory.mktemp("bot"), simulator)
    try:
        yield troubled.start()
    finally:
        troubled.kill()


@pytest.fixture(scope="module")
def prometheus(bot: TroubledBot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    config = CONFIG.format(rules=ROOT / "prometheus" / "rules" / "*.yaml", port=bot.port)
    with Prometheus.running_in(tmp_path_factory.mktemp("prometheus"), config) as server:
        server.wait_for('process_uptime_seconds{job="jukebox"}')
        yield server


def raised(prometheus: Prometheus, name: str) -> list[dict[str, Any]]:
    return [alert for alert in prometheus.ask("alerts")["alerts"] if alert["labels"]["alertname"] == name]


def test_a_task_loop_that_died_is_pending(prometheus: Prometheus, bot: TroubledBot):
    (alert,) = prometheus.wait_until(lambda: raised(prometheus, "TaskLoopDied"), "tells of the loop")
    assert alert["state"] == "pending"  # for: 6m
    assert alert["labels"] == {
        "alertname": "TaskLoopDied", "severity": "warning", "job": "jukebox",
        "instance": f"127.0.0.1:{bot.port}", "discord_task_name": "play_next",
    }  # fmt: skip
    told = alert["annotations"]["summary"]
    assert told == f"The task loop play_next of jukebox (127.0.0.1:{bot.port}) has failed and runs no more."


def test_a_bot_that_meets_the_global_limit_fires(prometheus: Prometheus, simulator: BackgroundSimulator):
    assert not raised(prometheus, "GlobalRateLimit")
    fault = simulator.faults.add(RateLimited("global", 0.05), method="GET", template="/oauth2/*")
    try:
        (alert,) = prometheus.wait_until(lambda: raised(prometheus, "GlobalRateLimit"), "tells of the limit", 60)
    finally:
        simulator.faults.remove(fault)
    assert fault.injected > 5
    assert alert["state"] == "firing"
    assert alert["labels"]["discord_ratelimit_scope"] == "global"


def test_no_rule_fails_on_what_a_bot_really_sends(prometheus: Prometheus):
    prometheus.wait_for("argus:rules:loaded")
    told = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert len(told) == len(rules())
    assert {rule["name"]: rule.get("lastError") for rule in told if rule["health"] == "err"} == {}
    # What is wrong here fires, and nothing else. (Pending may be what a start looks like for a minute.)
    all_told = prometheus.ask("alerts")["alerts"]
    assert {alert["labels"]["alertname"] for alert in all_told if alert["state"] == "firing"} == {"GlobalRateLimit"}


def test_the_endpoint_is_told_to_be_down_when_the_bot_is(prometheus: Prometheus, bot: TroubledBot):
    bot.kill()
    (alert,) = prometheus.wait_until(lambda: raised(prometheus, "EndpointDown"), "tells of the endpoint")
    assert alert["labels"]["instance"] == f"127.0.0.1:{bot.port}"
    assert alert["state"] == "pending"  # for: 5m
