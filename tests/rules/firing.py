"""A real Prometheus that scrapes a program of the lab, with the rules as they are shipped, and the alerts that fire."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.observed import ObservedProgram
from lab.prometheus import Prometheus

from .rulebook import ROOT

_CONFIG = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: {job}
    static_configs: [{{targets: ["127.0.0.1:{port}"], labels: {{instance: {job}-0}}}}]
"""


@contextmanager
def watched(program: ObservedProgram, service: str, directory: Path) -> Iterator[Prometheus]:
    """Start a program and a Prometheus that scrapes it; yield the latter."""
    rules = ROOT / "prometheus" / "rules" / "*.yaml"
    config = _CONFIG.format(rules=rules, job=service, port=program.port)
    try:
        program.start()
        with Prometheus.running_in(directory / "prometheus", config) as server:
            server.wait_for(f'process_uptime_seconds{{job="{service}"}}')
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


def assert_fires(prometheus: Prometheus, name: str, labels: dict[str, str]) -> None:
    """Wait until an alert fires with some labels."""
    prometheus.wait_until(
        lambda: any(labels.items() <= each.items() for each in firing(prometheus).get(name, [])), f"fires {name}", 60
    )


def assert_nothing_else_fires(prometheus: Prometheus, names: set[str]) -> None:
    """Wait until all of some alerts fire; no other does, and no rule fails."""
    prometheus.wait_until(lambda: names <= firing(prometheus).keys(), "fires all of it", 60)
    assert firing(prometheus).keys() == names
    told = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"]: rule.get("lastError") for rule in told if rule["health"] == "err"} == {}
