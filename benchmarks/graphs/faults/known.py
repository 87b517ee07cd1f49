"""The faults that were found in a watcher of graphs, each as a program."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypedDict
from xml.etree import ElementTree

from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphRecursionError
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt

from benchmarks.graphs.judged_graphs import BROKEN, HEALTHY, NAME, Declared, Support, in_a_row, writes
from benchmarks.graphs.more_judged_graphs import loop, retries, without_end
from benchmarks.graphs.recorders import Recorded, Recorder, Run

from .fault import NO_NODE, RETURNED, Fault, Verdict, nothing, of, outcome_of, thread, words

ROOT = Path(__file__).parents[3]
ASKED: Mapping[str, Any] = {"question": "where is my parcel?"}


class Odd(TypedDict, total=False):
    value: Any


def _cycle() -> Any:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


def _deep() -> Any:
    value: list[Any] = []
    for _ in range(3000):
        value = [value]
    return value


ODD: Mapping[str, Callable[[], Any]] = {
    "ints as keys": lambda: {1: "a"},
    "tuples as keys": lambda: {(1, 2): "a"},
    "a cycle": _cycle,
    "3000 levels": _deep,
    "a lone surrogate": lambda: "\ud800",
}


def odd_values(recorder: Recorder) -> Verdict:
    got: dict[str, list[str]] = {}
    for name, make in ODD.items():
        value = make()
        nodes = {"one": lambda _, value=value: {"value": value}, "two": lambda state: {"value": state["value"]}}
        graph = recorder.observed(in_a_row(nodes, Odd))
        outcome = outcome_of(partial(graph.invoke, {"value": None}))
        if outcome != RETURNED:
            got.setdefault(outcome, []).append(name)
    recorded = recorder.recorded()
    said = f"{len(recorded.runs)} of {len(ODD)} runs recorded"
    outcomes = "; ".join(f"{outcome} for {', '.join(names)}" for outcome, names in got.items())
    return Verdict(len(recorded.runs) == len(ODD), said, outcomes or RETURNED)


def _asking() -> Any:
    graph: Any = StateGraph(Support)
    graph.add_node("prepare", writes(note="x"))
    graph.add_node("ask", lambda _: {"answer": interrupt("may I?")})
    graph.add_edge(START, "prepare")
    graph.add_edge("prepare", "ask")
    return graph.compile(name=NAME, checkpointer=InMemorySaver())


def interrupted(recorder: Recorder) -> Verdict:
    graph, config = recorder.observed(_asking()), thread("asked")
    graph.invoke(ASKED, config)
    got = f"it returned {graph.invoke(Command(resume='yes'), config)['answer']}"
    runs = recorder.recorded().runs
    if len(runs) != 2:
        return Verdict(False, f"{len(runs)} runs recorded", got) if runs else nothing(got)
    how = _linked(*runs)
    said = f"{runs[0].said}, then {runs[1].said}; {how or 'not linked'}"
    return Verdict(runs[0].ended != "failed" and runs[1].ended == "ok" and bool(how), said, got)


def _linked(first: Run, second: Run) -> str:
    if first.id in second.linked:
        return "linked"
    return "of one conversation" if first.thread and first.thread == second.thread else ""


def recovered(recorder: Recorder) -> Verdict:
    graph = recorder.observed(retries(2)())
    got = outcome_of(partial(graph.invoke, ASKED))
    it = recorder.recorded()
    if not it.nodes:
        return Verdict(None, f"{it.runs[0].said}; {NO_NODE}", got) if it.runs else nothing(got)
    nodes = of(it.nodes, "search")
    right = len(nodes) == 1 and nodes[0].ended == it.runs[0].ended == "ok"
    return Verdict(right, f"{it.runs[0].said}, its node: {words(nodes)}", got)


def limit(recorder: Recorder) -> Verdict:
    got = answered(recorder.observed(without_end(counts)()))
    runs = recorder.recorded().runs
    return Verdict(runs[0].ended == "failed", runs[0].said, got) if runs else nothing(got)


def counts(state: Any) -> dict[str, Any]:
    return {"score": state.get("score", 0.0) + 1}


def answered(graph: Any) -> str:
    """Answer all the same where a graph comes to no end."""
    with suppress(GraphRecursionError):
        graph.invoke(ASKED, {"recursion_limit": 6})
        return RETURNED
    return "it swallowed the limit"


def _waiting(began: asyncio.Event) -> Any:
    async def wait(_: Any) -> dict[str, Any]:
        began.set()
        await asyncio.Event().wait()
        return {}

    graph: Any = StateGraph(Support)
    graph.add_node("wait", wait)
    graph.add_edge(START, "wait")
    return graph.compile(name=NAME)


def _ended_early(it: Recorded, got: str) -> Verdict:
    """Judge a run whose only node came to no end."""
    if not it.runs:
        return nothing(got)
    nodes = of(it.nodes, "wait")
    passed = it.runs[0].ended == "ok" or any(node.ended == "ok" for node in nodes)
    seen = f", its node: {words(nodes)}" if nodes else f"; {NO_NODE}"
    return Verdict(not passed, f"{it.runs[0].said}{seen}", got)


def cancelled(recorder: Recorder) -> Verdict:
    async def go() -> str:
        began = asyncio.Event()
        running = asyncio.ensure_future(recorder.observed(_waiting(began)).ainvoke(ASKED))
        await began.wait()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        return "it was cancelled" if running.cancelled() else "it went on"

    got = asyncio.run(go())
    return _ended_early(recorder.recorded(), got)


def timed_out(recorder: Recorder) -> Verdict:
    async def go() -> str:
        graph = _waiting(asyncio.Event())
        graph.step_timeout = 0.2
        try:
            await recorder.observed(graph).ainvoke(ASKED)
        except (TimeoutError, asyncio.TimeoutError):  # two classes before Python 3.11
            return "it raised TimeoutError"
        return RETURNED

    got = asyncio.run(go())
    return _ended_early(recorder.recorded(), got)


def called_inside(recorder: Recorder) -> Verdict:
    inner = in_a_row({"find": writes(docs=["a"]), "rank": writes(score=1.0)}, name="inner")
    nodes = {"prepare": writes(note="x"), "call": lambda _: {"docs": inner.invoke(ASKED)["docs"]}}
    got = outcome_of(lambda: recorder.observed(in_a_row(nodes)).invoke(ASKED))
    paths = [node.path for node in recorder.recorded().nodes]
    if not paths:
        return Verdict(None, NO_NODE, got)
    expected = (["prepare"], ["call"], ["call", "find"], ["call", "rank"])
    right = sorted(map(_once, paths)) == sorted(expected)
    return Verdict(right, ", ".join(" / ".join(path) for path in sorted(map(_once, paths))), got)


def _once(path: Any) -> list[str]:
    """Return a path without a name that follows itself."""
    return [name for place, name in enumerate(path) if not place or path[place - 1] != name]


def _searches(wrong: int, right: int) -> Any:
    """Return a graph that searches again and again, and first stores so many errors in the place of documents."""
    found = iter(["Error: connection refused"] * wrong + [["a"]] * right)
    visits = iter([True] * (wrong + right - 1) + [False])
    return loop(lambda _: {"docs": next(found)}, lambda _: next(visits), "search")


def visits(recorder: Recorder) -> Verdict:
    """Four visits of a loop that are right; and three, of which the first two are wrong as one visit alone is."""
    got, recorded = [], []
    for wrong, right in ((0, 4), (1, 0), (2, 1)):
        graph = recorder.observed(_searches(wrong, right))
        got.append(outcome_of(partial(graph.invoke, ASKED)))
        recorded.append(recorder.recorded())
    healthy, once, twice = recorded
    nodes = of(healthy.nodes, "search")
    if not nodes:
        return Verdict(None, NO_NODE, got[0])
    said = f"four that are right: {words(nodes)}"
    if once.level:
        said += f"; found in one that is wrong: {once.level}, in two of three: {twice.level}"
    plain = len(nodes) == 4 and {node.said for node in nodes} <= {"ok", "OK", "pass"}
    return Verdict(plain and once.level == twice.level, said, "; ".join(dict.fromkeys(got)))


def seventeen(recorder: Recorder) -> Verdict:
    """The graphs of fault 7; the benchmark's part ``detections`` has each of them."""
    levels: dict[bool, list[list[str]]] = {}
    for declares in (False, True):
        levels[declares] = []
        for graphs in (HEALTHY, BROKEN):
            found: list[str] = []
            for graph in graphs:
                watched = recorder.observed(graph.build(), graph.declared if declares else Declared())
                with suppress(Exception):
                    graph.run(watched)
                found.append(recorder.recorded().level)
            levels[declares].append(found)
    if not any(levels[False][0]):
        return Verdict(None, "it finds nothing ever")
    said = [
        f"{how} declarations: error in {healthy.count('error')} of {len(healthy)} healthy, "
        f"nothing in {sum(level in ('none', 'info') for level in broken)} of {len(broken)} broken"
        for how, (healthy, broken) in (("without", levels[False]), ("with", levels[True]))
    ]
    right = not any("error" in healthy for healthy, _ in levels.values())
    return Verdict(right and "none" not in levels[True][1], "; ".join(said))


