"""``argus-otel checks rules``: promtool accepts the rules, and they fire when an error budget burns, and only then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rules.rulebook import promtool

from .conftest import Checks

Write = Callable[[str], Path]

FILE = """\
checks:
  shop: {http: http://x, slo: {availability: 99.9%, latency: {under: 800ms, share: 99%}}}
  api: {http: http://x, slo: {availability: 99%}}
  week: {http: http://x, slo: {availability: 99%, window: 7d}}
  none: {http: http://x}
  off: {http: http://x, enabled: false, slo: {availability: 99%}}
"""


@pytest.fixture
def rules(checks: Checks, file: Write, tmp_path: Path) -> Path:
    ended = checks("rules", file(FILE))
    assert ended.code == 0
    path = tmp_path / "rules.yaml"
    path.write_text(ended.out)
    return path


def series(name: str, check: str, values: str, **labels: str) -> dict[str, str]:
    told = "".join(f',{key}="{value}"' for key, value in labels.items())
    return {"series": f'argus_check_{name}{{argus_check_name="{check}",instance="a"{told}}}', "values": values}


def promtool_test(path: Path, inputs: list[dict[str, str]], alerts: list[dict[str, Any]], budget: list[Any]) -> str:
    """Run promtool's test of rules; return the faults."""
    test = {
        "rule_files": [str(path)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": inputs,
                "alert_rule_test": alerts,
                "promql_expr_test": budget,
            }
        ],
    }
    file = path.with_name("test.yaml")
    file.write_text(yaml.safe_dump(test))
    return promtool("test", "rules", str(file))


def alert(at: str, name: str, *fired: tuple[str, str, str]) -> dict[str, Any]:
    """Expect an alert for these checks and objectives over 30 days, each with the value of its text."""
    expected: list[dict[str, Any]] = [
        {
            "exp_labels": {
                "severity": "critical",
                "argus_check_name": check,
                "argus_check_slo": slo,
                "argus_check_slo_window": "30d",
            },
            "exp_annotations": {
                "summary": f"{check} uses up its 30d budget of {slo}: {value} of the time was bad",
                "description": "The budget is used up 14.4 times as fast as allowed over 1h or 6 times as fast as "
                "allowed over 6h.",
                "runbook": "docs/runbooks/checks.md#checkbudgetburnsfast",
            },
        }
        for check, slo, value in fired
    ]
    return {"eval_time": at, "alertname": name, "exp_alerts": expected}


def test_promtool_accepts_them(rules: Path) -> None:
    assert promtool("check", "rules", str(rules)) == ""


def test_checks_without_an_objective_and_disabled_ones_have_no_rules(rules: Path) -> None:
    text = rules.read_text()
    assert "argus_check_name: shop" in text
    assert "argus_check_name: none" not in text
    assert "argus_check_name: off" not in text


def test_windows_are_scaled_to_that_of_the_objective(rules: Path) -> None:
    groups = {group["name"]: group for group in yaml.safe_load(rules.read_text())["groups"]}
    recorded = {rule.get("record") for rule in groups["checks-slo-7d"]["rules"]}
    # A week has 7/30 of the windows; the shortest ones are at least two minutes long.
    windows = ("2m", "7m", "14m", "28m", "1h24m", "5h36m", "16h48m")
    assert {name for name in recorded if name and "ratio" in name} == {
        f"argus_check:slo_bad:ratio_{window}" for window in windows
    }
    assert groups["checks-slo-30d-budget"]["interval"] == "2m"


def test_an_outage_pages_and_a_good_check_does_not(rules: Path) -> None:
    inputs = [
        series("up", "shop", "1x100 0x70 1x100"),  # 71 minutes down
        series("up", "api", "1x300"),
        series("up", "none", "0x300"),
    ]
    fast = "CheckBudgetBurnsFast"
    alerts = [
        alert("100m", fast),
        alert("165m", fast, ("shop", "availability", "100%")),
        alert("240m", fast),  # the short windows are clean again, and the longest of them is 30 minutes
    ]
    assert promtool_test(rules, inputs, alerts, []) == ""


def test_muted_time_is_left_out(rules: Path) -> None:
    inputs = [
        series("up", "shop", "1x100 0x20 1x100"),
        series("muted", "shop", "0x95 1x30 0x100", argus_check_mute_reason="maintenance"),
        series("muted", "shop", "0x300", argus_check_mute_reason="parent"),
    ]
    left = {
        "expr": 'argus_check:slo_budget_left{argus_check_name="shop"}',
        "eval_time": "200m",
        "exp_samples": [
            {
                "labels": 'argus_check:slo_budget_left{argus_check_name="shop",argus_check_slo="availability",'
                'argus_check_slo_window="30d"}',
                "value": 1,
            }
        ],
    }
    assert promtool_test(rules, inputs, [alert("119m", "CheckBudgetBurnsFast")], [left]) == ""


def test_one_location_that_succeeds_is_enough(rules: Path) -> None:
    inputs = [
        series("up", "api", "0x200"),
        {"series": 'argus_check_up{argus_check_name="api",instance="b"}', "values": "1x200"},
    ]
    assert promtool_test(rules, inputs, [alert("150m", "CheckBudgetBurnsFast")], []) == ""


def test_slow_and_failed_runs_use_up_the_budget_of_latency(rules: Path) -> None:
    fast = "CheckBudgetBurnsFast"
    up = series("up", "shop", "1x300")
    slow = [series("last_duration_seconds", "shop", "0.9x200"), series("success", "shop", "1x200")]
    quick = [series("last_duration_seconds", "shop", "0.8x200"), series("success", "shop", "1x200")]
    failed = [series("last_duration_seconds", "shop", "0.001x200"), series("success", "shop", "0x200")]
    assert promtool_test(rules, [up, *slow], [alert("100m", fast, ("shop", "latency", "100%"))], []) == ""
    assert promtool_test(rules, [up, *quick], [alert("100m", fast)], []) == ""
    assert promtool_test(rules, [up, *failed], [alert("100m", fast, ("shop", "latency", "100%"))], []) == ""


def test_a_small_loss_is_a_ticket_only(rules: Path) -> None:
    # 1 of 50 minutes is 2 %: twice the 1 % that `api` and `week` may lose.
    inputs = [series("up", check, " ".join(["0", "1x48"] * 100)) for check in ("api", "week")]
    slowly = {
        "expr": 'count by (argus_check_name) (ALERTS{alertname="CheckBudgetBurnsSlowly"})',
        "eval_time": "4600m",
        "exp_samples": [{"labels": f'{{argus_check_name="{check}"}}', "value": 1} for check in ("api", "week")],
    }
    assert promtool_test(rules, inputs, [alert("4600m", "CheckBudgetBurnsFast")], [slowly]) == ""


def test_a_file_without_objectives_has_no_rules(checks: Checks, file: Write) -> None:
    ended = checks("rules", file("checks: {a: {http: 'http://x'}}"))
    assert ended.code == 1
    assert "has an objective (slo:)" in ended.err
