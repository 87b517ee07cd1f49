"""Validators and judges that authors declare: on their own thread, or as gates, and never the graph's problem."""

from __future__ import annotations

import asyncio
import copy
import functools
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, Send

from argus_otel import graphs
from argus_otel.sources.graphs.source import LangGraphSource
from argus_otel.sources.graphs.validation import WAITING
from argus_otel.testing import Observation, observe
from benchmarks.graphs.judged_graphs import Support, writes

from .test_evaluations import EVALUATION, detections, evaluates, in_a_row, results, warnings
from .test_runs import points

__all__ = ["warnings"]  # a fixture

GIVEN: Any = {"question": "?"}


def invoke(graph: Any, config: Any = None) -> Any:
    return graph.invoke(GIVEN, config)


def ainvoke(graph: Any, config: Any = None) -> Any:
    return asyncio.run(graph.ainvoke(GIVEN, config))


def invoke_on_a_loop(graph: Any, config: Any = None) -> Any:
    async def go() -> Any:
        return graph.invoke(GIVEN, config)

    return asyncio.run(go())


WAYS = pytest.mark.parametrize("way", [invoke, ainvoke, invoke_on_a_loop])


def settle(observed: Observation) -> None:
    source = observed.handle.source
    assert isinstance(source, LangGraphSource)
    assert source.settle(10)


def row() -> Any:
    return in_a_row(search=writes(docs=["a"], note="x"), write=writes(answer="soon"))


def refuses(_: str, __: Mapping[str, Any]) -> bool:
    return False


async def refuses_async(_: str, __: Mapping[str, Any]) -> bool:
    await asyncio.sleep(0)
    return False


def asserts(_: str, update: Mapping[str, Any]) -> None:
    assert not update, "what the state holds"


@WAYS
def test_a_validator_is_given_the_node_and_what_it_wrote(observed: Observation, way: Callable[..., Any]) -> None:
    seen: list[Any] = []

    def sees(node: str, update: Mapping[str, Any]) -> bool:
        seen.append((node, dict(update), threading.current_thread().name))
        return True

    graphs.graph("judged", validators={"search": sees})
    way(row())
    settle(observed)
    assert seen == [("search", {"docs": ["a"], "note": "x"}, "argus-otel graph validators")]
    assert points(observed, "graph.evaluations", *EVALUATION) == {("judged", "sees", "pass", None): 1}
    (result,) = results(observed)
    assert (result["gen_ai.evaluation.score.value"], result["graph.step"]) == (1.0, 1)
    assert detections(observed) == []
    assert "soon" not in repr(observed.events)


@WAYS
def test_a_command_is_an_update_too(observed: Observation, way: Callable[..., Any]) -> None:
    seen: list[Any] = []

    def sees(_: str, update: Mapping[str, Any]) -> None:
        seen.append(dict(update))

    graph = StateGraph(Support)
    graph.add_node("search", lambda _: Command(update={"docs": ["a"]}, goto=[Send("write", {})]))
    graph.add_node("write", writes(answer="x", unknown="lost"))  # type: ignore[arg-type]
    graph.add_edge(START, "search")
    graphs.graph("judged", validators={"search": sees, "write": sees})
    way(graph.compile(name="judged"))
    settle(observed)
    assert seen == [{"docs": ["a"]}, {"answer": "x"}]


@WAYS
@pytest.mark.parametrize("validate", [refuses, refuses_async, asserts, functools.partial(refuses)])
def test_what_a_validator_refuses_is_found(observed: Observation, way: Callable[..., Any], validate: Any) -> None:
    graphs.graph("judged", validators={"write": validate})
    assert way(row())["answer"] == "soon", "the graph goes on"
    settle(observed)
    (found,) = detections(observed)
    name = getattr(validate, "__name__", "refuses")
    assert (found["graph.detection.id"], found["graph.detection.severity"]) == ("evaluation_low", "error")
    assert (found["graph.node.name"], found["graph.step"], found["graph.key"]) == ("write", 2, name)
    assert points(observed, "graph.evaluations", *EVALUATION) == {("judged", name, "fail", None): 1}
    assert "what the state holds" not in repr((observed.events, observed.rows))


