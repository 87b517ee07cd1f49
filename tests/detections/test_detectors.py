"""Detectors of the program's own: their registration, and what becomes of what they return."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from argus_otel.detections import detectors
from argus_otel.detections.detect import RULES, findings_of
from argus_otel.detections.detectors import DetectorError, detector, rules
from argus_otel.detections.facts import Promises, RunFacts
from argus_otel.detections.findings import Finding, Layer, Severity

from .runs import Building


@pytest.fixture(autouse=True)
def none_is_registered() -> Iterator[None]:
    yield
    detectors.forget()


def one_node(promises: Promises | None = None) -> Building:
    run = Building(promises)
    run.node("search", {"docs": ["a"]})
    return run


def test_a_detector_is_a_rule() -> None:
    @detector("no_sources", layer="structural", severity="error")
    def no_sources(run: RunFacts) -> Finding:
        """an answer has no sources

        Ask for them in
        the prompt.
        """
        return Finding.at(run.nodes[0], "docs")

    rule = rules()[-1]
    assert (rule.id, rule.layer, rule.severity, rule.when, rule.remedy) == (
        "no_sources",
        Layer.STRUCTURAL,
        Severity.ERROR,
        "an answer has no sources",
        "Ask for them in the prompt.",
    )
    assert rule.meaning.endswith("test_detectors.test_a_detector_is_a_rule.<locals>.no_sources.")
    assert findings_of(one_node().run, rules=rules()) == [
        Finding("no_sources", Layer.STRUCTURAL, Severity.ERROR, "search", 1, 0, "docs")
    ]
    assert findings_of(one_node(Promises(ignore=frozenset({"no_sources"}))).run, rules=rules()) == []


@pytest.mark.parametrize(
    ("returned", "count"),
    [(None, 0), (Finding(), 1), ([], 0), ([Finding(), Finding(key="x")], 2), ((Finding() for _ in range(3)), 3)],
)
def test_what_a_detector_may_return(returned: Any, count: int) -> None:
    detector("counts")(lambda _: returned)
    assert [each.rule for each in findings_of(one_node().run, rules=rules())] == ["counts"] * count


def test_a_finding_is_at_most_as_severe_as_its_detector() -> None:
    severities = {each: Finding(severity=each) for each in Severity}
    detector("mild", severity=Severity.WARN)(lambda _: severities.values())
    found = findings_of(one_node().run, rules=rules())
    assert [each.severity for each in found] == [Severity.WARN, Severity.WARN, Severity.INFO]


def test_something_else_than_findings_is_an_error_of_the_detector() -> None:
    detector("texts")(lambda _: ["a text"])
    with pytest.raises(DetectorError, match="it has to return findings, not str"):
        findings_of(one_node().run, rules=rules())


@pytest.mark.parametrize("wrong", ["", "Upper", "a b", "1st", "x" * 51, "é", 3, None, "a\n"])
def test_an_id_that_is_not_well_formed(wrong: Any) -> None:
    with pytest.raises(ValueError, match="the id of a detector is made of a to z"):
        detector(wrong)
    assert rules() is RULES


def test_an_id_that_is_in_use() -> None:
    with pytest.raises(ValueError, match="there is a rule key_empty already: it is built in"):
        detector("key_empty")(lambda _: None)

    @detector("mine")
    def mine(_: RunFacts) -> None: ...

    def other(_: RunFacts) -> None: ...

    with pytest.raises(ValueError, match=r"there is a rule mine already: Found by the detector .*mine\."):
        detector("mine")(other)
    assert len(rules()) == len(RULES) + 1


def test_a_cell_of_a_notebook_may_run_again() -> None:
    def cell(answer: str) -> None:
        @detector("mine")
        def mine(_: RunFacts) -> Finding:
            return Finding(key=answer)

        assert callable(mine)

    cell("old")
    cell("new")
    assert [each.key for each in findings_of(one_node().run, rules=rules())] == ["new"]


def test_wrong_calls_are_told() -> None:
    with pytest.raises(ValueError, match="severity is one of info, warn, error, not 'fatal'"):
        detector("mine", severity="fatal")
    with pytest.raises(ValueError, match="layer is one of structural, behavioural, semantic, cross_run, not 'x'"):
        detector("mine", layer="x")
    nameless: Any = lambda _: None  # noqa: E731
    with pytest.raises(TypeError, match=r"@detector needs an id, such as @detector\('no_sources'\)"):
        detector(nameless)
    no_function: Any = "text"
    with pytest.raises(TypeError, match="the detector mine is a str, and no function"):
        detector("mine")(no_function)
