"""Results of the queries: a frozen dataclass for each query, an instance for each row.

A field's metadata may name its unit, see :mod:`argus_otel.terminal.records`. Durations are in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

_SECONDS: dict[str, Any] = {"unit": "s"}
_LONG: dict[str, Any] = {"unit": "duration"}
_SHARE: dict[str, Any] = {"unit": "precise share"}


@dataclass(frozen=True, slots=True)
class Uptime:
    """How a check did, over all locations; muted time and time without an agent count neither way.

    Attributes
    ----------
    day:
        ``None`` for the whole range.
    availability:
        The share of the time in which its status was up or degraded at one location at least; ``None`` if nothing is
        known.
    uptime:
        The share of the slots with a run in which it succeeded at one location at least, as Grafana Synthetic
        Monitoring defines it; ``None`` if no run of the range is kept any more.
    reachability:
        The share of all runs that succeeded; ``None`` if there were none.
    up, degraded, down, muted, unknown:
        How long its status was that. Within the time that is known, the best of all locations counts.
    """

    check: str
    day: date | None
    availability: float | None = field(metadata=_SHARE)
    uptime: float | None = field(metadata=_SHARE)
    reachability: float | None = field(metadata=_SHARE)
    up: float = field(metadata=_LONG)
    degraded: float = field(metadata=_LONG)
    down: float = field(metadata=_LONG)
    muted: float = field(metadata=_LONG)
    unknown: float = field(metadata=_LONG)


@dataclass(frozen=True, slots=True)
class Reachability:
    """The runs of a check.

    Attributes
    ----------
    day:
        ``None`` for the whole range.
    location:
        Empty for all locations together.
    reachability:
        The share of ``runs`` that succeeded; ``None`` if there are none.
    runs:
        Those that were judged and not muted: ``ok``, ``warn`` and ``failed``.
    unknown, muted:
        The others.
    retries:
        Attempts beyond the first of a run.
    disturbed:
        Runs in which the agent itself was too slow to measure durations.
    p50, p95, longest:
        The duration of ``runs``; percentiles are right within 1 %.
    """

    check: str
    day: date | None
    location: str
    reachability: float | None = field(metadata=_SHARE)
    runs: int
    ok: int
    warn: int
    failed: int
    unknown: int
    muted: int
    retries: int
    disturbed: int
    p50: float | None = field(metadata=_SECONDS)
    p95: float | None = field(metadata=_SECONDS)
    longest: float | None = field(metadata=_SECONDS)


@dataclass(frozen=True, slots=True)
class Incident:
    """A time in which a check was down at one location at least.

    It begins with the first of the runs that confirmed it, and ends when the check works at every location again. If
    nothing is known in between, and it is down afterwards, it was down throughout.

    Attributes
    ----------
    end:
        ``None`` if it was still down at the end of the range.
    duration:
        Up to its end, or that of the range.
    muted:
        How much of it was muted at every location that was down. One that was muted throughout is no incident.
    error, condition:
        The ``error.type``, and the condition that did not hold, when it was confirmed.
    locations:
        Where it was down.
    """

    check: str
    service: str
    begin: datetime
    end: datetime | None
    duration: float = field(metadata=_LONG)
    muted: float = field(metadata=_LONG)
    error: str
    condition: str
    locations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reliability:
    """How often a check was down, and for how long.

    Attributes
    ----------
    incidents, open:
        How many there were, and how many of them had not ended.
    mttr:
        The mean duration of those that have ended; ``None`` if none has.
    mtbf:
        How long the check worked at every location, for each incident; ``None`` without incidents.
    down:
        The duration of all of them within the range.
    """

    check: str
    incidents: int
    open: int
    mttr: float | None = field(metadata=_LONG)
    mtbf: float | None = field(metadata=_LONG)
    down: float = field(metadata=_LONG)


@dataclass(frozen=True, slots=True)
class Stage:
    """How long a check was in each state, in one part of a timeline.

    Attributes
    ----------
    location:
        Empty for all together, of which the best counts.
    state:
        The worst state that it had in this part; ``muted`` or ``unknown`` if it was that throughout.
    """

    check: str
    location: str
    start: datetime
    state: str
    up: float = field(metadata=_LONG)
    degraded: float = field(metadata=_LONG)
    down: float = field(metadata=_LONG)
    muted: float = field(metadata=_LONG)
    unknown: float = field(metadata=_LONG)


@dataclass(frozen=True, slots=True)
class Budget:
    """The error budget of a check: how long it may be down.

    Attributes
    ----------
    objective:
        The share of the time in which it has to be up or degraded.
    window:
        The time that the objective is about; it ends with the range.
    availability:
        What it was; ``None`` if nothing is known.
    budget, spent, left:
        How long it may be down in the window, was down, and still may. ``left`` is below 0 if it was down for longer.
    left_share:
        What is left, of the budget.
    burn_1h, burn_6h:
        How fast the budget was spent in the last hours: at 1, it lasts exactly as long as the window. ``None`` if
        nothing is known of that time.
    """

    check: str
    objective: float = field(metadata=_SHARE)
    window: float = field(metadata=_LONG)
    availability: float | None = field(metadata=_SHARE)
    budget: float = field(metadata=_LONG)
    spent: float = field(metadata=_LONG)
    left: float = field(metadata=_LONG)
    left_share: float = field(metadata={"unit": "share"})
    burn_1h: float | None
    burn_6h: float | None


@dataclass(frozen=True, slots=True)
class LatencyBudget:
    """The error budget of a check that promises to be fast: how many of its runs may be slow, or fail.

    The runs of all locations count that were judged and not muted, except those that were disturbed and too slow. The
    duration of a run is that of its last attempt.

    Attributes
    ----------
    under:
        How long a run may take.
    objective:
        The share of the runs that has to succeed within that time.
    window:
        The time that the objective is about; it ends with the range.
    runs, fast:
        How many runs there were in the window, and how many of them succeeded in time.
    share:
        ``fast`` of ``runs``.
    budget, spent, left:
        How many of ``runs`` may be slow or fail, did, and still may. ``left`` is below 0 if more did.
    left_share:
        What is left, of the budget.
    burn_1h, burn_6h:
        How fast the budget was spent in the last hours: at 1, it lasts exactly as long as the window. ``None`` without
        runs in that time.
    note:
        What the numbers are of, if they are not of all runs; or why there are none: then they are ``None``.
    """

    check: str
    under: float = field(metadata=_SECONDS)
    objective: float = field(metadata=_SHARE)
    window: float = field(metadata=_LONG)
    runs: int | None
    fast: int | None
    share: float | None = field(metadata=_SHARE)
    budget: float | None
    spent: int | None
    left: float | None
    left_share: float | None = field(metadata={"unit": "share"})
    burn_1h: float | None
    burn_6h: float | None
    note: str


@dataclass(frozen=True, slots=True)
class Slowest:
    """How long the runs of a check took, and each phase of their last attempts; ``None`` for one that it has not.

    Runs that failed count too; those that the agent was too slow to measure do not.
    """

    check: str
    type: str
    runs: int
    p50: float = field(metadata=_SECONDS)
    p95: float = field(metadata=_SECONDS)
    longest: float = field(metadata=_SECONDS)
    dns_p50: float | None = field(metadata=_SECONDS)
    dns_p95: float | None = field(metadata=_SECONDS)
    connect_p50: float | None = field(metadata=_SECONDS)
    connect_p95: float | None = field(metadata=_SECONDS)
    tls_p50: float | None = field(metadata=_SECONDS)
    tls_p95: float | None = field(metadata=_SECONDS)
    send_p50: float | None = field(metadata=_SECONDS)
    send_p95: float | None = field(metadata=_SECONDS)
    first_byte_p50: float | None = field(metadata=_SECONDS)
    first_byte_p95: float | None = field(metadata=_SECONDS)
    transfer_p50: float | None = field(metadata=_SECONDS)
    transfer_p95: float | None = field(metadata=_SECONDS)