def test_what_is_found_later_is_in_history_beside_its_run(observed: Observation) -> None:
    let_go = threading.Event()

    def slowly(_: str, __: Mapping[str, Any]) -> bool:
        return not let_go.wait(10)

    graphs.graph("judged", validators={"write": slowly})
    row().invoke(GIVEN)
    assert [name for name, _, _ in observed.rows] == ["graph.run", "graph.node", "graph.node"]
    let_go.set()
    settle(observed)
    assert [name for name, _, _ in observed.rows][3:] == ["graph.evaluation", "graph.finding"]
    (run_id,) = {attributes["graph.run.id"] for _, attributes, _ in observed.rows}
    assert run_id


@pytest.mark.parametrize(
    ("returned", "evaluation"),
    [
        (0.4, (0.4, None)),
        (1, (1.0, None)),
        ((0.6, "fair"), (0.6, "fair")),
        ((True, "fine"), (1.0, "fine")),
        (True, (1.0, "pass")),
        (False, (0.0, "fail")),
    ],
)
def test_what_a_judge_may_return(observed: Observation, returned: Any, evaluation: tuple[Any, ...]) -> None:
    async def judge(_: str, __: Mapping[str, Any]) -> Any:
        return returned

    graphs.graph("judged", judges={"write": judge}, floor=0.5)
    row().invoke(GIVEN)
    settle(observed)
    (result,) = results(observed)
    assert result["gen_ai.evaluation.name"] == "judge"
    score, label = evaluation
    assert result["gen_ai.evaluation.score.value"] == score
    assert result.get("gen_ai.evaluation.score.label") == label
    assert len(detections(observed)) == (score < 0.5)


def test_a_judge_that_returns_nothing_has_no_opinion(observed: Observation) -> None:
    graphs.graph("judged", judges={"write": lambda _, __: None})
    row().invoke(GIVEN)
    settle(observed)
    assert results(observed) == []


@pytest.mark.parametrize(
    ("validate", "error"),
    [
        (lambda _, update: update["colour"], "KeyError"),
        (lambda: True, "TypeError"),
        (lambda _, __: "a text", "TypeError"),
        (lambda _, __: (1.0, ""), "TypeError"),
        (lambda _, __: (1.0, "a", "b"), "TypeError"),
        (lambda _, __: float("nan"), "ValueError"),
    ],
)
@pytest.mark.parametrize("gate", [False, True])
def test_a_validator_that_fails_itself_is_reported_once_and_never_the_graphs_problem(
    observed: Observation, warnings: Callable[[], list[str]], validate: Any, error: str, gate: bool
) -> None:
    graphs.graph("judged", validators={"write": [validate, refuses]} if not gate else {"write": validate}, gate=gate)
    for _ in range(2):
        assert row().invoke(GIVEN)["answer"] == "soon"
        settle(observed)
    found = points(observed, "graph.evaluations", *EVALUATION)
    assert found[("judged", "write", None, error)] == 2, "a lambda has the node's name"
    (warning,) = warnings()
    assert f"the validator write of the graph judged failed itself with {error} at the node write" in warning
    low = [each for each in detections(observed) if each["graph.detection.id"] == "evaluation_low"]
    assert len(low) == (0 if gate else 2), "the other validator has its say"
    assert results(observed)[0]["error.type"] == error
    assert observed.telemetry.guard.faults == {}


def test_what_waits_is_bounded_and_the_rest_is_counted(observed: Observation) -> None:
    let_go, begun = threading.Event(), threading.Event()

    def slowly(_: str, __: Mapping[str, Any]) -> bool:
        begun.set()
        return let_go.wait(10)

    graphs.graph("judged", validators={"write": slowly})
    graph = row()
    graph.invoke(GIVEN)
    assert begun.wait(10)
    for _ in range(WAITING + 7):
        graph.invoke(GIVEN)
    let_go.set()
    settle(observed)
    assert points(observed, "graph.validations.dropped", "graph.name") == {("judged",): 7}
    assert observed.value("graph.evaluations") == WAITING + 1


def test_a_graph_that_a_judge_runs_is_not_judged_itself(observed: Observation) -> None:
    graph = row()

    def judge(_: str, __: Mapping[str, Any]) -> float:
        return 1.0 if graph.invoke(GIVEN)["answer"] == "soon" else 0.0

    graphs.graph("judged", judges={"write": judge}, validators={"search": judge}, gate=True)
    graph.invoke(GIVEN)
    settle(observed)
    assert observed.value("graph.evaluations") == 2


