"""A table of free columns, and what its cells are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.results import Estimate, ratio_of_added


@dataclass(frozen=True)
class Figures:
    """The result of one measurement.

    Attributes
    ----------
    name:
        Its identification, for the targets and in JSON.
    columns:
        The headings, the first of them over the rows' names.
    rows:
        The cells, each row's name first.
    values:
        The figures themselves, by row and what they are, for the targets and for JSON.
    notes:
        Lines below the table.
    """

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    values: Mapping[str, Mapping[str, float]]
    notes: Sequence[str] = field(default=())

    def cells(self) -> list[list[str]]:
        """Return the headings and the rows."""
        return [list(self.columns), *map(list, self.rows)]


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that a share of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def ratio(above: Sequence[float], below: Sequence[float]) -> tuple[Estimate, str]:
    """Return the ratio of two medians of the same rounds, with its 95 % interval, and as text."""
    found = ratio_of_added(above, below)
    return found, f"{found.value:.2f} ({found.low:.2f} … {found.high:.2f})"