TESTS = """
import pytest
from benchmarks.graphs.faults import known
from benchmarks.graphs.more_judged_graphs import retries, without_end
from benchmarks.graphs.judged_graphs import in_a_row, writes, answers_from

def test_interrupt():
    known._asking().invoke(known.ASKED, known.thread("asked"))

def test_recovered_retry():
    retries(2)().invoke(known.ASKED)

def test_expected_exception():
    with pytest.raises(KeyError):
        in_a_row({"search": writes(note="x"), "write": answers_from("docs")}).invoke(known.ASKED)

def test_swallowed_limit():
    known.answered(without_end(known.counts)())
"""


def gate(recorder: Recorder) -> Verdict:
    if recorder.gate is None:
        return Verdict(None, "it has no gate")
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "test_graphs.py"
        file.write_text(TESTS, encoding="utf-8")
        report = file.with_suffix(".xml")
        words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *recorder.gate, str(file)]
        variables = {**os.environ, "PYTHONPATH": str(ROOT)}
        ran = subprocess.run(
            [sys.executable, *words], cwd=directory, env=variables, capture_output=True, text=True, check=False
        )
        if not report.exists():
            raise RuntimeError(f"pytest has ended: {ran.stdout[-1000:]}{ran.stderr[-1000:]}")
        cases = list(ElementTree.parse(report).iter("testcase"))
    failed = [case.attrib["name"].removeprefix("test_") for case in cases if len(case)]
    return Verdict(failed == ["swallowed_limit"] and len(cases) == 4, f"fails: {', '.join(failed) or 'none'}")


