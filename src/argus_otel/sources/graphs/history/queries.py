"""Queries on the history of agent graphs, as a typed Python API.

Common parameters: ``graph`` is a graph's name, or empty for all. ``since`` and ``until`` limit the range, ``until``
excluded, in whole hours of UTC; ``None`` is open. ``service`` is the program's ``service.name``, or empty for all.
Failures are a :class:`~argus_otel.history.store.errors.StoreError` whose message says what to do. Every value is bound
by the engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from argus_otel.history.store.buckets import percentile
from argus_otel.history.store.query import Queries, QueryContext
from argus_otel.history.store.time_range import QueryError, time_range

from . import FINDING, NODE, RUN
from .differences import differences
from .drift import drifts, measured
from .results import Difference, Drift, Finding, NodeRun, NodeSummary, Run, RunDetail

Moment = datetime | date | None

_ID = re.compile(r"[0-9a-f-]{4,36}")


class History(Queries):
    """The history of agent graphs in one store. Made by :meth:`open`."""

    def runs(
        self,
        graph: str = "",
        *,
        outcome: str = "",
        thread: str = "",
        found: bool = False,
        limit: int = 100,
        since: Moment = None,
        until: Moment = None,
        service: str = "",
    ) -> list[Run]:
        """Return runs, the latest first.

        Parameters
        ----------
        outcome:
            Only runs that ended so.
        thread:
            Only runs of this thread.
        found:
            Only runs in which a rule found something, but for ``info``.
        """
        context = _asked(
            graph, since, until, service, outcome=outcome, thread=thread, found=int(found), limit=limit, run=""
        )
        return [_run(row) for row in self._rows("runs", context)]

    def run(self, run: str | UUID) -> RunDetail:
        """Return a run with its nodes and findings.

        Parameters
        ----------
        run:
            Its id, or the first letters of it, at least four.

        Raises
        ------
        QueryError
            There is no such run, or there are several.
        """
        prefix = str(run).lower()
        if not _ID.fullmatch(prefix):
            raise QueryError(f"{str(run)!r} is not the id of a run, nor the first four letters of one or more")
        context = _asked("", None, None, "", outcome="", thread="", found=0, limit=2, run=prefix)
        found = [_run(row) for row in self._rows("runs", context)]
        if not found:
            raise QueryError(f"there is no run {run}")
        if len(found) > 1:
            raise QueryError(f"there are several runs whose id begins with {run}; give more letters of it")
        of_run = _asked("", None, None, "", id=str(found[0].id))
        nodes = tuple(_node(row) for row in self._rows("nodes", of_run))
        return RunDetail(found[0], nodes, tuple(self._select(Finding, "findings_of_run", of_run)))

    def findings(
        self,
        graph: str = "",
        *,
        rule: str = "",
        severity: str = "",
        limit: int = 100,
        since: Moment = None,
        until: Moment = None,
        service: str = "",
    ) -> list[Finding]:
        """Return what rules have found, the latest first.

        Parameters
        ----------
        severity:
            ``error`` for errors alone, ``warn`` for warnings too; empty for all.
        """
        at_least = {"": ["info", "warn", "error"], "info": ["info", "warn", "error"], "warn": ["warn", "error"],
                    "error": ["error"]}.get(severity)  # fmt: skip
        if at_least is None:
            raise QueryError(f"{severity!r} is no severity; the severities are info, warn and error")
        context = _asked(graph, since, until, service, rule=rule, severities=at_least, limit=limit)
        return self._select(Finding, "findings", context)

    def nodes(
        self, graph: str = "", *, since: Moment = None, until: Moment = None, service: str = ""
    ) -> list[NodeSummary]:
        """Return how the nodes of graphs did, those that took longest in all first."""
        rows = self._rows("node_summaries", _asked(graph, since, until, service))
        runs = {name: count for name, node, count, *_ in rows if not node}
        results: list[NodeSummary] = []
        for name, node, count, failed, buckets, longest, _ in rows:
            if node:
                visits = count / runs[name] if runs.get(name) else None
                p50, p95 = (percentile(buckets, level, longest) for level in (0.5, 0.95))
                results.append(NodeSummary(name, node, count, failed, visits, p50, p95, longest))
        return results

    def difference(self, one: str | UUID, other: str | UUID) -> list[Difference]:
        """Return in what two runs of a graph differ: outcome, visits of nodes, keys, types, durations."""
        return differences(self.run(one), self.run(other))

    def baseline(
        self,
        graph: str,
        *,
        recent: int = 20,
        earlier: int = 200,
        since: Moment = None,
        until: Moment = None,
        service: str = "",
    ) -> list[Drift]:
        """Return in what the last runs of a graph differ from healthy ones before them.

        Parameters
        ----------
        recent:
            How many runs are looked at.
        earlier:
            With how many healthy ones before these they are compared.

        Raises
        ------
        QueryError
            There are too few runs to compare.
        """
        context = _asked(graph, since, until, service, recent=recent, earlier=earlier)
        rows = self._rows("baseline", context)
        then, now = measured(rows, recent=False), measured(rows, recent=True)
        if not then.runs or not now.runs:
            raise QueryError(
                f"there are {now.runs} runs of {graph!r} and {then.runs} healthy ones before them: too few to compare"
            )
        return drifts(graph, then, now)


def _asked(graph: str, since: Moment, until: Moment, service: str, **values: object) -> QueryContext:
    words = {
        "run": RUN,
        "node": NODE,
        "finding": FINDING,
        "within": "time >= toDateTime({since:UInt32}, 'UTC') and time < toDateTime({until:UInt32}, 'UTC')"
        " and ({graph:String} = '' or graph = {graph:String})"
        " and ({service:String} = '' or service = {service:String})",
    }
    bound = {"graph": graph, "service": service, **values}
    return QueryContext(__package__ or "", time_range(since, until), words, bound)


def _run(row: tuple[Any, ...]) -> Run:
    values = list(row)
    values[-2] = values[-2].strip("\0")  # of a fixed length in the store
    return Run(*values)


def _node(row: tuple[Any, ...]) -> NodeRun:
    number, graph, node, step, outcome, error, duration, attempts, after, above, routes, keys, types, lengths, tools = (
        row
    )
    written = {key: (kind, length) for key, kind, length in zip(keys, types, lengths, strict=True)}
    return NodeRun(
        number, graph, node, step, outcome, error, duration, attempts, _tuple(after), above, _tuple(routes), written,
        _tuple(tools),
    )  # fmt: skip


def _tuple(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(values)
