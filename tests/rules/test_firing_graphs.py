"""The rules as they are shipped, in a real Prometheus that scrapes a real program of agent graphs that fails a lot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.prometheus import Prometheus
from lab.receptionist.receptionist import INSTANCE, SERVICE, Receptionist

from .rulebook import ROOT

CONFIG = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: {job}
    static_configs: [{{targets: ["127.0.0.1:{port}"], labels: {{instance: {instance}}}}}]
"""

FIRE = {
    "GraphRunsFail": {"graph_name": "answer"},
    "GraphLimitReached": {"graph_name": "answer"},
    "GraphDetectsErrors": {"graph_name": "answer", "graph_detection_id": "key_missing"},
    "ToolCallsFail": {"gen_ai_tool_name": "archive"},
}
"""What is wrong in each round of visits, and with what. The other alerts wait for longer, or for more failures."""


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    directory = tmp_path_factory.mktemp("graphs")
    program = Receptionist(directory)
    rules = ROOT / "prometheus" / "rules" / "*.yaml"
    config = CONFIG.format(rules=rules, job=SERVICE, port=program.port, instance=INSTANCE)
    try:
        program.start()
        with Prometheus.running_in(directory / "prometheus", config) as server:
            server.wait_for(f'process_uptime_seconds{{job="{SERVICE}"}}')
            yield server
    finally:
        program.kill()


def firing(prometheus: Prometheus) -> dict[str, list[dict[str, str]]]:
    """Return the labels of the alerts that fire, by name."""
    found: dict[str, list[dict[str, str]]] = {}
    for alert in prometheus.ask("alerts")["alerts"]:
        if alert["state"] == "firing":
            found.setdefault(alert["labels"]["alertname"], []).append(alert["labels"])
    return found


@pytest.mark.parametrize("name", FIRE)
def test_an_alert_fires_with_what_it_is_about(prometheus: Prometheus, name: str):
    wanted = {"job": SERVICE, **FIRE[name]}
    prometheus.wait_until(
        lambda: any(wanted.items() <= labels.items() for labels in firing(prometheus).get(name, [])),
        f"fires {name}",
        60,
    )


def test_nothing_else_fires_and_no_rule_fails(prometheus: Prometheus):
    prometheus.wait_until(lambda: FIRE.keys() <= firing(prometheus).keys(), "fires all of it", 60)
    assert firing(prometheus).keys() == FIRE.keys()
    told = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"]: rule.get("lastError") for rule in told if rule["health"] == "err"} == {}
