"""``argus-otel graphs rules``: each rule is explained, those that compare runs too."""

from __future__ import annotations

import json

import pytest

from argus_otel.detections import cross_run, detect
from tests.typed import Typed


def test_every_rule_is_listed(graphs: Typed) -> None:
    found = json.loads(graphs("rules", "--format", "json").out)
    assert [each["rule"] for each in found] == [rule.id for rule in (*detect.RULES, *cross_run.RULES)]
    assert {"structural", "behavioural", "cross_run"} <= {each["layer"] for each in found}
    lines = graphs("rules").out.splitlines()
    assert lines[0].split() == ["rule", "layer", "at", "most", "when"]
    assert len(lines) == len(found) + 1


def test_rules_are_explained(graphs: Typed) -> None:
    ended = graphs("rules", "key_missing", "baseline_route")
    assert ended.code == 0
    first, second = ended.out.split("\n\n")
    assert first.splitlines()[0] == "key_missing (structural, error at most)"
    assert second.splitlines()[0] == "baseline_route (cross_run, warn at most)"
    for each in (first, second):
        assert [line.split()[0] for line in each.splitlines()[1:]] == ["when", "meaning", "remedy"]


def test_a_rule_that_there_is_not(graphs: Typed) -> None:
    ended = graphs("rules", "key_missing", "nonsense")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "argus-otel graphs rules: there is no rule nonsense\n"


@pytest.mark.parametrize("rule", cross_run.RULES, ids=lambda rule: rule.id)
def test_a_rule_says_what_to_do(rule: cross_run.CrossRunRule) -> None:
    assert all((rule.when, rule.meaning, rule.remedy))
    assert rule.meaning.endswith(".")
    assert rule.remedy.endswith(".")
    assert not rule.when.endswith(".")
