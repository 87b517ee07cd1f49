"""The values that are logged at one step, as a row of history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from argus_otel.telemetry import AttributeValue

from . import attributes as a

_LONGEST = 480
"""The most characters of the names in one row: history cuts a text after 500."""

_MOST = 18
"""The most values in one row, by the same limit: one has 25 characters at most."""

_SEPARATOR = str.maketrans(",", ";")


def in_rows(names: Sequence[str]) -> tuple[slice, ...]:
    """Return which of the values go into which row."""
    slices: list[slice] = []
    start = length = 0
    for place, name in enumerate(names):
        length += len(name) + 1
        if place > start and (length > _LONGEST or place - start >= _MOST):
            slices.append(slice(start, place))
            start, length = place, len(name) + 1
    return (*slices, slice(start, len(names)))


class PointAttributes(Mapping[str, AttributeValue]):
    """The attributes of such a row. History's own thread makes them, not the one that trains."""

    __slots__ = ("_common", "_step", "_epoch", "_names", "_values", "_made")

    def __init__(
        self,
        common: Mapping[str, AttributeValue],
        step: int,
        epoch: float,
        names: Sequence[str],
        values: Sequence[float],
    ) -> None:
        self._common = common
        self._step = step
        self._epoch = epoch
        self._names = names
        self._values = values
        self._made: dict[str, AttributeValue] | None = None

    def _attributes(self) -> dict[str, AttributeValue]:
        if self._made is None:
            self._made = {
                **self._common,
                a.STEP.name: self._step,
                a.EPOCH.name: self._epoch,
                a.NAMES.name: ",".join([name.translate(_SEPARATOR) for name in self._names]),
                a.VALUES.name: ",".join(map(repr, self._values)),
            }
        return self._made

    def __getitem__(self, name: str) -> AttributeValue:
        return self._attributes()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._attributes())

    def __len__(self) -> int:
        return len(self._attributes())
