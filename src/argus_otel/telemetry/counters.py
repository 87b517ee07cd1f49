"""Counters and up-down counters: pre-bound cells that a hook adds to.

``cells[key].value += 1`` takes no lock, starts no task and calls nothing of OpenTelemetry. On CPython with a GIL it is
exact across threads, because nothing is called between the load and the store.
"""

from __future__ import annotations

import sys

from .definitions import AttributeValue, Metric
from .families import Attributes, BoundFamily, Family

WITHOUT_GIL = (
    "this Python runs without a global interpreter lock (GIL): if two threads count the same thing at the same moment, "
    "one of the two counts may be lost. Set PYTHON_GIL=1, or use a build with a GIL, for exact counts"
)


def runs_without_gil() -> bool:
    """Whether ``+=`` on a shared cell may lose a count: on a free-threaded build whose GIL is off."""
    return not getattr(sys, "_is_gil_enabled", lambda: True)()


class CounterCell:
    """One number. Only hooks change it."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


class Counter(Family[CounterCell]):
    """The cells behind one or more counters.

    Several metrics may read the same cells, each by some of the attributes. The hook adds once, and the sums are made
    at collection.
    """

    def new_cell(self, attributes: Attributes) -> CounterCell:  # noqa: ARG002 - a histogram's cell needs them
        """Return a new cell at zero."""
        return CounterCell()

    def clear_cell(self, cell: CounterCell) -> None:
        """Set a cell to zero."""
        cell.value = 0

    def is_clear(self, cell: CounterCell) -> bool:
        """Whether nothing has been counted in a cell."""
        return not cell.value

    def bind(self, first: AttributeValue) -> BoundFamily[CounterCell]:
        """Fix the first attribute's value. The keys of the result are the second attribute's values."""
        return BoundFamily(self, first)

    def points(self, metric: Metric) -> list[tuple[Attributes, float]]:
        """Return the points of ``metric`` now: (attributes, value), summed over attributes that it does not have."""
        names = [attribute.name for attribute in metric.attributes]
        if metric.attributes == self.attributes:
            return [(attributes, cell.value) for attributes, cell in self.rows()]
        sums: dict[tuple[AttributeValue | None, ...], float] = {}
        for attributes, cell in self.rows():
            key = tuple(attributes.get(name) for name in names)
            sums[key] = sums.get(key, 0) + cell.value
        return [
            ({name: value for name, value in zip(names, key, strict=True) if value is not None}, total)
            for key, total in sums.items()
        ]
