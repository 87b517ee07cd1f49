"""prometheus/: its config and its rules, on a real Prometheus that scrapes a real Collector.

When the rules fire and when they do not: tests/rules/.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import yaml

from lab.collector import Collector
from lab.prometheus import Prometheus, installed
from tools.backends import ROOT

from .emitting import Program

SHIPPED = ROOT / "prometheus"


def promtool(*words: str) -> str:
    ended = subprocess.run([installed("promtool"), *words], capture_output=True, text=True, timeout=60, check=False)
    return "" if ended.returncode == 0 else ended.stdout + ended.stderr


def test_promtool_takes_the_config_and_the_rules():
    assert promtool("check", "config", str(SHIPPED / "prometheus.yaml")) == ""


def test_the_shipped_config_scrapes_bots_and_collector(collector: Collector, program: Program, tmp_path: Path):
    config = yaml.safe_load((SHIPPED / "prometheus.yaml").read_text(encoding="utf-8"))
    targets = {"bots": f"127.0.0.1:{collector.prometheus}", "collector": f"127.0.0.1:{collector.own}"}
    wanted = {"bots": ["collector:8889"], "collector": ["collector:8888"]}
    for job in config["scrape_configs"]:
        (static,) = job["static_configs"]
        assert static["targets"] == wanted[job["job_name"]]
        static["targets"] = [targets[job["job_name"]]]
    config["global"]["scrape_interval"] = "500ms"
    config["rule_files"] = [str(SHIPPED / "rules" / "*.yaml")]
    program.meter.create_counter("plays").add(3)
    program.log("one line")
    program.send()
    with Prometheus.running_in(tmp_path, yaml.safe_dump(config)) as prometheus:
        (found,) = prometheus.wait_for(f'plays_total{{job="{program.service}"}}')
        assert found[1] == 3
        assert found[0]["instance"] == f"{program.service}-1"
        prometheus.wait_for('up{job="collector"}')
        # No rule asks for what is not there. (What was never lost has no series in some releases of the Collector.)
        names = set(prometheus.ask("label/__name__/values"))
        rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
        assert len(rules) == sum(path.read_text().count("expr:") for path in (SHIPPED / "rules").glob("*.yaml"))
        asked = {
            name for rule in rules for name in re.findall(r"\b(?:up|otelcol_\w+_(?:size|capacity))\b", rule["query"])
        }
        assert asked == {"up", "otelcol_exporter_queue_size", "otelcol_exporter_queue_capacity"}
        assert asked <= names
        assert any(name.startswith("otelcol_receiver_refused_log_records") for name in names)
        assert not [rule for rule in rules if rule["health"] == "err"]
