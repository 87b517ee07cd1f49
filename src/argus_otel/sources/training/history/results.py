"""Results of the queries: a frozen dataclass for each query, an instance for each row.

A field's metadata may name its unit, see :mod:`argus_otel.terminal.records`. Durations are in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_DURATION: dict[str, Any] = {"unit": "duration"}
_NUMBER: dict[str, Any] = {"unit": "number"}
_ID: dict[str, Any] = {"unit": "short id"}


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A training run.

    Attributes
    ----------
    id:
        The first letters are enough to name it.
    state:
        ``running``; ``ok``, ``stopped``, ``guarded``, ``interrupted`` or ``error``: how it ended; ``lost``: its process
        ended without recording an end; ``silent``: history has no end of it, and no sign of life for some time;
        ``unknown``: an imported log does not say how it ended.
    began:
        When its first attempt began.
    heard:
        When it was heard of last, by an event or a logged value.
    duration:
        That of all attempts together, in seconds.
    attempts:
        More than 1 if it was resumed.
    steps, epoch:
        How far it came.
    total_steps:
        How many steps it was to have; ``None`` if that is not known.
    error:
        The class of the exception that ended it; empty for none.
    metric, last, best:
        The name of one value that it logged, what was logged last, and the best of what is finite: the greatest or the
        least, see :func:`~argus_otel.sources.training.history.values.is_maximised`. Empty and ``None`` without values.
    nonfinite:
        How many of all its logged values are infinite or not a number.
    group:
        What it belongs to, such as a sweep; empty for none.
    parent:
        The id of the run that it is a part of; empty for none.
    instance:
        The ``service.instance.id`` of its process, which its metrics have, too.
    """

    id: str = field(metadata=_ID)
    name: str
    state: str
    began: datetime
    heard: datetime
    duration: float = field(metadata=_DURATION)
    attempts: int
    steps: int
    epoch: float = field(metadata=_NUMBER)
    total_steps: float | None = field(metadata=_NUMBER)
    error: str
    metric: str
    last: float | None = field(metadata=_NUMBER)
    best: float | None = field(metadata=_NUMBER)
    nonfinite: int
    framework: str
    model: str
    group: str
    parent: str
    service: str
    host: str
    instance: str
    world_size: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a run.

    Attributes
    ----------
    state:
        As of :class:`RecordedRun`.
    """

    attempt: int
    state: str
    began: datetime
    heard: datetime
    steps: int
    epoch: float = field(metadata=_NUMBER)
    error: str


@dataclass(frozen=True, slots=True)
class LoggedValue:
    """What a run has logged under one name in one phase.

    Attributes
    ----------
    count, nonfinite:
        How many values, and how many of them are infinite or not a number.
    low, high:
        Of finite values; ``None`` for none.
    last, last_step:
        The value at the greatest step of the last attempt, which may be no finite number, and that step.
    """

    metric: str
    phase: str
    count: int
    nonfinite: int
    low: float | None = field(metadata=_NUMBER)
    high: float | None = field(metadata=_NUMBER)
    last: float = field(metadata=_NUMBER)
    last_step: int


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A checkpoint or an artifact.

    Attributes
    ----------
    size:
        In bytes; 0 if it is not known.
    """

    time: datetime
    attempt: int
    step: int
    path: str
    size: int


@dataclass(frozen=True, slots=True)
class RunDetail:
    """A run with all that is known of it.

    Attributes
    ----------
    config, argv:
        What it was given, without secrets; the configuration as JSON. Both may be cut.
    commit:
        What was checked out.
    """

    run: RecordedRun
    attempts: tuple[Attempt, ...]
    values: tuple[LoggedValue, ...]
    files: tuple[WrittenFile, ...]
    config: str
    argv: str
    commit: str
    attributes: dict[str, str]


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A part of a curve.

    Attributes
    ----------
    step, epoch, time:
        Where it begins.
    count, nonfinite:
        How many values are in it, and how many of them are infinite or not a number.
    low, mean, high:
        Of the values that are finite; ``None`` for none.
    last:
        The last value, whatever it is.
    attempt:
        The greatest one in it.
    """

    step: int
    epoch: float = field(metadata=_NUMBER)
    time: datetime
    count: int
    nonfinite: int
    low: float | None = field(metadata=_NUMBER)
    mean: float | None = field(metadata=_NUMBER)
    high: float | None = field(metadata=_NUMBER)
    last: float = field(metadata=_NUMBER)
    attempt: int


@dataclass(frozen=True, slots=True)
class Resume:
    """Where a later attempt begins in a curve."""

    attempt: int
    step: int
    time: datetime


@dataclass(frozen=True, slots=True)
class Curve:
    """The values that a run has logged under one name in one phase.

    Attributes
    ----------
    by:
        ``step``, ``epoch`` or ``time``: what it is divided by.
    points:
        In their order; a part of the range without any value is left out.
    resumes:
        Where later attempts begin.
    coarse:
        Whether the values themselves have expired, and each point has a hundred steps.
    """

    run: str
    name: str
    metric: str
    phase: str
    by: str
    points: tuple[CurvePoint, ...]
    resumes: tuple[Resume, ...]
    coarse: bool

    @property
    def nonfinite(self) -> int:
        """How many of its values are infinite or not a number."""
        return sum(point.nonfinite for point in self.points)

    @property
    def count(self) -> int:
        """How many values it has."""
        return sum(point.count for point in self.points)

    def place(self, point: CurvePoint) -> float:
        """Return where a point is: its step, its epoch, or its time in seconds since 1970."""
        if self.by == "time":
            return point.time.timestamp()
        return point.epoch if self.by == "epoch" else float(point.step)


@dataclass(frozen=True, slots=True)
class BestRun:
    """A run by the best value that it has logged.

    Attributes
    ----------
    best, last:
        The best finite value, and the last one.
    step:
        That of the best value; ``None`` if the values have expired.
    config:
        What it was given, as JSON.
    """

    id: str = field(metadata=_ID)
    name: str
    group: str
    state: str
    metric: str
    phase: str
    best: float = field(metadata=_NUMBER)
    step: int | None
    last: float = field(metadata=_NUMBER)
    steps: int
    duration: float = field(metadata=_DURATION)
    config: str
