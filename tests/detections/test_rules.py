"""Each rule finds what it is for, and keeps silent over what is healthy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from argus_otel.detections.detect import RULES, findings_of
from argus_otel.detections.facts import AnswerFacts, Promises, ToolFacts
from argus_otel.detections.findings import Severity
from argus_otel.detections.rule import Habits
from argus_otel.detections.structural import near

from .runs import Building

INFO, WARN, ERROR = Severity


def found(run: Building, habits: Habits | None = None) -> set[tuple[str, Severity, str, str]]:
    return {(each.rule, each.severity, each.node, each.key) for each in findings_of(run.run, habits or Habits())}


# -- structural


def test_a_key_that_the_state_has_not() -> None:
    run = Building()
    run.node("search", {"summary": "x"}, unknown=("extra",))
    run.node("write", {"answer": "x"}, unknown=("docss",))
    assert found(run) == {("unknown_key", WARN, "search", ""), ("unknown_key", ERROR, "write", "docs")}


def test_a_key_that_is_close_to_one_that_was_written_is_none_of_a_typo() -> None:
    run = Building()
    run.node("search", {"docs": ["x"]}, unknown=("doc",))
    assert found(run) == {("unknown_key", WARN, "search", "")}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("docs", "doc", True), ("docs", "dosc", True), ("answer", "awnser", True), ("docs", "docs", False),
     ("question", "answer", False), ("a", "b", False), ("ab", "abc", False)],
)  # fmt: skip
def test_names_that_are_close(one: str, other: str, expected: bool) -> None:
    assert near(one, other) is near(other, one) is expected


def test_a_key_that_is_declared_and_missing_or_empty() -> None:
    run = Building(Promises(reads={"write": ["docs", "summary"]}))
    run.node("search", {"summary": ""})
    run.node("write", {"answer": "x"})
    assert found(run) == {("key_missing", ERROR, "write", "docs"), ("key_empty", ERROR, "write", "summary")}


def test_an_empty_key_that_is_allowed_is_none() -> None:
    run = Building(Promises(reads={"write": ["docs"]}, allow_empty=frozenset({"docs"})))
    run.node("search", {"docs": []})
    run.node("write", {"answer": "x"})
    assert found(run) == set()


def test_an_empty_key_that_nobody_needs_is_none() -> None:
    run = Building()
    run.node("search", {"docs": [], "summary": None})
    run.node("write", {"answer": "x"})
    assert found(run) == set()


def test_a_key_that_an_exception_names() -> None:
    run = Building()
    run.node("search", {"docs": []})
    run.fails("write", "docs", "IndexError")
    (finding,) = findings_of(run.run)
    assert (finding.rule, finding.severity, finding.node, finding.key) == ("key_empty", ERROR, "write", "docs")
    assert finding.cause is not None
    assert finding.cause.node == "search"


def test_a_type_that_the_schema_does_not_allow() -> None:
    run = Building(types={"docs": frozenset({"list", "NoneType"})})
    run.node("search", {"docs": "text"})
    run.node("search", {"docs": None})
    assert found(run) == {("type_drift", ERROR, "search", "docs")}


def test_a_type_that_the_schema_converts() -> None:
    run = Building(types={"docs": frozenset({"list"})}, converts=True)
    run.node("search", {"docs": ("a",)})
    assert found(run) == {("type_drift", INFO, "search", "docs")}
    run.run.outcome = "error"  # it could not: no node began
    assert found(run) == {("type_drift", ERROR, "search", "docs")}
    run.fails("write", error_type="ConnectionError")
    assert found(run) == {("type_drift", INFO, "search", "docs")}


def test_a_reducer_that_is_given_nothing_leaves_what_is_there() -> None:
    promises = Promises(reads={"write": ["docs"]})
    for reduced, rules in ((frozenset({"docs"}), set()), (frozenset[str](), {"key_empty"})):
        run = Building(promises, reduced=reduced)
        run.node("search", {"docs": ["a"]})
        run.node("again", {"docs": []})
        run.node("write", {"answer": "x"})
        assert {rule for rule, *_ in found(run)} == rules
    run = Building(promises, reduced=frozenset({"docs"}))
    run.node("search", {"docs": []})
    run.node("write", {"answer": "x"})
    assert found(run) == {("key_empty", ERROR, "write", "docs")}


def test_a_type_that_a_node_has_never_written() -> None:
    run = Building()
    run.node("search", {"docs": "text"})
    always = Habits(types={("search", "docs"): frozenset({"list"})})
    assert found(run, always) == {("type_drift", WARN, "search", "docs")}
    either = Habits(types={("search", "docs"): frozenset({"list", "str"})})
    assert found(run, either) == set()


def test_a_state_that_is_not_valid() -> None:
    run = Building()
    run.node("search", {"docs": []})
    run.fails("write", "docs", "pydantic_core._pydantic_core.ValidationError")
    assert ("schema_violation", ERROR, "write", "docs") in found(run)


def test_a_node_that_writes_nothing() -> None:
    run = Building(Promises(must_write={"search": ["docs"]}))
    run.node("gate")
    run.node("search", {"summary": "x"})
    assert found(run) == {("no_update", INFO, "gate", ""), ("no_update", ERROR, "search", "docs")}


def test_a_graph_in_a_node_that_writes_nothing() -> None:
    run = Building()
    run.graph("inner", frozenset({"other"}))
    outer = run.node("call")
    run.node("work", {"other": 1}, graph="inner", above=outer.number, after=())
    assert ("subgraph_barren", WARN, "call", "") in found(run)


def test_a_number_that_is_not_finite() -> None:
    run = Building()
    run.node("score", {"summary": math.nan})
    assert found(run) == {("not_finite", WARN, "score", "summary")}


# -- behavioural


def test_the_limit() -> None:
    run = Building()
    run.node("work", {"answer": 1})
    run.run.outcome = "limit"
    assert found(run) == {("limit_reached", ERROR, "", "")}
    run.run.outcome, run.run.steps = "ok", 20
    assert found(run) == {("limit_near", WARN, "", "")}
    run.run.steps = 19
    assert found(run) == set()
    run.run.steps, run.run.limit = 9000, 9999  # create_agent's
    assert found(run) == set()


def test_a_tool_that_is_called_with_the_same_arguments() -> None:
    run = Building()
    for arguments in (1, 1, 2, 1, 1):
        run.node("tools", {"answer": arguments}, tools=(ToolFacts("search", arguments),))
    assert found(run) == {("tool_repeated", WARN, "tools", "search")}


def test_a_loop_without_progress() -> None:
    run = Building()
    for _ in range(3):
        run.node("poll", {"answer": "waiting"})
    assert found(run) == {("no_progress", WARN, "poll", "")}
    run.run.outcome = "limit"
    assert ("no_progress", ERROR, "poll", "") in found(run)


def test_a_loop_with_progress() -> None:
    run = Building()
    for number in range(6):
        run.node("count", {"answer": number})
    for _ in range(6):
        run.node("gate")
    assert {rule for rule, *_ in found(run)} <= {"no_update"}


def test_what_was_sent_to_several_at_once_is_no_loop() -> None:
    run = Building()
    for _ in range(4):
        run.node("work", {"answer": "same"}).step = 2
    assert found(run) == set()


def test_a_conversation_is_no_loop_without_progress() -> None:
    run = Building()
    for _ in range(4):
        run.node("model", {"answer": [object()]})
        run.node("tools", {"answer": [object()]})
    assert found(run) == set()


def test_retries() -> None:
    run = Building()
    run.node("flaky", {"answer": 1}, attempts=2)
    assert found(run) == set()
    run.node("flaky", {"answer": 2}, attempts=3)
    assert found(run) == {("retry_burst", INFO, "flaky", "")}
    run.fails("flaky", "", "TimeoutError", attempts=3)
    assert ("retry_exhausted", ERROR, "flaky", "") in found(run)


def test_tools_that_fail() -> None:
    run = Building()
    run.node("tools", {"answer": 1}, tools=(ToolFacts("search", 1, failed=True), ToolFacts("made_up", 1, known=False)))
    assert found(run) == {
        ("tool_error_passed_on", WARN, "tools", "search"),
        ("tool_unknown", WARN, "tools", ""),
    }
    run.node("tools", {"answer": 2}, tools=(ToolFacts("search", 2),))
    assert ("tool_error_passed_on", WARN, "tools", "search") not in found(run)


@pytest.mark.parametrize(
    ("answer", "agent", "expected"),
    [
        (AnswerFacts(0), True, {("answer_empty", ERROR, "model", "")}),
        (AnswerFacts(0), False, set()),
        (AnswerFacts(0, calls=1), True, set()),
        (AnswerFacts(9, finish_reason="length"), True, {("answer_cut", WARN, "model", "")}),
        (AnswerFacts(9, finish_reason="stop"), True, set()),
    ],
)
def test_the_last_answer(answer: AnswerFacts, agent: bool, expected: set[Any]) -> None:
    run = Building(agent=agent)
    run.node("model", {"answer": "x"}, answer=answer)
    assert found(run) == expected


# -- all


def test_a_rule_that_is_ignored_is_not_applied() -> None:
    run = Building(Promises(ignore=frozenset({"unknown_key"})))
    run.node("search", {"docs": ["x"]}, unknown=("extra",))
    assert found(run) == set()


def interrupted(run: Building) -> None:
    run.node("ask", {"summary": "x"})
    run.node("wait", outcome="interrupted")


def own_error(run: Building) -> None:
    run.node("search", {"docs": ["x"]})
    run.fails("write", "colour")


def recovered(run: Building) -> None:
    run.node("flaky", {"docs": ["x"]}, attempts=2)


@pytest.mark.parametrize("life", [interrupted, own_error, recovered])
def test_no_error_is_found_in_what_ends_as_it_should(life: Callable[[Building], None]) -> None:
    run = Building()
    life(run)
    assert not [each for each in findings_of(run.run) if each.severity is ERROR]


def test_rules_say_what_they_mean() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert all((rule.when, rule.meaning, rule.remedy))
