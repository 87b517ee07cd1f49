"""A program that runs a graph again and again: ``python -m benchmarks.graphs.memory_process NAME RUNS PARTS``.

Each run is a conversation of its own, and each tenth one fails. It prints its counts after each part, as a line of
JSON.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import Any

from langgraph.graph import START, StateGraph
from typing_extensions import TypedDict

import argus_otel
from argus_otel.runtime import runtime
from benchmarks import growth
from benchmarks.spans import Traces

from .memory import OURS, TRACED


class State(TypedDict):
    number: int
    answer: str
    source: str


def _answer(state: State) -> dict[str, Any]:
    return {} if state["number"] % 10 == 0 else {"answer": f"answer {state['number']}"}


def _route(state: State) -> str:
    return "even" if state["number"] % 2 == 0 else "odd"


def _check(state: State) -> dict[str, Any]:
    return {"source": state["answer"]}


def graph() -> Any:
    """Return the graph: two nodes, of which the second is one of two, and misses what the first has left out."""
    made: Any = StateGraph(State)
    made.add_node("answer", _answer)
    made.add_node("even", _check)
    made.add_node("odd", _check)
    made.add_edge(START, "answer")
    made.add_conditional_edges("answer", _route, ["even", "odd"])
    return made.compile(name="memory")


def main(name: str, runs: int, parts: int) -> None:
    """Run the graph; raise ``RuntimeError`` if a hook has failed."""
    observed, traces = name in (OURS, TRACED), Traces(1.0) if name == TRACED else None
    if observed:
        argus_otel.instrument(endpoint_port=0, tracer_provider=traces.provider if traces else None)
    compiled, done = graph(), 0
    for _ in range(parts):
        for _ in range(runs // parts):
            with suppress(KeyError):
                compiled.invoke({"number": done}, {"configurable": {"thread_id": f"thread {done}"}})
            done += 1
        if observed:
            growth.scrape(runtime().endpoint_url)
        if traces is not None:
            traces.exported()
        print(json.dumps({"runs": done, **growth.counted()}), flush=True)
    if observed and (faults := runtime().telemetry.guard.faults):
        raise RuntimeError(f"hooks failed, so these figures are worth nothing: {faults}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
