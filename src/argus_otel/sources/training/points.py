"""The values that are logged at several steps in a row, as one row of history.

A program may log thousands of steps a second. A row for each would cost more than the values in it, on every way to the
store: so steps are added to a row until history takes it, which is each second, or until it is full.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import Lock
from time import time_ns

from argus_otel.telemetry import AttributeValue, SeveralEvents, WholeText

from . import attributes as a

MOST_STEPS = 100
"""The most steps in one row."""

_MOST_VALUES = 2000
"""About the most values in one row: one has 25 characters at most."""

_SEPARATOR = str.maketrans(",", ";")


_Step = tuple[int, float, int, Sequence[float]]
"""Number, epoch, when it was logged in ns since 1970, values. A named tuple would take three times as long."""


class Points(SeveralEvents):
    """The attributes of such a row, to which steps are added until history's own thread reads them.

    Parameters
    ----------
    common:
        The attributes that all points of the run in this phase have.
    names:
        The names of the values.
    """

    __slots__ = ("_common", "_names", "_steps", "_most", "_reading", "_read", "_taken", "_made")

    def __init__(self, common: Mapping[str, AttributeValue], names: Sequence[str]) -> None:
        self._common = common
        self._names = names
        self._steps: list[_Step] = []
        self._most = min(MOST_STEPS, max(1, _MOST_VALUES // max(1, len(names))))
        self._reading = Lock()
        self._read = False
        self._taken: list[_Step] | None = None
        self._made: dict[str, AttributeValue] | None = None

    def add(self, step: int, epoch: float, values: Sequence[float]) -> bool:
        """Add the values of a step; return whether they are in the row: not if it is full, or has been read.

        Any thread. The lock is taken only around the moment in which the row is read.
        """
        if len(self._steps) >= self._most:
            return False
        added = (step, epoch, time_ns(), values)
        self._steps.append(added)
        if not self._read:
            return True  # who reads it from now on finds it
        with self._reading:
            return self._taken is None or any(each is added for each in self._taken)

    @property
    def number(self) -> int:
        """How many steps it has."""
        return len(self._steps if self._taken is None else self._taken)

    def _attributes(self) -> dict[str, AttributeValue]:
        if self._made is None:
            with self._reading:
                self._read = True
                if self._taken is None:
                    self._taken = list(self._steps)
            steps = self._taken
            epochs = [epoch for _, epoch, _, _ in steps]
            self._made = {
                **self._common,
                a.STEP.name: _listed(step for step, _, _, _ in steps),
                a.EPOCH.name: _listed(epochs[:1] if len(set(epochs)) == 1 else epochs),
                a.OFFSETS.name: _listed((at - steps[0][2]) // 1000 for _, _, at, _ in steps),
                a.NAMES.name: _listed(name.translate(_SEPARATOR) for name in self._names),
                a.VALUES.name: _listed(value for *_, values in steps for value in values),
            }
        return self._made

    def __getitem__(self, name: str) -> AttributeValue:
        return self._attributes()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._attributes())

    def __len__(self) -> int:
        return len(self._attributes())


def points_of(
    common: Mapping[str, AttributeValue], names: Sequence[str], step: int, values: Sequence[float]
) -> dict[str, AttributeValue]:
    """Return the attributes of the row of a single step, as one of another tool."""
    row = Points(common, names)
    row.add(step, 0.0, values)
    return dict(row)


def _listed(items: Iterable[object]) -> WholeText:
    return WholeText(",".join([item if isinstance(item, str) else repr(item) for item in items]))