SECRETS = {
    "state": "secret of the state",
    "prompt": "secret of the prompt",
    "answer": "secret of the answer",
    "a tool's argument": "secret of the argument",
    "a tool's result": "secret of the result",
    "an exception's message": "secret of the exception",
}


class Thing:
    """An object in the state, whose methods do something."""

    called: list[str]

    def __init__(self) -> None:
        self.called = []

    def dict(self) -> Any:
        self.called.append("dict()")
        return {}

    def model_dump(self, **_: Any) -> Any:
        self.called.append("model_dump()")
        return {}

    def __str__(self) -> str:
        self.called.append("str()")
        return "a thing"

    def __repr__(self) -> str:
        self.called.append("repr()")
        return "a thing"


def secrets(recorder: Recorder) -> Verdict:
    thing = Thing()

    @tool
    def look_up(what: str) -> str:
        """Look something up."""
        return SECRETS["a tool's result"]

    def ask(_: Any) -> dict[str, Any]:
        model = GenericFakeChatModel(messages=iter([AIMessage(SECRETS["answer"])]))
        model.invoke(SECRETS["prompt"])
        look_up.invoke({"what": SECRETS["a tool's argument"]})
        return {"value": [SECRETS["state"], thing]}

    def fail(_: Any) -> dict[str, Any]:
        raise ValueError(SECRETS["an exception's message"])

    graph = recorder.observed(in_a_row({"ask": ask, "fail": fail}, Odd))
    got = outcome_of(lambda: graph.invoke({"value": None}))
    called = sorted(set(thing.called))
    it = recorder.recorded()
    told = [name for name, secret in SECRETS.items() if secret in it.text]
    said = f"told: {', '.join(told) or 'nothing of it'}"
    open_to_all = [mode for mode in it.modes if int(mode, 8) & 0o044]
    said += f"; of the object's own methods it calls {', '.join(called)}" if called else ""
    said += f"; files of mode {', '.join(sorted(set(it.modes)))}" if it.modes else ""
    return Verdict(not told and not called and not open_to_all, said, got) if it.text else nothing(got)


RUNS = 10
LONG = "x" * 60_000 + "end"


def left_behind(recorder: Recorder) -> Verdict:
    graph = in_a_row({"read": writes(note=LONG), "write": writes(answer="ok")})
    whole = Declared(validators={"read": lambda _, update: update["note"].endswith("end")})
    watched = recorder.observed(graph, whole)
    for _ in range(RUNS):
        watched.invoke(ASKED)
    it = recorder.recorded()
    if not it.text:
        return nothing()
    said = f"{len(it.modes)} files are left" + (f", {len(it.text.encode()) // 1000} kB" if it.modes else "")
    if it.level:
        said += f"; a validator is given {'all of it' if it.level != 'error' else 'a part of it'}"
    return Verdict(not it.modes and it.level != "error", said)


FAULTS = (
    Fault(
        "1", "Ints or tuples as keys, a cycle, 3000 levels, a lone surrogate in the state: the run goes on", odd_values
    ),
    Fault("2", "`interrupt()`, and the run that resumes it: neither has failed, and the two are linked", interrupted),
    Fault("3", "A node that fails twice and succeeds by its `RetryPolicy`: one node, which is ok", recovered),
    Fault("4 limit", "The recursion limit is reached, and the caller swallows it: a failed run", limit),
    Fault("4 cancelled", "A node on an event loop is cancelled: neither it nor the run has ended well", cancelled),
    Fault("4 timed out", "A node exceeds `step_timeout`: neither it nor the run has ended well", timed_out),
    Fault("5", "A node calls a compiled graph in its body: a node, and the inner ones in it", called_inside),
    Fault("6", "Visits of a loop: each is a node as any other, and what is wrong with the first ones is found", visits),
    Fault("7", "9 healthy graphs, 8 broken ones: no error in the healthy; with declarations, all broken", seventeen),
    Fault("8", "A gate in pytest: of four tests, the one whose program swallows a recursion limit fails", gate),
    Fault("9", "Prompts, answers, state, arguments, results, messages: not told, unless asked for", secrets),
    Fault("10", f"{RUNS} runs with 60 kB of state: nothing is left on disk, and nothing is cut", left_behind),
)
