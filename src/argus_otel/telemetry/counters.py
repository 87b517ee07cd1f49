"""Counters and up-down counters: pre-bound cells that a hook adds to.

``cells[key].value += 1`` takes no lock, starts no task and calls nothing of OpenTelemetry. On CPython with a GIL no
other thread can come in between, because nothing is called between the load and the store.
"""

from __future__ import annotations

import sys

from .definitions import AttributeValue, Metric
from .families import Attributes, Bound, Family

WITHOUT_GIL = (
    "this Python runs without a global interpreter lock (GIL): where two threads count the same thing at the same "
    "moment, one of the two may be lost. Set PYTHON_GIL=1, or use a build with a GIL, for counts that are exact"
)


def runs_without_gil() -> bool:
    """Whether ``+=`` on a cell that threads share may lose a count: on a free-threaded build whose GIL is off."""
    return not getattr(sys, "_is_gil_enabled", lambda: True)()


class CounterCell:
    """One number that only its hooks change."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


class Counter(Family[CounterCell]):
    """The cells behind one or more counters.

    Several metrics may be read from the same cells, each by some of the attributes: the hook adds once, and the sums
    are made when somebody collects.
    """

    def new_cell(self, attributes: Attributes) -> CounterCell:  # noqa: ARG002 - a histogram's cell needs them
        """Make a cell at zero."""
        return CounterCell()

    def clear_cell(self, cell: CounterCell) -> None:
        """Set a cell to zero."""
        cell.value = 0

    def is_clear(self, cell: CounterCell) -> bool:
        """Whether nothing has been counted in a cell."""
        return not cell.value

    def bind(self, first: AttributeValue) -> Bound[CounterCell]:
        """Fix the first attribute's value. The result's keys are the second attribute's values."""
        return Bound(self, first)

    def points(self, metric: Metric) -> list[tuple[Attributes, float]]:
        """Return ``metric``'s points now: (attributes, value), summed over the attributes that it does not have."""
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
