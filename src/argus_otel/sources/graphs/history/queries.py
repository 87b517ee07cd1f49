"""Queries on the history of agent graphs, as a typed Python API.

Common parameters: ``graph`` is a graph's name, or empty for all. ``since`` and ``until`` limit the range, ``until``
excluded, in whole hours of UTC; ``None`` is open. ``service`` is the program's ``service.name``, or empty for all.
Failures are a :class:`~argus_otel.history.store.errors.StoreError` whose message says what to do. Every value is bound
by the engine.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from argus_otel.detections.cross_run import FEWEST, Behaviour, Drift, drifts
from argus_otel.history.store import buckets
from argus_otel.history.store.errors import NotFoundError
from argus_otel.history.store.query import Queries, QueryContext
from argus_otel.history.store.time_range import QueryError, one_of, time_range

from . import EVALUATION, FINDING, NODE, RUN
from .baselines import behaviour
from .differences import differences
from .results import (
    CauseSummary,
    Difference,
    EvaluationSummary,
    NodeRun,
    NodeSummary,
    RecordedEvaluation,
    RecordedFinding,
    Run,
    RunDetail,
)

Moment = datetime | date | None

_ID = re.compile(r"[0-9a-f-]{1,36}")
_SEVERITIES = ("info", "warn", "error")

_EVERY_RUN: dict[str, object] = {
    "outcome": "",
    "thread": "",
    "found": 0,
    "healthy": 0,
    "id": "",
    "without": list[str](),
}

_SLACK = timedelta(hours=2)
"""How long after its end rows of a run are looked for: its findings are recorded then, and evaluations maybe later."""


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
        asked = _asked(graph, since, until, service)
        return self._runs(asked, outcome=outcome, thread=thread, found=int(found), limit=limit)

    def run(self, run: str) -> RunDetail:
        """Return a run with its nodes, findings and evaluations.

        Parameters
        ----------
        run:
            Its id, or the first letters of it.

        Raises
        ------
        NotFoundError
            There is no such run.
        QueryError
            The text is no beginning of an id, or there are several such runs.
        """
        prefix = run.lower()
        if not _ID.fullmatch(prefix):
            raise QueryError(f"{run!r} is not the id of a run, nor its first letters, such as 5f0c7c52")
        found = self._runs(_asked(), id=prefix, limit=2)
        if not found:
            raise NotFoundError(f"there is no run {run}; argus-otel graphs runs lists them")
        if len(found) > 1:
            raise QueryError(f"there are several runs whose id begins with {run}; give more letters of it")
        [known] = found
        asked = _asked_of_runs(found, id=known.id)
        nodes = tuple(_node(row) for row in self._rows("nodes", asked))
        findings = self._findings("findings_of_run", asked)
        evaluations = self._evaluations("evaluations_of_run", asked)
        return RunDetail(known, nodes, tuple(findings), tuple(evaluations))

    def findings(
        self,
        graph: str = "",
        *,
        rule: str = "",
        severity: str = "info",
        limit: int = 100,
        since: Moment = None,
        until: Moment = None,
        service: str = "",
    ) -> list[RecordedFinding]:
        """Return what rules have found, the latest first.

        Parameters
        ----------
        rule:
            Only what this rule has found.
        severity:
            At least: ``error`` for errors alone, ``warn`` for warnings too, ``info`` for all.
        """
        severities = _at_least(severity)
        asked = _asked(graph, since, until, service, rule=rule, severities=severities, limit=limit)
        return self._findings("findings", asked)

    def causes(
        self,
        graph: str = "",
        *,
        rule: str = "",
        severity: str = "info",
        limit: int = 100,
        since: Moment = None,
        until: Moment = None,
        service: str = "",
    ) -> list[CauseSummary]:
        """Return the nodes that caused what rules have found, those that caused most first.

        Parameters
        ----------
        rule, severity:
            As for :meth:`findings`.
        """
        severities = _at_least(severity)
        asked = _asked(graph, since, until, service, rule=rule, severities=severities, limit=limit)
        return self._select(CauseSummary, "causes", asked)

    def evaluations(
        self,
        graph: str = "",
        *,
        name: str = "",
        limit: int = 100,
        since: Moment = None,
        until: Moment = None,
        service: str = "",
    ) -> list[RecordedEvaluation]:
        """Return evaluations by validators, judges and the program, the latest first.

        Parameters
        ----------
        name:
            Only evaluations of this name.
        """
        return self._evaluations("evaluations", _asked(graph, since, until, service, name=name, limit=limit))

    def scores(
        self, graph: str = "", *, name: str = "", since: Moment = None, until: Moment = None, service: str = ""
    ) -> list[EvaluationSummary]:
        """Return how the nodes of graphs were evaluated, by graph, node and name; kept for years."""
        asked = _asked(graph, since, until, service, name=name)
        return self._select(EvaluationSummary, "scores", asked)

    def nodes(
        self, graph: str = "", *, since: Moment = None, until: Moment = None, service: str = ""
    ) -> list[NodeSummary]:
        """Return how the nodes of graphs did, those that took longest in all first."""
        rows = self._rows("node_summaries", _asked(graph, since, until, service))
        runs = {name: count for name, node, count, *_ in rows if not node}
        results: list[NodeSummary] = []
        for name, node, count, failed, durations, longest, _ in rows:
            if node:
                visits = count / runs[name] if runs.get(name) else None
                p50, p95 = (buckets.percentile(durations, level, longest) for level in (0.5, 0.95))
                results.append(NodeSummary(name, node, count, failed, visits, p50, p95, longest))
        return results

    def difference(self, one: str, other: str) -> list[Difference]:
        """Return in what two runs of a graph differ: outcome, visits of nodes, keys, classes, durations.

        Raises as :meth:`run` does.
        """
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

        A healthy run ended well, and no rule has found an error in it.

        Parameters
        ----------
        recent:
            How many runs are looked at.
        earlier:
            With how many healthy ones before these they are compared.

        Raises
        ------
        NotFoundError
            There are too few runs to compare.
        """
        asked = _asked(graph, since, until, service)
        now = self._runs(asked, limit=recent)
        ids = [run.id for run in now]
        then = self._runs(asked, limit=earlier, healthy=1, without=ids)
        if len(then) < FEWEST:
            raise NotFoundError(
                f"too few runs of {graph!r} to compare: before the last {len(now)}, history has {len(then)} healthy "
                f"ones, and {FEWEST} are needed"
            )
        errors = [error for (error,) in self._rows("known_errors", _with(asked, without=ids))]
        return drifts(self._behaviour(graph, then, errors), self._behaviour(graph, now))

    def _behaviour(self, graph: str, runs: Sequence[Run], errors: Sequence[str] = ()) -> Behaviour:
        asked = _asked_of_runs(runs, ids=[run.id for run in runs])
        visits, keys, routes = (self._rows(each, asked) for each in ("node_behaviour", "node_keys", "node_routes"))
        return behaviour(graph, runs, visits, keys, routes, errors)

    def _runs(self, asked: QueryContext, **values: object) -> list[Run]:
        return self._select(Run, "runs", _with(asked, **{**_EVERY_RUN, **values}))

    def _findings(self, query: str, asked: QueryContext) -> list[RecordedFinding]:
        return self._select(RecordedFinding, query, asked, columns=asked.sql("finding_columns"))

    def _evaluations(self, query: str, asked: QueryContext) -> list[RecordedEvaluation]:
        return self._select(RecordedEvaluation, query, asked, columns=asked.sql("evaluation_columns"))


