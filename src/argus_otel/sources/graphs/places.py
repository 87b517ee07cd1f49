"""Where something was found or evaluated: a node of a run, which may have ended since."""

from __future__ import annotations

from typing import NamedTuple

from argus_otel.telemetry import SpanRef

from .records import Record
from .runs import CURRENT, GraphRun, NodeRun


class Place(NamedTuple):
    """A node of a run, or a run as a whole.

    Attributes
    ----------
    graph:
        The graph that the node is in.
    top:
        The graph of the run at the top.
    node, step, number:
        As a finding has them.
    span:
        That of the node, or of the run; ``None`` if it is not sampled.
    record:
        The facts of the run at the top; ``None`` if nothing is judged, or the run has ended.
    run_id, thread:
        Those of the run at the top; the id is empty while history is off.
    """

    graph: str
    top: str
    node: str
    step: int
    number: int
    span: SpanRef | None
    record: Record | None
    run_id: str
    thread: str


def place_of(work: GraphRun | NodeRun) -> Place:
    """Return the place of a node, or of a run."""
    run = work.run if isinstance(work, NodeRun) else work
    top = top_of(run)
    node, step, number = (work.kind.name, work.step, work.number) if isinstance(work, NodeRun) else ("", 0, -1)
    span = SpanRef.to(work.trace)
    return Place(run.kind.name, top.kind.name, node, step, number, span, run.record, top.id, top.thread)


def current_place() -> Place | None:
    """Return the place that the context belongs to."""
    current = CURRENT.get()
    return None if current is None else place_of(current)


def top_of(run: GraphRun) -> GraphRun:
    """Return the run at the top that a run is a part of."""
    while run.above is not None:
        run = run.above.run
    return run
