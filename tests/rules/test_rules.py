"""prometheus/rules/: promtool accepts the rules, and each alert fires when it should and only then."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import promql_parser as promql
import pytest

from tools import grafana_alerts
from tools.grafana.model import shipped

from .rulebook import (
    ROOT,
    RULES,
    TESTS,
    Labels,
    UnknownNameError,
    alerts,
    anchor,
    cases,
    complete,
    emitted,
    names,
    promtool,
    read,
    rules,
)

RUNBOOKS = ROOT / "docs" / "runbooks"
BY_SOURCE = grafana_alerts.by_source()
QUIET = [path for path in TESTS if path.name.startswith("quiet")]
COLLECTOR = ROOT / "prometheus" / "rules" / "argus-collector.yaml"


@cache
def learnt() -> Labels:
    """Return the labels of all series that are emitted or recorded."""
    labels = Labels(emitted())
    for rule in rules():
        if "record" in rule:
            labels.learn(rule)
    return labels


def test_promtool_accepts_them():
    assert promtool("check", "rules", *map(str, RULES)) == ""


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_they_fire_when_they_should_and_not_when_they_should_not(path: Path, tmp_path: Path):
    assert promtool("test", "rules", str(complete(path, tmp_path))) == ""


def test_each_alert_is_tested_both_ways():
    fires = {name for name, _, fired in cases() if fired}
    rests = {name for name, _, fired in cases() if not fired}
    assert fires == rests == set(alerts())


def test_nothing_fires_when_a_program_is_idle_fails_once_starts_or_is_deployed():
    """These tests have each metric that an alert of theirs looks at, so that none is quiet for want of it."""
    covered = {(path.parent / file).resolve() for path in QUIET for file in read(path)["rule_files"]}
    assert {path for path in RULES if any("alert" in rule for rule in rules(path))} == covered | {COLLECTOR}


@pytest.mark.parametrize("path", QUIET, ids=lambda path: path.name)
def test_a_quiet_life_has_each_metric_that_an_alert_looks_at(path: Path):
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    quiet = read(path)
    looked_at = names(rule["expr"] for file in quiet["rule_files"] for rule in rules((path.parent / file).resolve()))
    assert [test["name"].partition(":")[0] for test in quiet["tests"]] == [
        "idle", "single failure", "start-up", "deploy", "deploy",
    ]  # fmt: skip
    for test in quiet["tests"]:
        given = names(series["series"] for series in test["input_series"])
        assert given == looked_at - recorded
        assert all(case["expr"] == 'ALERTS{alertstate="firing"}' for case in test["promql_expr_test"])
        assert not any(case["exp_samples"] for case in test["promql_expr_test"])


def test_each_recording_is_tested():
    asked = " ".join(
        test["expr"] for path in TESTS for one in read(path)["tests"] for test in one.get("promql_expr_test", ())
    )
    for name in (rule["record"] for rule in rules() if "record" in rule):
        assert name in asked


@pytest.mark.parametrize("name", [rule.get("alert", rule.get("record")) for rule in rules()])
def test_each_metric_and_label_is_there(name: str):
    labels = learnt()
    for rule in rules():
        if name in (rule.get("alert"), rule.get("record")):
            labels.of(promql.parse(rule["expr"]))


@pytest.mark.parametrize(
    ("expression", "wrong"),
    [
        ("sum by (job) (rate(discord_comand_duration_seconds_count[5m]))", "discord_comand_duration_seconds_count"),
        ('rate(discord_command_duration_seconds_count{discord_result="error"}[5m])', "discord_result"),
        ("sum by (job, discord_shard_id) (rate(discord_command_duration_seconds_count[5m]))", "discord_shard_id"),
        ("up == 0 and on (job, discord_shard_id) discord_shard_up", "discord_shard_id"),
        ("sum by (instance) (job:discord_commands:rate5m)", "instance"),
    ],
)
def test_a_renamed_metric_or_label_would_be_found(expression: str, wrong: str):
    with pytest.raises(UnknownNameError, match=wrong):
        learnt().of(promql.parse(expression))


@pytest.mark.parametrize("name", list(alerts()))
def test_each_alert_says_what_is_wrong_how_bad_it_is_and_what_to_do(name: str):
    rule = alerts()[name]
    assert rule["labels"]["severity"] in ("warning", "critical")
    told = rule["annotations"]
    assert set(told) == {"summary", "description", "runbook", "dashboard"}
    assert "{{" not in told["description"]  # the tests need not repeat it
    (source,) = (source for source, paths in BY_SOURCE.items() if any(rule in rules(path) for path in paths))
    assert told["runbook"] == f"docs/runbooks/{source}.md#{name.lower()}"
    # A summary and a link name only labels that the alert has.
    has = learnt().of(promql.parse(rule["expr"]))
    assert set(re.findall(r"\$labels\.(\w+)", told["summary"] + told["dashboard"])) <= has


@pytest.mark.parametrize("name", list(alerts()))
def test_each_alert_links_to_a_dashboard_that_its_runbook_names_and_chooses_its_process_there(name: str):
    link = re.fullmatch(r"/d/(argus-[a-z-]+)(?:\?var-(\w+)=\{\{ \$labels\.job \| urlquery \}\}"
                        r"(?:&var-(\w+)=\{\{ \$labels\.\w+ \| urlquery \}\})?)?",
                        alerts()[name]["annotations"]["dashboard"])  # fmt: skip
    assert link
    (shown,) = (dashboard for dashboard in shipped() if dashboard.uid == link[1])
    assert set(link.groups()[1:]) - {None} <= {variable["name"] for variable in shown.variables}
    page, _, section = alerts()[name]["annotations"]["runbook"].partition("#")
    text = re.split(r"^### ", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    (about,) = (one for one in text if anchor(one.splitlines()[0]) == section)
    assert link[1] in re.findall(r"`(argus-[a-z-]+)`", about)


@pytest.mark.parametrize("source", BY_SOURCE)
def test_each_alert_has_its_runbook_and_each_runbook_its_alert(source: str):
    text = (RUNBOOKS / f"{source}.md").read_text(encoding="utf-8")
    headings = re.findall(r"^### (.*)$", text, re.MULTILINE)
    provisioned = [rule["title"] for group in grafana_alerts.document(source)["groups"] for rule in group["rules"]]
    assert sorted(map(anchor, headings)) == sorted(name.lower() for name in provisioned)
    for section in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        for part in ("**Users**", "**Look**", "**Causes**", "**Do**", "**Threshold**"):
            assert part in section, section.splitlines()[0]
    # They send people to dashboards that exist.
    assert set(re.findall(r"`(argus-[a-z-]+)`", text)) <= {dashboard.uid for dashboard in shipped()}


def test_the_index_of_runbooks_leads_to_those_of_each_source_and_to_its_rules():
    index = (RUNBOOKS / "README.md").read_text(encoding="utf-8")
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == {*BY_SOURCE, "README"}
    for source, paths in BY_SOURCE.items():
        (row,) = (line for line in index.splitlines() if line.startswith(f"| [{source}.md]({source}.md) |"))
        assert all(f"](../../prometheus/rules/{path.name})" in row for path in paths)
