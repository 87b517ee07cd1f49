"""Detectors of the program's own on real graphs."""

from __future__ import annotations

import argparse
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from argus_otel import graphs
from argus_otel.detections.detect import RULES
from argus_otel.settings import Settings
from argus_otel.sources.graphs.attributes import DETECTION
from argus_otel.sources.graphs.cli import rules as rules_command
from argus_otel.sources.graphs.settings import GraphSettings
from argus_otel.testing import Observation, observe
from benchmarks.graphs.judged_graphs import writes

from .test_evaluations import detections, in_a_row
from .test_runs import points

GIVEN: Any = {"question": "?"}


def run() -> None:
    in_a_row(search=writes(docs=["a"]), write=writes(answer="x", unknown="lost")).invoke(GIVEN)


def ids(observed: Observation) -> list[Any]:
    return [each["graph.detection.id"] for each in detections(observed)]


def test_a_detector_finds_something_like_any_rule(observed: Observation) -> None:
    seen: list[graphs.RunFacts] = []

    @graphs.detector("short_answer", layer="semantic", severity="error")
    def short_answer(run: graphs.RunFacts) -> Iterator[graphs.Finding]:
        """an answer is short"""
        seen.append(run)
        for node in run.nodes:
            if "answer" in node.written and node.written["answer"].length < 5:
                yield graphs.Finding.at(node, "answer")

    run()
    (found,) = [each for each in detections(observed) if each["graph.detection.id"] == "short_answer"]
    assert (found["graph.node.name"], found["graph.key"]) == ("write", "answer")
    assert (found["graph.detection.layer"], found["graph.detection.severity"]) == ("semantic", "error")
    names = ("graph.cause.node", "graph.detection.id", "graph.detection.severity")
    assert points(observed, "graph.detections", *names)[("write", "short_answer", "error")] == 1
    rows = [row for name, row, _ in observed.rows if name == "graph.finding"]
    assert [row["graph.node.name"] for row in rows if row["graph.detection.id"] == "short_answer"] == ["write"]
    (facts,) = seen
    assert 0 < facts.duration < 60
    assert facts.tokens == 0


def test_a_detector_may_be_registered_while_graphs_run(observed: Observation) -> None:
    run()
    graphs.detector("late")(lambda _: graphs.Finding())
    run()
    assert ids(observed).count("late") == 1


@pytest.mark.parametrize("returns", [lambda _: 1 / 0, lambda _: ["text"], lambda _: (1 / 0 for _ in "x"), lambda: None])
def test_a_detector_that_raises_leaves_the_other_rules_alone(caplog: pytest.LogCaptureFixture, returns: Any) -> None:
    graphs.detector("broken")(returns)
    graphs.detector("whole")(lambda _: graphs.Finding())
    with observe("graphs") as observed:
        run()
        run()
    assert sorted(set(ids(observed))) == ["unknown_key", "whole"]
    assert points(observed, "argus.hook.errors", "argus.hook") == {("detection broken",): 2}
    told = [record for record in caplog.records if "the detector broken failed itself" in record.getMessage()]
    assert len(told) == 1


SECRET = "sk-planted-in-an-exception"


def raises(_: graphs.RunFacts) -> None:
    raise RuntimeError(SECRET)


def yields_and_raises(run: graphs.RunFacts) -> Iterator[graphs.Finding]:
    yield graphs.Finding()
    raises(run)


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (raises, rf"RuntimeError \({Path(__file__).name}:\d+\)"),
        (yields_and_raises, rf"RuntimeError \({Path(__file__).name}:\d+\)"),
        (lambda: None, "TypeError as it was called with the facts of a run"),
        (lambda _: SECRET, "it has to return findings, not str"),
        (lambda _: 3, "it has to return findings, not int"),
    ],
)
def test_the_message_of_a_detectors_exception_is_nowhere(
    caplog: pytest.LogCaptureFixture, function: Any, reason: str
) -> None:
    caplog.set_level(logging.DEBUG)
    graphs.detector("broken")(function)
    with observe("graphs") as observed:
        run()
        assert re.fullmatch(reason, observed.telemetry.guard.faults["detection broken"])
    (record,) = [each for each in caplog.records if each.name == "argus_otel"]
    assert re.match(rf"argus-otel: the detector broken failed itself: {reason}\. The graph", record.getMessage())
    assert record.exc_info is None
    assert SECRET not in caplog.text
    assert "Traceback" not in caplog.text


