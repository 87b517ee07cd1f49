"""What the program says of its own nodes' work: counted, and an event in the span of the node."""

from __future__ import annotations

import asyncio
import logging
import math
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from langgraph.graph import START, StateGraph

from argus_otel import graphs
from argus_otel.testing import Observation, observe
from benchmarks.graphs.judged_graphs import Support

from .test_runs import points

EVALUATION = ("graph.name", "gen_ai.evaluation.name", "gen_ai.evaluation.score.label", "error.type")


def evaluates(*args: Any, **kwargs: Any) -> Any:
    def write(_: Any) -> Any:
        graphs.evaluate(*args, **kwargs)
        return {"answer": "x"}

    return in_a_row(write=write)


def in_a_row(**nodes: Any) -> Any:
    graph, before = StateGraph(Support), START
    for each, node in nodes.items():
        graph.add_node(each, node)
        graph.add_edge(before, each)
        before = each
    return graph.compile(name="judged")


def results(observed: Observation) -> list[dict[str, Any]]:
    return [attributes for name, attributes in observed.events if name == "gen_ai.evaluation.result"]


def detections(observed: Observation) -> list[dict[str, Any]]:
    return [attributes for name, attributes in observed.events if name == "graph.detection"]


@pytest.fixture
def spans_of_events(observed: Observation) -> list[tuple[str, Any]]:
    """The event and the id of its span, of each event from now on."""
    seen: list[tuple[str, Any]] = []
    observed.telemetry.add_event_sink(
        lambda event, _, span: seen.append((event.name, None if span is None else span.span_id))
    )
    return seen


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.WARNING, "argus_otel")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "argus_otel"]


def test_an_evaluation_is_an_event_of_its_node_and_counted(
    observed: Observation, spans_of_events: list[tuple[str, Any]]
) -> None:
    evaluates("grounded", score=0.8, label="good", explanation="It names its sources.").invoke({"question": "?"})
    assert results(observed) == [
        {
            "graph.name": "judged",
            "graph.node.name": "write",
            "graph.step": 1,
            "gen_ai.evaluation.name": "grounded",
            "gen_ai.evaluation.score.value": 0.8,
            "gen_ai.evaluation.score.label": "good",
        }
    ], "without the explanation, which is content"
    assert points(observed, "graph.evaluations", *EVALUATION) == {("judged", "grounded", "good", None): 1}
    spans = {span.context.span_id: span.name for span in observed.spans()}
    assert [spans[span] for name, span in spans_of_events if name.startswith("gen_ai")] == ["invoke_node write"]


def test_an_explanation_leaves_the_process_if_content_is_asked_for() -> None:
    with observe("graphs", settings={"graphs_capture_content": True}) as observed:
        evaluates("grounded", score=1, explanation="It names its sources." + "x" * 9000).invoke({"question": "?"})
    (result,) = results(observed)
    assert result["gen_ai.evaluation.explanation"].startswith("It names its sources.")
    assert len(result["gen_ai.evaluation.explanation"]) == 2000


def test_work_that_a_node_has_started_evaluates_it_after_its_end(
    observed: Observation, spans_of_events: list[tuple[str, Any]]
) -> None:
    async def go() -> None:
        ended = asyncio.Event()
        tasks: list[asyncio.Task[None]] = []

        async def later() -> None:
            await ended.wait()
            graphs.evaluate("helpful", score=1.0)

        async def write(_: Any) -> Any:
            tasks.append(asyncio.create_task(later()))
            return {"answer": "x"}

        await in_a_row(write=write).ainvoke({"question": "?"})
        ended.set()
        await tasks[0]

    asyncio.run(go())
    assert [result["graph.node.name"] for result in results(observed)] == ["write"]
    spans = {span.context.span_id: span.name for span in observed.spans()}
    assert [spans[span] for name, span in spans_of_events if name.startswith("gen_ai")] == ["invoke_node write"]