def test_a_node_of_a_graph_in_a_node(observed: Observation) -> None:
    inner = in_a_row(search=writes(docs=["a"]))
    graph = StateGraph(Support)
    graph.add_node("find", inner)
    graph.add_edge(START, "find")
    graphs.graph("judged", validators={"search": refuses})
    graph.compile(name="outer").invoke(GIVEN)
    settle(observed)
    names = ("graph.name", "graph.cause.node", "graph.detection.id")
    assert points(observed, "graph.detections", *names) == {("outer", "search", "evaluation_low"): 1}
    (result,) = results(observed)
    assert result["graph.name"] == "judged"


def test_a_node_that_fails_is_not_validated(observed: Observation) -> None:
    def fail(_: Any) -> Any:
        raise ConnectionError

    graphs.graph("judged", validators={"write": refuses})
    with pytest.raises(ConnectionError):
        in_a_row(write=fail).invoke(GIVEN)
    settle(observed)
    assert results(observed) == []


def test_an_evaluation_in_a_validator_is_that_of_its_node_where_it_runs_in_line(observed: Observation) -> None:
    def validate(_: str, __: Mapping[str, Any]) -> None:
        graphs.evaluate("length", score=3)

    graphs.graph("judged", validators={"write": validate}, gate=True)
    row().invoke(GIVEN)
    assert {(each["gen_ai.evaluation.name"], each["graph.node.name"]) for each in results(observed)} == {
        ("length", "write"),
        ("validate", "write"),
    }


def test_the_thread_ends_with_the_source(observed: Observation) -> None:
    graphs.graph("judged", validators={"write": refuses})
    row().invoke(GIVEN)
    settle(observed)
    (thread,) = [each for each in threading.enumerate() if each.name == "argus-otel graph validators"]
    observed.handle.uninstall()
    thread.join(10)
    assert not thread.is_alive()
    row().invoke(GIVEN)
    assert observed.value("graph.evaluations") == 1


def test_the_end_of_a_process_waits_for_what_was_written_last(observed: Observation) -> None:
    begun = threading.Event()

    def slowly(_: str, __: Mapping[str, Any]) -> None:
        begun.wait(0.1)

    graphs.graph("judged", validators={"write": slowly})
    row().invoke(GIVEN)
    observed.handle.end()
    assert observed.value("graph.evaluations") == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on Windows")
