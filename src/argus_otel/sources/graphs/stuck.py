"""Observed: runs that are open for too long. Signals: a metric, and the finding ``run_stuck``.

They are looked for when metrics are collected, among the work in flight: nothing runs in between.
"""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter

from argus_otel.detections.findings import Finding, Severity
from argus_otel.detections.told import RUN_STUCK
from argus_otel.telemetry import Reading, Telemetry

from . import catalogue as c
from .judging import Judge
from .places import place_of, top_of
from .runs import GraphRun, NodeRun


class StuckRuns:
    """Finds runs that are open for too long.

    Parameters
    ----------
    after:
        For how long, in seconds.
    """

    def __init__(self, telemetry: Telemetry, judge: Judge, after: float) -> None:
        self._telemetry = telemetry
        self._judge = judge
        self._after = after
        telemetry.gauge(c.RUNS_STUCK, self._read)

    def _read(self) -> Reading:
        work = tuple(self._telemetry.guard.in_flight.copy())  # in one step: other threads change it
        before = perf_counter() - self._after
        stuck = [
            run
            for run in work
            if isinstance(run, GraphRun) and run.above is None and not run.ended and run.started < before
        ]
        for run in stuck:
            if run.record is not None and not run.record.stuck:
                run.record.stuck = True
                self._report(run, _open_node(run, work))
        return [({}, len(stuck))]

    def _report(self, run: GraphRun, node: NodeRun | None) -> None:
        place = place_of(run if node is None else node)
        finding = Finding(RUN_STUCK.id, RUN_STUCK.layer, Severity.WARN, place.node, place.step, place.number)
        self._judge.add(place._replace(record=run.record), finding)


def _open_node(run: GraphRun, work: Iterable[object]) -> NodeRun | None:
    """Return the node of a run that has been open for longest, without one whose graph another open node is in."""
    nodes = [each for each in work if isinstance(each, NodeRun) and not each.ended and top_of(each.run) is run]
    above = {each.run.above for each in nodes}
    return min((each for each in nodes if each not in above), key=lambda node: node.started, default=None)