def test_a_detector_can_be_ignored_and_chosen(observed: Observation) -> None:
    graphs.detector("mine")(lambda _: graphs.Finding())
    graphs.graph("judged", ignore=["mine"])
    run()
    assert ids(observed) == ["unknown_key"]
    graphs.graph("judged")
    with observe("graphs", settings={"graphs_detections": "mine"}) as chosen:
        run()
    assert ids(chosen) == ["mine"]
    with pytest.raises(ValueError, match="there is no rule mien"):
        graphs.graph("judged", ignore=["mien"])


def test_an_id_that_no_rule_has_is_warned_of_once_graphs_run(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "argus_otel")
    with observe("graphs", settings={"graphs_detections": "unknown_key,key_emty"}) as observed:
        assert caplog.records == [], "a detector may be registered yet"
        run()
        graphs.detector("late")(lambda _: graphs.Finding())
        run()
    assert ids(observed) == ["unknown_key"] * 2
    (warning,) = [record.getMessage() for record in caplog.records]
    assert "ARGUS_GRAPHS_DETECTIONS names key_emty, and there is no such rule or detector" in warning


@pytest.mark.parametrize(
    ("text", "expected"),
    [("on", None), ("OFF", ()), ("key_empty, mine", ("key_empty", "mine")), ("Wrong Id", None), (",", None)],
)
def test_the_setting(text: str, expected: object) -> None:
    assert Settings.resolve({"ARGUS_GRAPHS_DETECTIONS": text})[GraphSettings].detections == expected


def test_an_invalid_setting_names_what_is_used_instead() -> None:
    (problem,) = Settings.resolve({"ARGUS_GRAPHS_DETECTIONS": "Wrong Id"}).problems
    assert problem.startswith("ARGUS_GRAPHS_DETECTIONS is 'Wrong Id', but it has to be on, off, or ids of rules")
    assert problem.endswith("; using 'on' instead")


def test_fifty_detectors_have_series_of_their_own(observed: Observation) -> None:
    for number in range(50):
        graphs.detector(f"mine_{number}", severity="info")(lambda _: graphs.Finding())
    run()
    found = {name for (name,) in points(observed, "graph.detections", "graph.detection.id")}
    assert found == {*(f"mine_{number}" for number in range(50)), "unknown_key"}
    assert DETECTION.cardinality_limit == len(RULES) + 50, "those that are built in fit as well"


def test_the_command_lists_the_detectors_of_a_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shop_detectors.py").write_text(
        "from argus_otel import graphs\n\n"
        '@graphs.detector("no_price", severity="error")\n'
        "def no_price(run):\n"
        '    """an offer has no price\n\n    Look at the catalogue."""\n'
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    parser = argparse.ArgumentParser()
    rules_command.add_arguments(parser)
    assert rules_command.run(parser.parse_args(["--import", "shop_detectors", "no_price"])) == 0
    shown = capsys.readouterr().out
    assert "no_price (behavioural, error at most)" in shown
    assert "an offer has no price" in shown
    assert "Found by the detector shop_detectors.no_price." in shown
    assert "Look at the catalogue." in shown
    assert rules_command.run(parser.parse_args(["--format", "json"])) == 0
    assert '"no_price"' in capsys.readouterr().out
    assert rules_command.run(parser.parse_args(["--import", "no_such_module"])) == 2
    assert "--import no_such_module: No module named 'no_such_module'" in capsys.readouterr().err
    (tmp_path / "broken_detectors.py").write_text("1 / 0\n")
    assert rules_command.run(parser.parse_args(["--import", "broken_detectors"])) == 2
    assert "--import broken_detectors: ZeroDivisionError: division by zero" in capsys.readouterr().err