def test_outside_of_a_run_an_evaluation_is_only_counted(observed: Observation) -> None:
    graphs.evaluate("helpful", score=1.0, label="yes")
    assert results(observed) == []
    assert points(observed, "graph.evaluations", *EVALUATION) == {(None, "helpful", "yes", None): 1}


@pytest.mark.parametrize(
    ("score", "expected"), [(1, 1.0), (True, 1.0), (-3, -3.0), (Fraction(1, 4), 0.25), (2**70, float(2**70))]
)
def test_scores_of_any_class_of_numbers(observed: Observation, score: Any, expected: float) -> None:
    evaluates("helpful", score=score).invoke({"question": "?"})
    (result,) = results(observed)
    assert result["gen_ai.evaluation.score.value"] == expected
    assert type(result["gen_ai.evaluation.score.value"]) is float


class Raising(float):
    def __float__(self) -> float:
        raise RuntimeError("a score that cannot be read")


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"score": math.nan}, "the score is a finite number, and this one is nan"),
        ({"score": -math.inf}, "the score is a finite number, and this one is -inf"),
        ({"score": "a secret"}, "the score is a finite number, and this one is of the class str"),
        ({"score": 10**400}, "the score is a finite number, and this one is of the class int"),
        ({"score": 1j}, "the score is a finite number, and this one is of the class complex"),
        ({"score": Raising(1)}, "the score is a finite number, and this one is of the class Raising"),
        ({}, "give a score, a label, or both"),
        ({"label": ""}, "the label is a text of 1 to 100 characters"),
        ({"label": "x" * 101}, "the label is a text of 1 to 100 characters"),
        ({"label": 3}, "the label is a text of 1 to 100 characters"),
    ],
)
def test_a_wrong_call_never_stops_the_graph_and_is_warned_of_once(
    observed: Observation, warnings: Callable[[], list[str]], given: dict[str, Any], problem: str
) -> None:
    graph = evaluates("helpful", **given)
    for _ in range(2):
        assert graph.invoke({"question": "?"})["answer"] == "x"
    assert warnings() == [f"argus-otel: graphs.evaluate('helpful'): {problem}. Nothing is recorded. (Reported once.)"]
    assert results(observed) == []
    assert "graph.evaluations" not in observed.points()


@pytest.mark.parametrize("name", ["", "x" * 101, None, 3])
def test_a_wrong_name_is_not_shown(observed: Observation, warnings: Callable[[], list[str]], name: Any) -> None:
    graphs.evaluate(name, score=1.0)
    (warning,) = warnings()
    assert f"graphs.evaluate('<{type(name).__name__}>'): the name is a text of 1 to 100 characters" in warning
    assert "graph.evaluations" not in observed.points()


def test_warnings_are_bounded(observed: Observation, warnings: Callable[[], list[str]]) -> None:
    for number in range(300):
        graphs.evaluate(f"name {number}", score=math.nan)
    assert len(warnings()) == 100
    assert observed.telemetry.guard.faults == {}


def test_names_and_labels_are_bounded(observed: Observation) -> None:
    for number in range(300):
        graphs.evaluate(f"name {number}", label=f"label {number}")
    found = points(observed, "graph.evaluations", *EVALUATION)
    assert {len({key[place] for key in found}) for place in (1,)} == {101}
    assert len({key[2] for key in found}) == 21
    assert sum(found.values()) == 300


def test_a_name_that_cannot_be_encoded_is_exported_in_another_form(observed: Observation) -> None:
    evaluates("surrogate \ud800", score=1.0, label="\udfff").invoke({"question": "?"})
    (result,) = results(observed)
    assert str(result["gen_ai.evaluation.name"]).encode()
    assert str(result["gen_ai.evaluation.score.label"]).encode()


# -- floors


