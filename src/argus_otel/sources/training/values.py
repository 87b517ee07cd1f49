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

_FLOATS = {float}
_NOWHERE = ("", "")
"""The key of values that are more than are remembered."""


class Values:
    """Takes what runs log.

    Parameters
    ----------
    watchers:
        Called on the training thread with each run, phase, names and values that are logged; may be added to.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._last: dict[tuple[str, str], float] = {}
        self._keys: dict[tuple[str, tuple[str, ...]], tuple[tuple[str, str], ...]] = {}
        self._not_finite = telemetry.counter(c.VALUES_NONFINITE)
        self._seen: set[tuple[str, str]] = set()
        self.watchers: list[Callable[[TrainingRun, str, Sequence[str], Sequence[float]], None]] = []
        telemetry.gauge(c.VALUE, self._read)

    def log(self, run: TrainingRun, names: tuple[str, ...], values: Sequence[float], step: int, phase: str) -> None:
        """Take the values of one step. No lock is taken, and nothing is written, on this thread."""
        together = (phase, names)
        keys = self._keys.get(together)
        if keys is None:
            keys = self._known(phase, names)
        self._last.update(zip(keys, values, strict=False))
        if not isfinite(sum(values)):  # one of them is not, or they are very large
            for name, value in zip(names, values, strict=True):
                if not isfinite(value):
                    self._count(run, name, value, step)
        if self._telemetry.history is not None:
            row = run.points.get(together)
            if row is None or not row.add(step, run.epoch, values):
                self._begin_row(run, names, values, step, phase)
        for watch in self.watchers:
            watch(run, phase, names, values)

    def _known(self, phase: str, names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """Return the keys of the last values of these names; of no more than are remembered."""
        last = self._last
        keys = tuple((name, phase) if (name, phase) in last or len(last) < _MOST_NAMES else _NOWHERE for name in names)
        if len(self._keys) < _MOST_NAMES:
            self._keys[phase, names] = keys
        return keys

    def _begin_row(
        self, run: TrainingRun, names: tuple[str, ...], values: Sequence[float], step: int, phase: str
    ) -> None:
        history = self._telemetry.history
        if history is None:
            return
        if len(run.points) >= _MOST_NAMES:
            run.points.clear()
        row = Points(run.common(phase), names)
        row.add(step, run.epoch, values)
        if history(c.POINTS_ROW, row, None):
            run.points[phase, names] = row
        else:  # it is lost, and counted: the next step must not be added to it
            run.points.pop((phase, names), None)

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
        for (name, phase), value in tuple(self._last.items()):
            if name:
                yield {a.METRIC.name: name, a.PHASE.name: phase}, value


def numbers_of(given: Mapping[str, Any]) -> tuple[tuple[str, ...], list[float], list[str]]:
    """Return the names and the values of what is logged, and the names of what is no number.

    A tensor with one element is read at once; on a device, that waits for what the device is still to do.
    """
    numbers = [*given.values()]
    if {*map(type, numbers)} == _FLOATS:
        return tuple(given), numbers, []
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
