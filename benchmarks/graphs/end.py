"""What is added to the end of a run, on the caller's thread: from the return of the last node to that of the graph.

LangGraph's own work in between is in the bare variant too. The end of the last node's hook is a part of what is added,
and so is what judges the run; in an agent the end of the last call of the model, too. What runs on other threads, as
handlers of peers do in async runs, is no part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from time import thread_time
from typing import Any

from benchmarks.pairs import Work
from benchmarks.progress import Progress
from benchmarks.tables import Table

from . import workloads
from .variants import Stage
from .workloads import CONFIG, RUNS, Counted, Workload

PART = "end"
UNIT = "µs"
END_NODES = (1, 20, 100)
"""In how many nodes in a row runs end, sync: what judges a run looks at all of them."""


class Stopwatch:
    """A clock that runs from a node's return to the end of the run: the processor time of the thread, in seconds."""

    def __init__(self) -> None:
        self._total = 0.0
        self._since = 0.0

    def __call__(self) -> float:
        return self._total

    def start(self) -> None:
        self._since = thread_time()

    def stop(self) -> None:
        self._total += thread_time() - self._since


def measure(on: Stage, rounds: int, progress: Progress) -> list[Table]:
    """Time the ends of runs."""
    tables: list[Table] = []
    watch = Stopwatch()
    for workload in _workloads(watch):
        if progress.stopped:
            break
        variants = on.variants(workload.graph)
        results = on.compare(workload, _watched(workload, watch), variants, rounds, progress, watch)
        if results:
            tables.append(Table(PART, workload.name, workload.title, UNIT, results))
    return tables


def _workloads(watch: Stopwatch) -> Iterator[Workload]:
    def last(state: Counted) -> dict[str, Any]:
        watch.start()
        return workloads.count(state)

    for nodes, asynchronous in (*((nodes, False) for nodes in END_NODES), (20, True)):
        graph = workloads.in_a_row(Counted, workloads.count, nodes=nodes, asynchronous=asynchronous, last=last)
        title = f"the end of a run of {nodes} node{'s' * (nodes > 1)}{', async' * asynchronous}"
        yield Workload(f"{nodes}{', async' * asynchronous}", title, graph, {"count": 0}, nodes, asynchronous)
    yield replace(workloads.agent(last=watch.start), title="the end of a run of an agent of 13 nodes")


def _watched(workload: Workload, watch: Stopwatch) -> Callable[[Any], Work]:
    """Return what makes the work, whose pieces are the runs."""
    given = workload.given

    def prepare(graph: Any) -> Work:
        async def run() -> int:
            for _ in range(RUNS):
                if workload.asynchronous:
                    await graph.ainvoke(given, CONFIG)
                else:
                    graph.invoke(given, CONFIG)
                watch.stop()
            return RUNS

        return run

    return prepare