def test_a_score_under_the_floor_is_found(observed: Observation) -> None:
    graphs.graph("judged", floor={"helpful": 0.5})
    for score in (0.4, 0.5):
        evaluates("helpful", score=score).invoke({"question": "?"})
    evaluates("other", score=-9.0).invoke({"question": "?"})
    evaluates("helpful", label="bad").invoke({"question": "?"})
    (found,) = detections(observed)
    assert (found["graph.detection.id"], found["graph.detection.severity"]) == ("evaluation_low", "error")
    assert (found["graph.node.name"], found["graph.key"]) == ("write", "helpful")
    assert found["graph.detection.layer"] == "semantic"
    names = ("graph.name", "graph.cause.node", "graph.detection.id", "graph.detection.severity")
    assert points(observed, "graph.detections", *names) == {("judged", "write", "evaluation_low", "error"): 1}


def test_one_floor_for_all_and_a_severity(observed: Observation) -> None:
    graphs.graph("judged", floor=0, severity="warn")
    evaluates("helpful", score=-0.1).invoke({"question": "?"})
    (found,) = detections(observed)
    assert found["graph.detection.severity"] == "warn"


def test_a_rule_that_is_ignored_or_not_chosen_finds_nothing(observed: Observation) -> None:
    graphs.graph("judged", floor=1, ignore=["evaluation_low"])
    evaluates("helpful", score=0.1).invoke({"question": "?"})
    assert detections(observed) == []
    assert len(results(observed)) == 1


@pytest.mark.parametrize("chosen", ["off", "key_empty"])
def test_without_the_rule_evaluations_are_recorded_all_the_same(chosen: str) -> None:
    graphs.graph("judged", floor=1)
    with observe("graphs", settings={"graphs_detections": chosen}) as observed:
        evaluates("helpful", score=0.1).invoke({"question": "?"})
    assert detections(observed) == []
    assert len(results(observed)) == 1


def test_what_is_found_while_a_run_is_open_is_on_its_span_and_in_its_rows_once(observed: Observation) -> None:
    graphs.graph("judged", floor=1)
    evaluates("helpful", score=0.1).invoke({"question": "?"})
    (root,) = [span for span in observed.spans() if span.parent is None]
    assert root.attributes is not None
    assert root.attributes["graph.detections"] == ("evaluation_low",)
    rows = [row["graph.detection.id"] for name, row, _ in observed.rows if name == "graph.finding"]
    assert rows == ["evaluation_low"]


def test_a_node_that_evaluates_without_end_fills_no_memory(observed: Observation) -> None:
    graphs.graph("judged", floor=1)

    def write(_: Any) -> Any:
        for _ in range(300):
            graphs.evaluate("helpful", score=0.0)
        return {"answer": "x"}

    in_a_row(write=write).invoke({"question": "?"})
    assert observed.value("graph.evaluations") == observed.value("graph.detections") == 300
    assert len([name for name, _, _ in observed.rows if name == "graph.finding"]) == 100


# -- off


def test_where_nothing_is_observed_any_more_nothing_happens(warnings: Callable[[], list[str]]) -> None:
    with observe("graphs") as observed:
        graphs.evaluate("helpful", score=1.0)
    evaluates("helpful", score=math.nan).invoke({"question": "?"})
    assert warnings() == []
    assert observed.value("graph.evaluations") == 1


def test_a_source_that_is_installed_again_records_once(observed: Observation) -> None:
    for _ in range(2):
        observed.handle.install()
        graphs.evaluate("helpful", score=1.0)
    assert observed.value("graph.evaluations") == 2
    observed.handle.uninstall()
    observed.handle.install()
    graphs.evaluate("helpful", score=1.0)
    assert observed.value("graph.evaluations") == 3


def test_the_public_module_imports_neither_langgraph_nor_opentelemetry() -> None:
    program = """
import sys
from argus_otel import graphs
graphs.graph("support", validators={"write": print}, floor=0.5)
graphs.evaluate("helpful", score=1.0)
@graphs.detector("mine")
def mine(run): ...
print(*[name for name in sys.modules if name.split(".")[0] in ("langgraph", "langchain_core", "opentelemetry")])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
