"""The plugin, in a pytest of its own: which tests it fails, and which it must not."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

GRAPHS = """
from typing import TypedDict
import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphRecursionError
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt

class State(TypedDict, total=False):
    question: str
    docs: list[str]
    answer: str
    note: str

def row(**nodes):
    graph, before = StateGraph(State), START
    for name, node in nodes.items():
        graph.add_node(name, node)
        graph.add_edge(before, name)
        before = name
    return graph.compile(name="row", checkpointer=InMemorySaver())

ASKED = {"question": "?"}
CONFIG = {"configurable": {"thread_id": "t"}}
typo = row(search=lambda _: {"doc": ["a"], "note": "x"}, write=lambda _: {"answer": "none"})
healthy = row(search=lambda _: {"docs": ["a"]}, write=lambda state: {"answer": str(len(state["docs"]))})
broken = row(search=lambda _: {"note": "x"}, write=lambda state: {"answer": state["docs"][0]})
asking = row(ask=lambda _: {"answer": interrupt("?")})
endless = StateGraph(State)
endless.add_node("poll", lambda _: {"note": "waiting"})
endless.add_edge(START, "poll")
endless.add_edge("poll", "poll")
endless = endless.compile(name="endless")
"""

TESTS = """
from app import *

def test_healthy():
    healthy.invoke(ASKED, CONFIG)

def test_interrupt():
    asking.invoke(ASKED, CONFIG)

def test_expected_exception():
    with pytest.raises(KeyError):
        broken.invoke(ASKED, CONFIG)

def test_typo():
    typo.invoke(ASKED, CONFIG)

@pytest.mark.graph_allows("unknown_key")
def test_allowed_typo():
    typo.invoke(ASKED, CONFIG)

def test_swallowed_limit():
    from app import answered
    answered()

def test_own_failure():
    assert False

def test_runs(graph_runs):
    healthy.invoke(ASKED, CONFIG)
    assert [node.node for node in graph_runs.nodes] == ["search", "write"]
    assert [run.outcome for run in graph_runs.runs] == ["ok"]
    assert not graph_runs.findings
"""

VALIDATED = """
import threading
from argus_otel import graphs
from app import *

later = threading.Event()

def slowly(node, update):
    later.wait(0.2)  # so that the run has ended before
    return "a" in update["docs"]

graphs.graph("row", validators={"search": slowly})
wrong = row(search=lambda _: {"docs": ["b"]}, write=lambda _: {"answer": "none"})

def test_right():
    healthy.invoke(ASKED, CONFIG)

def test_wrong():
    wrong.invoke(ASKED, CONFIG)

def test_right_again(graph_runs):
    healthy.invoke(ASKED, CONFIG)
    assert not graph_runs.findings
"""

ALLOWING = """
from app import *

@pytest.mark.graph_allows("unknown_kye")
def test_misspelt():
    healthy.invoke(ASKED, CONFIG)

@pytest.mark.graph_allows
def test_of_none():
    healthy.invoke(ASKED, CONFIG)

@pytest.mark.graph_allows("mine")
def test_of_a_detector():
    from argus_otel import graphs
    graphs.detector("mine", severity="error")(lambda _: graphs.Finding())
    healthy.invoke(ASKED, CONFIG)
"""

SWALLOWING = """
def answered():
    try:
        endless.invoke(ASKED, {"recursion_limit": 5})
    except GraphRecursionError:
        return "sorry"
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(app=GRAPHS + SWALLOWING, test_app=TESTS)
    return pytester


def outcomes(result: pytest.RunResult) -> dict[str, str]:
    return {
        line.split("::")[1].split()[0]: line.split()[1]
        for line in result.outlines
        if line.startswith("test_app.py::") and line.rpartition("[")[2].endswith("%]")
    }


def test_a_mark_that_allows_nothing_is_told(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(app=GRAPHS, test_app=ALLOWING)
    result = pytester.runpytest_subprocess("-v", "--argus-graphs")
    found = outcomes(result)
    assert found == {"test_misspelt": "FAILED", "test_of_none": "FAILED", "test_of_a_detector": "PASSED"}
    result.stdout.fnmatch_lines(["graph_allows names unknown_kye, and there is no such rule or detector*"])
    result.stdout.fnmatch_lines(["graph_allows needs ids of rules*"])


def test_off_unless_asked_for(suite: pytest.Pytester) -> None:
    found = outcomes(suite.runpytest_subprocess("-v"))
    assert {name for name, outcome in found.items() if outcome == "FAILED"} == {"test_own_failure"}
    assert found["test_runs"] == "SKIPPED"


def test_it_fails_what_is_silently_wrong_and_nothing_else(suite: pytest.Pytester) -> None:
    result = suite.runpytest_subprocess("-v", "--argus-graphs")
    found = outcomes(result)
    assert {name for name, outcome in found.items() if outcome == "FAILED"} == {
        "test_typo",
        "test_swallowed_limit",
        "test_own_failure",
    }
    result.stdout.fnmatch_lines(["*the graph row was silently wrong: unknown_key docs at search*"])


def test_it_can_only_warn(suite: pytest.Pytester) -> None:
    suite.makeini("[pytest]\nargus_graphs = warn")
    result = suite.runpytest_subprocess("-v")
    assert {name for name, outcome in outcomes(result).items() if outcome == "FAILED"} == {"test_own_failure"}
    result.stdout.fnmatch_lines(["*GraphFindingWarning: the graph row was silently wrong*"])


def test_it_waits_for_validators(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_app=VALIDATED)
    result = suite.runpytest_subprocess("-v", "--argus-graphs")
    assert outcomes(result) == {"test_right": "PASSED", "test_wrong": "FAILED", "test_right_again": "PASSED"}
    result.stdout.fnmatch_lines(["*the graph row was silently wrong: evaluation_low slowly at search*"])


def test_a_wrong_setting_is_told(suite: pytest.Pytester) -> None:
    suite.makeini("[pytest]\nargus_graphs = yes")
    result = suite.runpytest_subprocess()
    result.stderr.fnmatch_lines(["*argus_graphs is 'yes'; it has to be one of fail, warn, off*"])


def test_workers_of_xdist_judge_their_own_tests(suite: pytest.Pytester) -> None:
    pytest.importorskip("xdist", reason="install pytest-xdist: uv sync")
    result = suite.runpytest_subprocess("-n", "2", "--argus-graphs")
    result.assert_outcomes(passed=5, failed=3)
