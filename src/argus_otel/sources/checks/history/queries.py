"""Queries on the history of checks, as a typed Python API.

.. code-block:: python

    import os
    from datetime import date

    from argus_otel.sources.checks.history import History

    with History.open(os.environ["ARGUS_HISTORY_STORE"]) as history:
        for check in history.uptime(["shop", "db-*"], since=date(2026, 11, 1)):
            print(check.check, check.availability, check.down)

Common parameters: ``checks`` are names or patterns (``*``, ``?``), all checks if there are none. ``since`` and
``until`` limit the range, ``until`` excluded, in whole hours of UTC; ``None`` is the beginning of what is known, and
now. ``service`` is the service that checks belong to, and all of them if it is empty. Failures are a
:class:`~argus_otel.history.store.errors.StoreError` whose message says what to do. Every value is bound by the engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil
from typing import Any

from argus_otel.history.store.buckets import percentile
from argus_otel.history.store.query import Queries
from argus_otel.history.store.time_range import QueryError

from .asked import DAY, NO_DAY, Asked, Moment, asked, asked_of_window, end_of, moment_of, parts
from .latency import LatencyObjective, latency_budget, unanswered
from .outages import Outage, outages
from .results import Budget, Incident, LatencyBudget, Reachability, Reliability, Slowest, Stage, Uptime
from .states import (
    BEST,
    DEGRADED,
    DOWN,
    MUTED,
    UNKNOWN,
    UP,
    WORST,
    Span,
    Stretch,
    Told,
    clipped,
    combined,
    spans,
    totals,
)

_HOUR = 3_600_000


@dataclass(slots=True)
class _Known:
    """What is known of one check: the service that it belongs to, and its spans at each location, at least one."""

    name: str
    service: str = ""
    locations: dict[str, list[Span]] = field(default_factory=dict[str, list[Span]])

    @property
    def begin(self) -> int:
        return min(found[0].begin for found in self.locations.values())

    @property
    def end(self) -> int:
        return max(found[-1].end for found in self.locations.values())

    def over_all(self, order: Sequence[str]) -> list[Stretch]:
        return combined(self.locations.values(), order)


class History(Queries):
    """The history of checks in one store. Made by :meth:`open`."""

    def uptime(
        self,
        checks: Sequence[str] = (),
        *,
        by_day: bool = False,
        since: Moment = None,
        until: Moment = None,
        service: str = "",
    ) -> list[Uptime]:
        """Return how long each check was up, and how many of its runs succeeded.

        Parameters
        ----------
        by_day:
            One row for each check and day, instead of one for the whole range.
        """
        context = asked(checks, since, until, service, by_day=by_day)
        begin, end = context.begin, context.end
        slots = {(name, day): (ran, good) for name, day, ran, good in self._rows("points", context)}
        shares = {(each.check, each.day): each.reachability for each in self._runs(context)}
        results: list[Uptime] = []
        for known in self._known(context):
            stretches = known.over_all(BEST)
            first = begin or known.begin
            for start, stop in parts(first, end, DAY) if by_day else [(first, end)]:
                day = moment_of(start).date() if by_day else None
                sums = totals(stretches, start, stop)
                ran, good = slots.get((known.name, day or NO_DAY), (0, 0))
                results.append(
                    Uptime(
                        known.name,
                        day,
                        _availability(sums),
                        good / ran if ran else None,
                        shares.get((known.name, day)),
                        *(sums[level] for level in (UP, DEGRADED, DOWN, MUTED, UNKNOWN)),
                    )
                )
        return results

    def reachability(
        self,
        checks: Sequence[str] = (),
        *,
        by_day: bool = False,
        by_location: bool = False,
        since: Moment = None,
        until: Moment = None,
        service: str = "",
    ) -> list[Reachability]:
        """Return the runs of each check, by outcome. They are counted by hour and by day, and so outlive the runs.

        Parameters
        ----------
        by_day, by_location:
            One row for each of them.
        """
        return self._runs(asked(checks, since, until, service, by_day=by_day, by_location=by_location))

    def incidents(
        self, checks: Sequence[str] = (), *, since: Moment = None, until: Moment = None, service: str = ""
    ) -> list[Incident]:
        """Return the incidents that were open at some time of the range, the first one first."""
        context = asked(checks, since, until, service)
        found = [
            Incident(
                known.name,
                known.service,
                moment_of(outage.begin),
                None if outage.open else moment_of(outage.end),
                (outage.end - outage.begin) / 1000,
                (outage.down - outage.counted) / 1000,
                next((span.error for span in outage.spans if span.error), ""),
                next((span.condition for span in outage.spans if span.condition), ""),
                tuple(outage.locations),
            )
            for known in self._known(context)
            for outage in _incidents(known, context)
        ]
        return sorted(found, key=lambda each: (each.begin, each.check))

    def reliability(
        self, checks: Sequence[str] = (), *, since: Moment = None, until: Moment = None, service: str = ""
    ) -> list[Reliability]:
        """Return the number of incidents of each check, the mean time to repair, and that between failures."""
        context = asked(checks, since, until, service)
        begin, end = context.begin, context.end
        results: list[Reliability] = []
        for known in self._known(context):
            found = _incidents(known, context)
            ended = [each.end - each.begin for each in found if not each.open]
            sums = totals(known.over_all(WORST), begin, end)
            results.append(
                Reliability(
                    known.name,
                    len(found),
                    sum(each.open for each in found),
                    sum(ended) / len(ended) / 1000 if ended else None,
                    (sums[UP] + sums[DEGRADED]) / len(found) if found else None,
                    sum(each.end - max(each.begin, begin) for each in found) / 1000,
                )
            )
        return results

    def timeline(
        self,
        checks: Sequence[str] = (),
        *,
        number: int = 60,
        by_location: bool = False,
        since: Moment = None,
        until: Moment = None,
        service: str = "",
    ) -> list[Stage]:
        """Return the states of each check in equal parts of the range.

        Parameters
        ----------
        number:
            How many.
        by_location:
            One timeline for each location, instead of one for all together.
        """
        if number < 1:
            raise QueryError(f"the number of parts is {number}, but it has to be 1 or more")
        context = asked(checks, since, until, service)
        known = self._known(context)
        begin, end = context.begin, context.end
        begin = begin or min((each.begin for each in known), default=end)
        results: list[Stage] = []
        for each in known:
            places = {place: combined([found], BEST) for place, found in each.locations.items()}
            for place, stretches in places.items() if by_location else [("", each.over_all(BEST))]:
                for start, stop in parts(begin, end, ceil((end - begin) / number)):
                    sums = totals(stretches, start, stop)
                    levels = (sums[level] for level in (UP, DEGRADED, DOWN, MUTED, UNKNOWN))
                    results.append(Stage(each.name, place, moment_of(start), _worst(sums), *levels))
        return results

    def budget(
        self,
        objectives: Mapping[str, tuple[float, timedelta]],
        *,
        until: Moment = None,
    ) -> list[Budget]:
        """Return what is left of the error budget of each check.

        Parameters
        ----------
        objectives:
            By name or pattern of checks: the availability that they promise, from 0 to 1, and the window of time.
        """
        results: dict[str, Budget] = {}
        for pattern, (availability, window) in objectives.items():
            if not 0 < availability < 1 or window <= timedelta():
                raise QueryError(f"the availability is {availability}, but it has to be between 0 and 1, such as 0.999")
            length = int(window.total_seconds() * 1000)
            end = end_of(until)
            context = asked_of_window([pattern], end - max(length, 6 * _HOUR), end)
            for known in self._known(context):
                results[known.name] = _budget(known.name, known.over_all(BEST), availability, length, end)
        return sorted(results.values(), key=lambda each: (each.left_share, each.check))

    def latency_budget(
        self, objectives: Mapping[str, LatencyObjective], *, until: Moment = None
    ) -> list[LatencyBudget]:
        """Return what is left of the budget of slow runs of each check that is known, by single runs.

        Where runs of the window are not kept, there are no numbers, and a note says so.

        Parameters
        ----------
        objectives:
            What checks promise, by their names or patterns.
        """
        groups: dict[LatencyObjective, list[str]] = {}
        for pattern, objective in objectives.items():
            if not (0 < objective.share < 1 and objective.under > 0 and objective.window > timedelta()):
                raise QueryError(f"{objective} has to have a share between 0 and 1, such as 0.99, and times above 0")
            groups.setdefault(objective, []).append(pattern)
        end = end_of(until)
        results: dict[str, LatencyBudget] = {}
        for objective, names in groups.items():
            if objective.keep == "changes":
                results |= {
                    name: unanswered(name, objective, "no answer: keep: changes keeps no runs") for name in names
                }
                continue
            begin = end - int(objective.window.total_seconds() * 1000)
            bounds = {
                "under": objective.under,
                "last_hour": max(begin, end - _HOUR),
                "last_hours": max(begin, end - 6 * _HOUR),
                "first_hour": ceil(begin / _HOUR) * _HOUR,
                "end_hour": end // _HOUR * _HOUR,
            }
            context = asked_of_window(names, begin, end, **bounds)
            counted = dict(self._rows("counted", context))
            kept = {name: counts for name, *counts in self._rows("latency", context)}
            for name in counted.keys() | kept.keys():
                first, *counts, whole_hours = kept.get(name, (begin, *(0,) * 7))
                missing = counted.get(name, 0) - whole_hours
                since = moment_of(first) if first - begin > _HOUR else None
                results[name] = latency_budget(name, objective, counts, missing, since)
        return sorted(results.values(), key=lambda each: (each.left_share is None, each.left_share or 0, each.check))

    def slowest(
        self,
        checks: Sequence[str] = (),
        *,
        since: Moment = None,
        until: Moment = None,
        service: str = "",
        limit: int = 20,
    ) -> list[Slowest]:
        """Return how long runs took, and each of their phases; the slowest check (by ``p95``) first.

        From single runs, which are kept for 90 days by default.
        """
        rows = self._rows("slowest", asked(checks, since, until, service, limit=limit))
        results: list[Slowest] = []
        for name, type_, runs, total, longest, *phases in rows:
            numbers: list[Any] = [*total, longest, *(each for phase in phases for each in _pair(phase))]
            results.append(Slowest(name, type_, runs, *numbers))
        return results

    # -- what several of them read

    def _known(self, context: Asked) -> list[_Known]:
        """Return what is known of each check, up to the end of the range, if there is something within it."""
        told: dict[tuple[str, str], list[Told]] = {}
        services: dict[str, str] = {}
        for name, location, service, *rest in self._rows("states", context):
            time, ends, change, state, since, muted, error, condition = rest
            services[name] = service
            told.setdefault((name, location), []).append(
                Told(time, ends, bool(change), state, since, bool(muted), error, condition)
            )
        checks: dict[str, _Known] = {}
        for (name, location), rows in told.items():
            found = clipped(spans(rows), context.end)
            if found:
                checks.setdefault(name, _Known(name, services[name])).locations[location] = found
        return [known for known in checks.values() if known.end > context.begin]

    def _runs(self, context: Asked) -> list[Reachability]:
        results: list[Reachability] = []
        for name, day, place, runs, ok, warn, *counts, buckets, longest in self._rows("runs", context):
            share = (ok + warn) / runs if runs else None
            percentiles: list[Any] = [percentile(buckets, level, longest) for level in (0.5, 0.95)]
            numbers: list[Any] = [*counts, *percentiles, longest if buckets else None]
            results.append(Reachability(name, None if day == NO_DAY else day, place, share, runs, ok, warn, *numbers))
        return results


# -- results of spans


def _incidents(known: _Known, context: Asked) -> list[Outage]:
    """Return the outages of a check that were open in the range, and not muted throughout."""
    return [each for each in outages(known.locations, context.end) if each.end > context.begin and each.counted]


def _budget(name: str, stretches: Sequence[Stretch], objective: float, window: int, end: int) -> Budget:
    sums = totals(stretches, end - window, end)
    budget = (1 - objective) * window / 1000
    left = budget - sums[DOWN]
    burns: list[float | None] = []
    for hours in (1, 6):
        available = _availability(totals(stretches, end - hours * _HOUR, end))
        burns.append(None if available is None else (1 - available) / (1 - objective))
    return Budget(name, objective, window / 1000, _availability(sums), budget, sums[DOWN], left, left / budget, *burns)


def _availability(sums: Mapping[str, float]) -> float | None:
    good = sums[UP] + sums[DEGRADED]
    return good / (good + sums[DOWN]) if good + sums[DOWN] else None


def _worst(sums: Mapping[str, float]) -> str:
    return next((level for level in (DOWN, DEGRADED, UP, MUTED) if sums[level]), UNKNOWN)


def _pair(quantiles: Sequence[Any]) -> tuple[float | None, float | None]:
    """Return two percentiles; ``None`` for each if they are of nothing."""
    low, high = (None if each is None or each != each else float(each) for each in quantiles)
    return low, high
