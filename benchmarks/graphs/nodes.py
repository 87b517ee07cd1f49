"""What is added to a node: of nodes in a row, of workers by ``Send``, of an agent, with little and with much state.

Each round times every variant once, in random order, in one process: the processor time of the thread that runs the
graph, without garbage collection. Workers by ``Send``, tools, and handlers of peers in async runs are on other threads:
there the processor time of all threads is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from time import process_time, thread_time

from benchmarks.pairs import BARE, CONTROL
from benchmarks.progress import Progress
from benchmarks.results import Result, compared
from benchmarks.tables import Table

from . import workloads
from .variants import OF_OURS, Stage
from .workloads import Workload

PART, AGENT = "nodes", "agent"
UNIT = "µs"
SMALL, LARGE = 1, 1000
"""Kilobytes of state."""

SIZE = "size"

PLAIN: tuple[Callable[[], Workload], ...] = (
    workloads.plain,
    partial(workloads.plain, asynchronous=True),
    workloads.workers,
    workloads.wide,
    workloads.heavy,
)
AGENTS: tuple[Callable[[], Workload], ...] = (workloads.agent, partial(workloads.agent, asynchronous=True))


def measure(on: Stage, rounds: int, progress: Progress) -> list[Table]:
    """Time nodes, and what much state adds to them."""
    return [*_each(PART, PLAIN, on, rounds, progress), *_sizes(on, rounds, progress)]


def measure_agent(on: Stage, rounds: int, progress: Progress) -> list[Table]:
    """Time an agent."""
    return _each(AGENT, AGENTS, on, rounds, progress)


def _each(
    part: str, makers: Sequence[Callable[[], Workload]], on: Stage, rounds: int, progress: Progress
) -> list[Table]:
    tables: list[Table] = []
    for make in makers:
        if progress.stopped:
            break
        workload = make()
        clock = process_time if workload.threads else thread_time
        variants = on.variants(workload.graph)
        results = on.compare(workload, workload.work, variants, rounds, progress, clock)
        if results:
            notes = ["processor time of all threads"] if workload.threads else []
            tables.append(Table(part, workload.name, workload.title, UNIT, results, notes=notes))
    return tables


def _sizes(on: Stage, rounds: int, progress: Progress) -> list[Table]:
    """Time nodes that write 1 kB, and 1 MB, in the same rounds."""
    if progress.stopped:
        return []
    small, large = workloads.handed_on(SMALL), workloads.handed_on(LARGE)
    ours = [variant for variant in on.variants(small.graph) if variant.name in (BARE, CONTROL, *OF_OURS)]
    variants = [
        *(replace(variant, subject=small) for variant in ours),
        *(replace(variant, subject=large, name=_heavy(variant.name)) for variant in ours),
    ]
    title = replace(small, title="a node that writes 1 kB, or 1 MB")

    def prepare(workload: Workload) -> workloads.Work:
        return workload.work(workload.graph)

    results = on.compare(title, prepare, variants, rounds, progress, thread_time)
    if not results:
        return []
    return [
        Table(PART, small.name, title.title, UNIT, results),
        Table(PART, SIZE, "what a node costs more with 1 MB than with 1 kB, beyond a bare one", UNIT, _more(results)),
    ]


def _heavy(name: str) -> str:
    return f"1 MB: {name}"


def _more(results: Sequence[Result]) -> list[Result]:
    """Return how much more each variant adds to a node with 1 MB than to one with 1 kB."""
    of = {result.name: result.differences for result in results}
    bare = of[_heavy(BARE)]
    samples = {
        name: [
            (heavy - heavy_bare) - light for heavy, heavy_bare, light in zip(of[_heavy(name)], bare, light, strict=True)
        ]
        for name, light in of.items()
        if _heavy(name) in of
    }
    return compared(samples, BARE)
