"""What a watcher of graphs does right, and has to go on doing right, each as a program."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from benchmarks.graphs.judged_graphs import NAME, Support, in_a_row, writes
from benchmarks.graphs.more_judged_graphs import Log
from benchmarks.graphs.recorders import Recorder

from .fault import NO_NODE, RETURNED, Fault, Verdict, nothing, of, outcome_of, thread
from .known import ASKED

AT_ONCE = 60


def _counting() -> Any:
    graph: Any = StateGraph(Support)
    graph.add_node("count", lambda state: {"score": state["score"] - 1})
    graph.add_edge(START, "count")
    graph.add_conditional_edges("count", lambda state: "count" if state["score"] > 0 else END, ["count", END])
    return graph.compile(name=NAME)


def at_once(recorder: Recorder) -> Verdict:
    """Sixty runs of one graph, half of them in threads. A run has one to five nodes."""
    graph = recorder.observed(_counting())

    def given(number: int) -> dict[str, Any]:
        return {"score": 1.0 + number % 5}

    with ThreadPoolExecutor(AT_ONCE // 2) as pool:
        ended = list(pool.map(lambda it: graph.invoke(given(it), thread(str(it))), range(AT_ONCE // 2)))

    async def go() -> list[Any]:
        numbers = range(AT_ONCE // 2, AT_ONCE)
        return await asyncio.gather(*(graph.ainvoke(given(it), thread(str(it))) for it in numbers))

    ended += asyncio.run(go())
    got = f"{sum(each['score'] == 0 for each in ended)} runs returned"
    it = recorder.recorded()
    if not it.runs:
        return nothing(got)
    nodes = Counter(node.run for node in it.nodes)
    mixed = Counter(nodes.values()) != dict.fromkeys(range(1, 6), AT_ONCE // 5)
    said = f"{len(it.runs)} runs" + (f", {'mixed' if mixed else 'none of them mixed'}" if nodes else f"; {NO_NODE}")
    return Verdict(len(it.runs) == AT_ONCE and not (nodes and mixed), said, got)


@contextmanager
def _full_disk() -> Iterator[None]:
    """Let every write to a file fail, as on a full disk: no file may have a byte."""
    import resource  # Windows has none

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def full_disk(recorder: Recorder) -> Verdict:
    graph = recorder.observed(in_a_row({"one": writes(note="x"), "two": writes(answer="ok")}))
    with _full_disk():
        got = outcome_of(lambda: graph.invoke(ASKED))
    it = recorder.recorded()
    if not it.text and not it.modes:
        return nothing(got)
    return Verdict(True, f"it goes on, and is {'recorded' if it.runs else 'not recorded'}", got)


def unchanged(recorder: Recorder) -> Verdict:
    failure = KeyError("docs")
    failure.__cause__ = ValueError("its cause")

    def fail(_: Any) -> dict[str, Any]:
        raise failure

    graph = recorder.observed(in_a_row({"one": writes(note="x"), "fail": fail}))
    got = RETURNED
    try:
        graph.invoke(ASKED)
    except BaseException as error:  # noqa: BLE001 - what comes is what is looked at
        notes = len(getattr(error, "__notes__", ()))
        same = error is failure and isinstance(error.__cause__, ValueError) and error.args == ("docs",)
        got = f"it raised {'the same' if same else 'another'} {type(error).__name__}; LangGraph's notes on it: {notes}"
    runs = recorder.recorded().runs
    return Verdict(runs[0].ended == "failed", runs[0].said, got) if runs else nothing(got)


def abandoned(recorder: Recorder) -> Verdict:
    stream = recorder.observed(in_a_row({"one": writes(note="x"), "two": writes(answer="ok")})).stream(ASKED)
    next(stream)
    stream.close()
    runs = recorder.recorded().runs
    return Verdict(runs[0].ended == "unfinished", runs[0].said) if runs else nothing()


def siblings(recorder: Recorder) -> Verdict:
    """Four workers that are sent to in one step, and one that is visited in three."""
    graph: Any = StateGraph(Log)
    graph.add_node("work", lambda state: {"log": [f"work {state['number']}"]})
    graph.add_node("count", lambda _: {"log": ["count"]})
    graph.add_conditional_edges(START, lambda _: [Send("work", {"number": each}) for each in range(4)], ["work"])
    graph.add_edge("work", "count")
    graph.add_conditional_edges("count", lambda state: "count" if len(state["log"]) < 7 else END, ["count", END])
    got = outcome_of(lambda: recorder.observed(graph.compile(name=NAME)).invoke({"log": []}))
    nodes = recorder.recorded().nodes
    if not nodes:
        return Verdict(None, NO_NODE, got)
    steps = {name: [node.step for node in of(nodes, name)] for name in ("work", "count")}
    right = (len(steps["work"]), len(steps["count"])) == (4, 3) and "" not in (*steps["work"], *steps["count"])
    right &= len(set(steps["work"])) == 1 and len(set(steps["count"])) == 3
    said = "; ".join(f"{name}: {len(each)} in {len(set(each) - {''})} steps" for name, each in steps.items())
    return Verdict(right, said, got)


KEPT = (
    Fault("at once", f"{AT_ONCE} runs at once, in threads and on an event loop: each has its own nodes", at_once),
    Fault("full disk", "No byte can be written to a file: the run goes on", full_disk),
    Fault("exceptions", "An exception of a node reaches the caller unchanged, with its cause", unchanged),
    Fault("abandoned", "A stream that is left: the run has neither ended well nor failed", abandoned),
    Fault("siblings", "Four workers by `Send`, and three visits of a loop: told apart by their steps", siblings),
)