def _asked(
    graph: str = "", since: Moment = None, until: Moment = None, service: str = "", **values: object
) -> QueryContext:
    within = (
        "time >= toDateTime({since:UInt32}, 'UTC') and time < toDateTime({until:UInt32}, 'UTC')"
        " and ({graph:String} = '' or graph = {graph:String})"
        " and ({service:String} = '' or service = {service:String})"
    )
    words = {
        "run": RUN,
        "node": NODE,
        "finding": FINDING,
        "evaluation": EVALUATION,
        "within": within,
        "of_runs": f"event = '{NODE}' and outcome = 'ok' and {within} and toString(run_id) in {{ids:Array(String)}}",
        "durations": buckets.MEASURE,
    }
    bound = {"graph": graph, "service": service, **values}
    return QueryContext(__package__ or "", time_range(since, until), words, bound)


def _asked_of_runs(runs: Sequence[Run], **values: object) -> QueryContext:
    """Return the context of a query on the rows of some runs, at least one."""
    begin = min(run.begin for run in runs)
    end = max(run.begin + timedelta(seconds=run.duration) for run in runs)
    return _asked("", begin, end + _SLACK, "", **values)


def _with(asked: QueryContext, **values: object) -> QueryContext:
    return replace(asked, values={**asked.values, **values})


def _at_least(severity: str) -> list[str]:
    return list(_SEVERITIES[_SEVERITIES.index(one_of(severity, _SEVERITIES, "the severity")) :])


def _node(row: tuple[Any, ...]) -> NodeRun:
    number, graph, node, step, began, duration, outcome, error, attempts, after, above, routes, *shapes, tools = row
    written = {key: (kind, length) for key, kind, length in zip(*shapes, strict=True)}
    return NodeRun(
        number, graph, node, step, began, duration, outcome, error, attempts, tuple(after), above, tuple(routes),
        written, tuple(tools),
    )  # fmt: skip
