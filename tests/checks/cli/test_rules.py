"""``argus-otel checks rules``: the rules that are shipped, and those for other windows, which promtool accepts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rules.rulebook import ROOT, promtool
from tests.typed import Typed

Write = Callable[[str], Path]

FILE = """\
checks:
  shop: {http: http://x, slo: {availability: 99.9%, latency: {under: 800ms, share: 99%}}}
  week: {http: http://x, slo: {availability: 99%, window: 7d}}
  also: {http: http://x, slo: {latency: {under: 1s, share: 99%}, window: 7d}}
  quarter: {http: http://x, slo: {availability: 99%, window: 90d}}
  none: {http: http://x}
  off: {http: http://x, enabled: false, slo: {availability: 99%, window: 1d}}
"""


@pytest.fixture
def rules(checks: Typed, file: Write, tmp_path: Path) -> Path:
    ended = checks("rules", file(FILE))
    assert ended.code == 0
    path = tmp_path / "rules.yaml"
    path.write_text(ended.out)
    return path


def groups(path: Path) -> dict[str, list[dict[str, Any]]]:
    return {group["name"]: group["rules"] for group in yaml.safe_load(path.read_text())["groups"]}


def test_without_a_file_it_prints_the_rules_that_are_shipped(checks: Typed) -> None:
    ended = checks("rules")
    shipped = ROOT / "prometheus" / "rules" / "checks-slo.yaml"
    assert ended.code == 0
    assert ended.out == shipped.read_text(encoding="utf-8"), f"argus-otel checks rules > {shipped.relative_to(ROOT)}"


def test_promtool_accepts_them(rules: Path) -> None:
    assert promtool("check", "rules", str(rules)) == ""


def test_windows_that_are_not_shipped_have_their_rules_once(checks: Typed, file: Write, rules: Path) -> None:
    assert list(groups(rules)) == [
        "checks-slo-7d", "checks-slo-7d-budget", "checks-slo-90d", "checks-slo-90d-budget",
    ]  # fmt: skip
    assert "prometheus/rules/checks-slo.yaml has the rules for objectives over 30d" in checks("rules", file(FILE)).err


def test_windows_of_alerts_are_scaled_to_that_of_the_objective(rules: Path) -> None:
    recorded = {rule.get("record", "") for rule in groups(rules)["checks-slo-7d"]}
    # A week has 7/30 of the windows; the shortest ones are at least two minutes long.
    windows = ("2m", "7m", "14m", "28m", "1h24m", "5h36m", "16h48m")
    assert {name for name in recorded if "ratio" in name} == {
        f"argus_check:slo_bad:ratio_{window}" for window in windows
    }


def test_an_objective_over_a_week_has_its_alert(rules: Path) -> None:
    ids = 'job="checks",argus_check_name="week",argus_check_slo="availability",argus_check_slo_window="7d"'
    fired = {
        "exp_labels": {
            "severity": "critical",
            "job": "checks",
            "argus_check_name": "week",
            "argus_check_slo": "availability",
            "argus_check_slo_window": "7d",
        },
        "exp_annotations": {
            "summary": "week uses up its 7d budget of availability: 100% of the time was bad.",
            "description": "The budget is used up 14.4 times as fast as allowed over 14m or 6 times as fast as "
            "allowed over 1h24m.",
            "runbook": "docs/runbooks/checks.md#checkbudgetburnsfast",
            "dashboard": "/d/argus-check-slo?var-job=checks&var-check=week",
        },
    }
    test = {
        "rule_files": [str(rules)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": f'argus_check_slo_objective{{instance="a",{ids}}}', "values": "0.99x200"},
                    {"series": f'argus_check_slo_kept{{instance="a",{ids}}}', "values": "1x100 0x30 1x70"},
                ],
                "alert_rule_test": [
                    {"eval_time": at, "alertname": "CheckBudgetBurnsFast", "exp_alerts": alerts}
                    for at, alerts in (("100m", []), ("125m", [fired]), ("160m", []))
                ],
            }
        ],
    }
    path = rules.with_name("test.yaml")
    path.write_text(yaml.safe_dump(test))
    assert promtool("test", "rules", str(path)) == ""


def test_a_file_whose_objectives_have_the_shipped_window_needs_no_other_rules(checks: Typed, file: Write) -> None:
    ended = checks("rules", file("checks: {a: {http: 'http://x', slo: {availability: 99%}}}"))
    assert ended.code == 0
    assert yaml.safe_load(ended.out) == {"groups": []}


def test_a_file_without_objectives_has_no_rules(checks: Typed, file: Write) -> None:
    ended = checks("rules", file("checks: {a: {http: 'http://x'}}"))
    assert ended.code == 1
    assert "has an objective (slo:)" in ended.err
