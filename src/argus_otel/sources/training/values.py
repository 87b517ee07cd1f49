"""Logged values: the last ones as a metric, all of them as points of history, and those that are not finite counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite, isnan
from typing import Any

from argus_otel.telemetry import AttributeValue, Reading, Telemetry

from . import attributes as a
from . import catalogue as c
from .points import Points
from .runs import TrainingRun

_MOST_NAMES = 256
"""How many combinations of names are remembered, and how many names: a program may make some of a number."""

_NOWHERE = ""
"""The name of values that are more than are remembered."""


Watch = Callable[[Sequence[float]], None]
"""What is called on the training thread with the values of each step, in the order of their names."""


class Together:
    """The values that a run logs together in a phase: what is looked up once for all steps.

    Attributes
    ----------
    last:
        The last values of the phase, by name.
    keys:
        Under which its own are among them.
    watches:
        What is called with them.
    row:
        The row of history that steps are added to; ``None`` if the next one begins another.
    """

    __slots__ = ("last", "keys", "watches", "row")

    def __init__(self, last: dict[str, float], keys: tuple[str, ...], watches: tuple[Watch, ...]) -> None:
        self.last = last
        self.keys = keys
        self.watches = watches
        self.row: Points | None = None


class Values:
    """Takes what runs log.

    Parameters
    ----------
    watchers:
        Each is asked once for each run, phase and names, and returns what is called with the values of each step, or
        ``None``. May be added to.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._last: dict[str, dict[str, float]] = {}
        self._not_finite = telemetry.counter(c.VALUES_NONFINITE)
        self._seen: set[tuple[str, str]] = set()
        self.watchers: list[Callable[[TrainingRun, str, Sequence[str]], Watch | None]] = []
        telemetry.gauge(c.VALUE, self._read)

    def log(self, run: TrainingRun, names: tuple[str, ...], values: Sequence[float], step: int, phase: str) -> None:
        """Take the values of one step. No lock is taken, and nothing is written, on this thread."""
        together = run.logged.get((phase, names))
        if together is None:
            together = self._begin(run, phase, names)
        together.last.update(zip(together.keys, values))  # noqa: B905 - at each step, and a keyword takes its time
        if not isfinite(sum(values)):  # one of them is not, or they are very large
            for name, value in zip(names, values, strict=True):
                if not isfinite(value):
                    self._count(run, name, value, step)
        if self._telemetry.history is not None:
            row = together.row
            if row is None or not row.add(step, run.epoch, values):
                together.row = self._begin_row(run, names, values, step, phase)
        for watch in together.watches:
            watch(values)

    def drop_in_child(self) -> None:
        """After a fork, in the child: forget the values, which the parent has logged."""
        self._last.clear()

    def _begin(self, run: TrainingRun, phase: str, names: tuple[str, ...]) -> Together:
        last = self._last.setdefault(phase, {})
        room = sum(map(len, self._last.values())) < _MOST_NAMES
        keys = tuple(name if room or name in last else _NOWHERE for name in names)
        asked = (watcher(run, phase, names) for watcher in self.watchers)
        if len(run.logged) >= _MOST_NAMES:
            run.logged.clear()
        together = run.logged[phase, names] = Together(last, keys, tuple(each for each in asked if each is not None))
        return together

    def _begin_row(
        self, run: TrainingRun, names: tuple[str, ...], values: Sequence[float], step: int, phase: str
    ) -> Points | None:
        history = self._telemetry.history
        if history is None:
            return None
        row = Points(run.common(phase), names)
        row.add(step, run.epoch, values)
        # One that is lost is counted: the next step must not be added to it.
        return row if history(c.POINTS_ROW, row, None) else None

    def _count(self, run: TrainingRun, name: str, value: float, step: int) -> None:
        kind = "nan" if isnan(value) else "inf"
        self._not_finite[(name, kind)].value += 1
        if (run.id, name) not in self._seen and len(self._seen) < _MOST_NAMES:
            self._seen.add((run.id, name))
            attributes: dict[str, AttributeValue] = {
                **run.identity(),
                a.STEP.name: step,
                a.METRIC.name: name,
                a.NONFINITE.name: kind,
            }
            self._telemetry.emit(c.NOT_FINITE, attributes)

    def _read(self) -> Reading:
        for phase, last in tuple(self._last.items()):
            for name, value in tuple(last.items()):
                if name:
                    yield {a.METRIC.name: name, a.PHASE.name: phase}, value


def numbers_of(given: Mapping[str, Any]) -> tuple[tuple[str, ...], list[float], list[str]]:
    """Return the names and the values of what is logged, and the names of what is no number.

    A tensor with one element is read at once; on a device, that waits for what the device is still to do.
    """
    for value in given.values():
        if type(value) is not float:
            break
    else:
        return tuple(given), [*given.values()], []
    names: list[str] = []
    values: list[float] = []
    wrong: list[str] = []
    for name, value in given.items():
        if type(value) is float or type(value) is int:
            number: float | None = float(value)
        else:
            number = _number(value)
        if number is None:
            wrong.append(name)
        else:
            names.append(name)
            values.append(number)
    return tuple(names), values, wrong


def _number(value: Any) -> float | None:
    """Return the number that a value is, of numpy, torch, jax or TensorFlow too; ``None`` for anything else."""
    if isinstance(value, (str, bytes)) or (getattr(value, "shape", ()) or ()) not in ((), (1,)):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):  # such as of a tensor without data
        return None
