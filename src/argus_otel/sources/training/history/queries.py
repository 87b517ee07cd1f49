"""Queries on the history of training runs, as a typed Python API.

Common parameters: a run is named by its id, or by the first letters of it. ``since`` and ``until`` limit when runs
began, ``until`` excluded, in whole hours of UTC; ``None`` is open. ``service`` is the program's ``service.name``, or
empty for all. Failures are a :class:`~argus_otel.history.store.errors.StoreError` whose message says what to do. Every
value is bound by the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import Any, cast

from argus_otel.history.store.errors import NotFoundError
from argus_otel.history.store.query import Queries, QueryContext
from argus_otel.history.store.time_range import QueryError, one_of, time_range
from argus_otel.sources.training import catalogue as c

from . import BLOCK
from .curves import by_blocks, in_parts
from .results import Attempt, BestRun, Curve, CurvePoint, LoggedValue, RecordedRun, Resume, RunDetail, WrittenFile
from .states import LOST, LOST_EVENT, RUNNING, SILENT, SILENT_AFTER, STATES, seconds_of, state_of
from .values import best_of, finite, is_maximised, main_value

Moment = datetime | date | None

BY = {"step": "toFloat64(step)", "epoch": "{epoch}", "time": "(toUnixTimestamp64Micro({time}) / 1000000)"}
"""What a curve can be divided by, and the SQL of it."""

_STORED = {"epoch": "epoch", "time": "time"}
_FOUND = {"epoch": "tupleElement(found, 2)", "time": "tupleElement(found, 3)"}

_PHASES = ("train", "validation", "test", "sanity")
_ALL = 1_000_000
_AT_ONCE = 1000
_WORDS = {
    "start": c.STARTED.name,
    "resume": c.RESUMED.name,
    "end": c.ENDED.name,
    "lost": LOST_EVENT,
    "saved": c.SAVED.name,
    "block": str(BLOCK),
}


class History(Queries):
    """The history of training runs in one store. Made by :meth:`open`."""

    def runs(
        self,
        *,
        state: str = "",
        group: str = "",
        metric: str = "",
        silent_after: timedelta = SILENT_AFTER,
        limit: int = 100,
        since: Moment = None,
        until: Moment = None,
        service: str = "",
    ) -> list[RecordedRun]:
        """Return runs, the latest first.

        Parameters
        ----------
        state:
            Only those in this state: ``running``, ``ok``, ``stopped``, ``guarded``, ``interrupted``, ``error``,
            ``lost`` or ``silent``.
        group:
            Only those of this group.
        metric:
            The name of the value that is shown for each run; by default, its loss.
        silent_after:
            A run without an end is ``silent`` once history has no sign of life of it for so long.
        """
        if state:
            one_of(state, STATES, "the state")
        found = self._runs(
            _asked(since, until, service, group=group, limit=_ALL if state else limit), metric, silent_after
        )
        return [run for run in found if run.state == state][:limit] if state else found

    def run(self, run: str, *, metric: str = "", silent_after: timedelta = SILENT_AFTER) -> RunDetail:
        """Return a run with its attempts, values, checkpoints, and what it was given.

        Parameters
        ----------
        metric, silent_after:
            As for :meth:`runs`.

        Raises
        ------
        NotFoundError
            There is no such run.
        QueryError
            There are several runs whose id begins so.
        """
        known, _ = self._named(run)
        [found] = self._runs(_asked(ids=[known], any=0), metric, silent_after)
        asked = _asked(id=known, ids=[known], metric="")
        [(config, argv, commit, attributes)] = self._rows("facts", asked)
        attempts, values = self._attempts(asked, silent_after), self._values(asked)
        return RunDetail(
            found,
            tuple(attempts.get(known, ())),
            tuple(value for value, _ in values.get(known, ())),
            tuple(self._select(WrittenFile, "files", asked)),
            config,
            argv,
            commit,
            attributes,
        )

    def lost(
        self,
        *,
        silent_after: timedelta = SILENT_AFTER,
        limit: int = 100,
        since: Moment = None,
        until: Moment = None,
        service: str = "",
    ) -> list[RecordedRun]:
        """Return the runs whose processes ended without recording an end, and those without an end and a sign of life.

        Parameters
        ----------
        silent_after:
            As for :meth:`runs`.
        """
        found = self._runs(_asked(since, until, service, limit=_ALL), "", silent_after)
        return [run for run in found if run.state in (LOST, SILENT)][:limit]

    def curve(
        self, run: str, metric: str, phase: str = "", *, points: int = 1000, by: str = "step", rank: int = 0
    ) -> Curve:
        """Return the values that a run has logged under one name, in a number of parts at most.

        At a step that several attempts have had, the greatest attempt counts. Of a run whose values have expired, each
        point has a hundred steps.

        Parameters
        ----------
        phase:
            ``train``, ``validation``, ``test`` or ``sanity``; by default the first of them that has the name.
        points:
            How many parts there are at most.
        by:
            ``step``, ``epoch`` or ``time``.
        rank:
            The process, of those that train together.

        Raises
        ------
        NotFoundError
            There is no such run, or it has logged nothing under this name.
        QueryError
            There are several runs whose id begins so, or an argument is invalid.
        """
        one_of(by, BY, "by")
        if points < 1:
            raise QueryError(f"points is {points}, but it has to be 1 or more")
        known, name = self._named(run)
        values = [value for value, _ in self._values(_asked(ids=[known], metric="")).get(known, [])]
        asked = _asked(id=known, metric=metric, phase=_phase_of(values, run, metric, phase), rank=rank)
        found = self._parts(asked, points, by)
        coarse = not found
        if coarse:
            found = by_blocks(self._rows("blocks", asked), points)
        if not found:
            raise NotFoundError(f"the run {run} has no values of {metric} of rank {rank}")
        resumes = tuple(self._select(Resume, "resumes", asked))
        return Curve(known, name, metric, str(asked.values["phase"]), by, tuple(found), resumes, coarse)

    def compare(
        self, runs: Sequence[str], metric: str, phase: str = "", *, points: int = 1000, by: str = "step"
    ) -> list[Curve]:
        """Return the curves of several runs, in the order of these; see :meth:`curve`."""
        return [self.curve(run, metric, phase, points=points, by=by) for run in runs]

    def best(
        self,
        metric: str,
        *,
        group: str = "",
        phase: str = "",
        minimise: bool | None = None,
        limit: int = 20,
        since: Moment = None,
        until: Moment = None,
        service: str = "",
    ) -> list[BestRun]:
        """Return runs by the best finite value that they have logged under one name, the best run first.

        Parameters
        ----------
        group:
            Only runs of this group, such as a sweep.
        phase:
            Only values of this phase; by default ``validation`` for a run that has some, else any.
        minimise:
            Whether the least value is the best. By default the name decides: the greatest is the best of an accuracy.
        """
        if phase:
            one_of(phase, _PHASES, "the phase")
        least = not is_maximised(metric) if minimise is None else minimise
        runs = {run.id: run for run in self._runs(_asked(since, until, service, group=group, limit=_ALL), metric)}
        found: list[tuple[float, LoggedValue, RecordedRun]] = []
        for known, logged in self._values(_asked(ids=list(runs), metric=metric)).items():
            value = _ranked([value for value, _ in logged], phase)
            best = None if value is None else best_of(value, minimise=least)
            if value is not None and best is not None:
                found.append((best, value, runs[known]))
        found.sort(key=lambda each: each[0] if least else -each[0])
        return [self._best(best, value, run, least=least) for best, value, run in found[:limit]]

    # -- helpers

    def _best(self, best: float, value: LoggedValue, run: RecordedRun, *, least: bool) -> BestRun:
        asked = _asked(id=run.id, ids=[run.id], metric=value.metric, phase=value.phase)
        steps = [low if least else high for _, low, high in self._rows("best_steps", asked)]
        [(config, *_)] = self._rows("facts", asked)
        return BestRun(
            run.id, run.name, run.group, run.state, value.metric, value.phase, best, steps[0] if steps else None,
            value.last, run.steps, run.duration, config,
        )  # fmt: skip

    def _named(self, run: str) -> tuple[str, str]:
        """Return id and name of the run that a text names."""
        found = self._rows("named", _asked(prefix=run)) if run else []
        for known, name in found:
            if known == run:
                return known, name
        if not found:
            raise NotFoundError(f"there is no run {run}; argus-otel training list lists them")
        if len(found) > 1:
            raise QueryError(f"there are {len(found)} runs whose id begins with {run}; give more letters of it")
        return found[0][0], found[0][1]

    def _runs(self, asked: QueryContext, metric: str, silent_after: timedelta = SILENT_AFTER) -> list[RecordedRun]:
        rows = self._rows("runs", asked)
        of_them = _asked(ids=[row[0] for row in rows], metric="")
        values = self._values(of_them)
        attempts = self._attempts(of_them, silent_after, values)
        return [_run(row, attempts[row[0]], [value for value, _ in values.get(row[0], ())], metric) for row in rows]

    def _values(self, asked: QueryContext) -> dict[str, list[tuple[LoggedValue, _Sign]]]:
        """Return what runs have logged, by their ids, each with the last sign of life that it is."""
        found: dict[str, list[tuple[LoggedValue, _Sign]]] = {}
        for run, metric, phase, count, wrong, low, high, (attempt, (step, last)), heard, epoch in self._rows_of(
            "values", asked
        ):
            value = LoggedValue(metric, phase, count, wrong, finite(low), finite(high), last, step)
            found.setdefault(run, []).append((value, (attempt, heard, step, epoch)))
        return found

    def _attempts(
        self,
        asked: QueryContext,
        silent_after: timedelta,
        values: dict[str, list[tuple[LoggedValue, _Sign]]] | None = None,
    ) -> dict[str, list[Attempt]]:
        """Return the attempts of runs, by their ids; values are signs of life of the last one."""
        rows = self._rows_of("attempts", asked)
        last = {run: attempt for run, attempt, *_ in rows}
        signs = {run: [sign for _, sign in each] for run, each in (values or self._values(asked)).items()}
        now = datetime.now(timezone.utc)
        found: dict[str, list[Attempt]] = {}
        for run, attempt, began, heard, word, outcome, error, steps, epoch in rows:
            if word != c.ENDED.name and attempt == last[run]:
                for _, at, step, in_epoch in signs.get(run, ()):
                    heard, steps, epoch = max(heard, at), max(steps, step + 1), max(epoch, in_epoch)
            state = state_of(word, outcome, heard, now, silent_after)
            if attempt != last[run] and state in (RUNNING, SILENT):  # for it has been resumed since
                state = LOST
            found.setdefault(run, []).append(Attempt(attempt, state, began, heard, steps, epoch, error))
        return found

    def _rows_of(self, query: str, asked: QueryContext) -> list[tuple[Any, ...]]:
        """Run a query on runs by their ids, some at once: a server accepts a text of 256 KiB."""
        ids = cast("list[str]", asked.values["ids"])
        parts = [ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE)]
        return [
            row for part in parts for row in self._rows(query, replace(asked, values={**asked.values, "ids": part}))
        ]

    def _parts(self, asked: QueryContext, points: int, by: str) -> list[CurvePoint]:
        [(count, low, high)] = self._rows("extent", asked, x=BY[by].format(**_STORED))
        if not count:
            return []
        # Steps are whole numbers: parts of as many steps each, and not of 1 and 2 by turns.
        width = -(-(high - low + 1) // points) if by == "step" else (high - low) / points or 1.0
        bound = replace(asked, values={**asked.values, "low": low, "width": width, "final": points - 1})
        return in_parts(self._rows("curve", bound, x=BY[by].format(**_FOUND), logged=asked.sql("logged")))


_Sign = tuple[int, datetime, int, float]


def _asked(since: Moment = None, until: Moment = None, service: str = "", **values: object) -> QueryContext:
    bound = {"prefix": "", "any": 1, "ids": list[str](), "group": "", "limit": _ALL, "service": service, **values}
    return QueryContext(__package__ or "", time_range(since, until), _WORDS, bound)


def _run(row: tuple[Any, ...], attempts: list[Attempt], values: list[LoggedValue], metric: str) -> RecordedRun:
    run, began, name, framework, model, group, parent, service, host, instance, total, world = row
    shown = _ranked([value for value in values if value.metric == metric], "") if metric else main_value(values)
    last = attempts[-1]
    return RecordedRun(
        id=run,
        name=name,
        state=last.state,
        began=began,
        heard=last.heard,
        duration=seconds_of(attempts),
        attempts=last.attempt,
        steps=max(each.steps for each in attempts),
        epoch=max(each.epoch for each in attempts),
        total_steps=total or None,
        error=last.error,
        metric=shown.metric if shown else "",
        last=shown.last if shown else None,
        best=best_of(shown) if shown else None,
        nonfinite=sum(value.nonfinite for value in values),
        framework=framework,
        model=model,
        group=group,
        parent=parent,
        service=service,
        host=host,
        instance=instance,
        world_size=world,
    )


def _ranked(values: Sequence[LoggedValue], phase: str) -> LoggedValue | None:
    """Return the value of a phase; without one, that of a validation before others."""
    order = (phase,) if phase else ("validation", "train", "test", "sanity")
    return next((value for each in order for value in values if value.phase == each), None)


def _phase_of(values: Sequence[LoggedValue], run: str, metric: str, phase: str) -> str:
    phases = [value.phase for value in values if value.metric == metric]
    if not phases:
        names = ", ".join(sorted({value.metric for value in values})) or "none"
        raise NotFoundError(f"the run {run} has logged no {metric}; what it has logged: {names}")
    if phase and phase not in phases:
        raise NotFoundError(f"the run {run} has logged no {metric} in the phase {phase}, but in {', '.join(phases)}")
    return phase or min(phases, key=lambda each: _PHASES.index(each) if each in _PHASES else len(_PHASES))
