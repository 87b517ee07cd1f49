"""The shipped rules run in vmalert, on a VictoriaMetrics."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.built import built
from lab.victoriametrics import VictoriaMetrics
from lab.vmalert import VMAlert
from tools.backends import ROOT

from ..rules.rulebook import alerts, rules

ENDED = 'job="jukebox",instance="jukebox-1"'


@pytest.fixture
def store(tmp_path: Path) -> Iterator[VictoriaMetrics]:
    for name in ("victoriametrics", "vmalert"):
        built(name)
    with VictoriaMetrics.running_in(tmp_path / "store", "scrape_configs: []") as running:
        yield running


def ruler(directory: Path, store: VictoriaMetrics, rules: str) -> VMAlert:
    return VMAlert(directory, store, rules, options=["-evaluationInterval=1s", "-rule.evalDelay=0s"])


def test_it_takes_every_rule_and_tells_of_an_endpoint_that_does_not_answer(tmp_path: Path, store: VictoriaMetrics):
    page = f'up{{{ENDED}}} 0\nargus_process_info{{{ENDED},discord_library_name="discord.py"}} 1\n'
    urllib.request.urlopen(f"{store.url}/api/v1/import/prometheus", page.encode(), timeout=10).close()
    running = ruler(tmp_path / "vmalert", store, str(ROOT / "prometheus" / "rules" / "*.yaml"))
    try:
        running.start()

        def evaluated() -> bool:
            groups = [one for one in running.ask("rules")["groups"] if one["interval"] == 1]  # some have their own
            evaluations = [rule["lastEvaluation"] for group in groups for rule in group["rules"]]
            return len(evaluations) > 50 and not any(at.startswith("0001") for at in evaluations)

        running.wait_until(evaluated, "has evaluated the rules")
        found = [rule for group in running.ask("rules")["groups"] for rule in group["rules"]]
        assert [(rule["name"], rule["lastError"]) for rule in found if rule["health"] != "ok"] == []
        assert sorted(rule["name"] for rule in found) == sorted(
            rule.get("alert", rule.get("record")) for rule in rules()
        )
        pending = running.wait_until(lambda: running.ask("alerts")["alerts"], "has an alert")
    finally:
        running.kill()
    (alert,) = pending
    assert (alert["name"], alert["state"]) == ("EndpointDown", "pending")
    assert alert["labels"]["instance"] == "jukebox-1"
    assert alert["annotations"]["summary"] == "The endpoint of jukebox (jukebox-1) has not answered for five minutes."
    assert alert["annotations"]["dashboard"] == "/d/argus-runtime?var-job=jukebox"
    assert alert["annotations"].keys() == alerts()["EndpointDown"]["annotations"].keys()


def test_it_does_not_start_with_a_rule_that_is_wrong(tmp_path: Path, store: VictoriaMetrics):
    broken = tmp_path / "broken.yaml"
    broken.write_text("groups: [{name: broken, rules: [{alert: Broken, expr: 'summ(up)'}]}]", encoding="utf-8")
    running = ruler(tmp_path / "vmalert", store, str(broken))
    try:
        with pytest.raises(AssertionError, match="summ"):
            running.start()
    finally:
        running.kill()