def test_a_forked_child_validates_on_a_thread_of_its_own() -> None:
    program = """
import os, sys, threading
from argus_otel import graphs
from argus_otel.settings import Settings
from argus_otel.sources.graphs.source import LangGraphSource
from argus_otel.telemetry import Telemetry
from tests.graphs_source.test_evaluations import in_a_row

source = LangGraphSource(Telemetry(), Settings.resolve({}), lambda: None)
source.install()
seen, held = [], threading.Event()

def validate(node, update):
    seen.append(os.getpid())
    if os.getpid() == parent:
        held.wait(10)

parent = os.getpid()
graphs.graph("judged", validators={"write": validate})
graph = in_a_row(write=lambda _: {"answer": "x"})
for _ in range(3):
    graph.invoke({"question": "?"})
child = os.fork()
if not child:
    source.drop_in_child()
    del seen[:]
    graph.invoke({"question": "?"})
    os._exit(0 if source.settle(10) and seen == [os.getpid()] else 1)
_, status = os.waitpid(child, 0)
held.set()
sys.exit(os.waitstatus_to_exitcode(status) or (0 if source.settle(10) and len(seen) == 3 else 2))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


# -- gates


@WAYS
@pytest.mark.parametrize("validate", [refuses, refuses_async, asserts])
def test_a_gate_stops_the_graph_before_the_update_is_taken_over(
    observed: Observation, way: Callable[..., Any], validate: Any
) -> None:
    graphs.graph("judged", validators={"search": validate}, gate=True)
    graph = StateGraph(Support)
    graph.add_node("search", writes(docs=["secret"]))  # type: ignore[arg-type]
    graph.add_node("write", writes(answer="soon"))  # type: ignore[arg-type]
    graph.add_edge(START, "search")
    graph.add_edge("search", "write")
    compiled = graph.compile(name="judged", checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "t"}}
    with pytest.raises(graphs.GateFailed) as raised:
        way(compiled, config)
    error = raised.value
    assert (error.graph, error.node, error.validator) == ("judged", "search", validate.__name__)
    assert "secret" not in str(error)
    assert "docs" not in compiled.get_state(config).values
    (node,) = [span for span in observed.spans() if span.name == "invoke_node search"]
    assert node.attributes is not None
    assert node.attributes["error.type"] == "argus_otel.graphs.GateFailed"
    (found,) = [each for each in detections(observed) if each["graph.detection.id"] == "evaluation_low"]
    assert found["graph.node.name"] == "search"
    # The run that goes on begins with the node again: what was refused is not kept.
    graphs.graph("judged")
    assert compiled.invoke(None, config)["answer"] == "soon"
    assert [span.name for span in observed.spans()].count("invoke_node search") == 2


@WAYS
def test_a_gate_lets_pass_what_it_does_not_refuse(observed: Observation, way: Callable[..., Any]) -> None:
    graphs.graph("judged", validators={"search": [lambda _, __: True, lambda _, __: 0.1]}, floor=0.5, gate=True)
    assert way(row())["answer"] == "soon"
    (found,) = detections(observed)
    assert found["graph.detection.id"] == "evaluation_low", "a low score is found, and stops nothing"


def test_judges_do_not_run_in_line(observed: Observation) -> None:
    threads: list[str] = []

    def judge(_: str, __: Mapping[str, Any]) -> bool:
        threads.append(threading.current_thread().name)
        return False

    graphs.graph("judged", judges={"write": judge}, gate=True)
    assert row().invoke(GIVEN)["answer"] == "soon"
    settle(observed)
    assert threads == ["argus-otel graph validators"]


def test_a_gate_that_is_cancelled_while_it_awaits_is_no_failure(observed: Observation) -> None:
    async def go() -> None:
        begun = asyncio.Event()

        async def waits(_: str, __: Mapping[str, Any]) -> bool:
            begun.set()
            await asyncio.sleep(60)
            return True

        graphs.graph("judged", validators={"write": waits}, gate=True)
        running = asyncio.create_task(row().ainvoke(GIVEN))
        await begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(go())
    assert results(observed) == []
    (root,) = [span for span in observed.spans() if span.parent is None]
    assert root.attributes is not None
    assert root.attributes["graph.outcome"] == "cancelled"


def test_without_a_source_no_gate_stops_anything() -> None:
    graphs.graph("judged", validators={"write": refuses}, gate=True)
    assert row().invoke(GIVEN)["answer"] == "soon"


def test_a_gates_exception_can_be_pickled() -> None:
    error = copy.copy(graphs.GateFailed("g", "n", "v"))  # by the protocol of pickle
    assert (error.graph, error.node, error.validator) == ("g", "n", "v")


# -- declarations


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"validators": {"write": 3}}, TypeError, r"validators\['write'\] is a function, or a list of functions"),
        ({"judges": {"write": [print, 3]}}, TypeError, r"judges\['write'\] has something that is no function: int"),
        ({"floor": float("nan")}, ValueError, "floor is a finite number"),
        ({"floor": {"helpful": "high"}}, ValueError, "floor is a finite number"),
        ({"severity": "fatal"}, ValueError, "severity is one of info, warn, error, not 'fatal'"),
    ],
)
def test_wrong_declarations_are_told_and_change_nothing(
    observed: Observation, wrong: Any, error: type[Exception], message: str
) -> None:
    graphs.graph("judged", validators={"write": refuses})
    with pytest.raises(error, match=message):
        graphs.graph("judged", **wrong)
    row().invoke(GIVEN)
    settle(observed)
    assert observed.value("graph.evaluations") == 1


def test_a_later_declaration_replaces_an_earlier_one(observed: Observation) -> None:
    graphs.graph("judged", validators={"write": refuses})
    graphs.graph("judged")
    row().invoke(GIVEN)
    settle(observed)
    assert results(observed) == []


def test_only_the_declared_graph_is_validated(observed: Observation) -> None:
    graphs.graph("another", validators={"write": refuses}, floor=9)
    evaluates("helpful", score=0.0).invoke(GIVEN)
    settle(observed)
    assert detections(observed) == []


def test_a_validator_is_logged_nowhere_with_what_it_was_given(caplog: pytest.LogCaptureFixture) -> None:
    def quotes(_: str, update: Mapping[str, Any]) -> bool:
        raise LookupError(f"no such thing as {update['answer']}")

    graphs.graph("judged", validators={"write": quotes})
    caplog.set_level(logging.DEBUG)
    with observe("graphs") as observed:
        row().invoke(GIVEN)
        settle(observed)
    assert "quotes" in caplog.text
    assert "no such thing" not in caplog.text
    assert "soon" not in repr((observed.events, observed.rows))
