"""Targets, and whether one run reaches them, with intervals and controls.

A target is compared with the median. If the bound is inside the interval, the outcome gets a question mark. A target
without a bound has to be zero, which means within the noise of the control.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .results import Estimate, Result, ratio_of_added
from .tables import Table

Tables = Mapping[tuple[str, str], Table]
"""By part and name."""


@dataclass(frozen=True)
class Found:
    """The measurement for a target; ``control`` is that of what adds nothing."""

    estimate: Estimate
    control: Estimate


@dataclass(frozen=True)
class Target:
    """One target.

    Attributes
    ----------
    measure:
        Returns the measurement, or raises ``LookupError`` if part of it is missing.
    bound, moonshot:
        The maximum, in ``unit``. Without either, the maximum is the control's own deviation from zero.
    """

    title: str
    unit: str
    measure: Callable[[Tables], Found]
    bound: float | None = None
    moonshot: float | None = None

    @property
    def nothing(self) -> bool:
        """Whether it has to be zero."""
        return self.bound is None and self.moonshot is None


@dataclass(frozen=True)
class Outcome:
    """A target, and its measurement, if there is one."""

    target: Target
    found: Found | None

    @property
    def bound(self) -> float | None:
        """The maximum of the figure, if it is known."""
        if self.target.nothing and self.found:
            return max(abs(self.found.control.low), abs(self.found.control.high))
        return self.target.bound

    @property
    def said(self) -> str:
        """The outcome in words."""
        if self.found is None:
            return "not measured"
        beyond = self._of(self.target.moonshot)
        if self.bound is None:
            return f"moonshot {beyond}"
        return f"{self._of(self.bound)}{', moonshot too' if beyond == 'reached' else ''}"

    def _of(self, bound: float | None) -> str:
        """Return whether a bound is reached, with a question mark if the interval contains it."""
        if self.found is None or bound is None:
            return ""
        it = self.found.estimate
        words = "reached" if it.value <= bound else "not reached"
        return words if it.high <= bound or it.low > bound else f"{words} ?"


def outcomes(tables: Sequence[Table], targets: Iterable[Target]) -> list[Outcome]:
    """Return the outcome of every target."""
    found = {(table.part, table.name): table for table in tables}
    return [Outcome(target, _measured(target, found)) for target in targets]


def _measured(target: Target, tables: Tables) -> Found | None:
    try:
        return target.measure(tables)
    except LookupError:
        return None


LEGEND = """\
"to": the ratio of two added costs, found in the same rounds. ": A/A": at most what the control adds.
Targets are compared with the measurement; a question mark means that the bound is inside the interval."""


def cells(found: Sequence[Outcome]) -> list[list[str]]:
    """Return the headings, and the cells of each target."""
    rows = [["target", "outcome", "measured", "95 %", "A/A, 95 %", "at most", "moonshot"]]
    for it in found:
        unit = it.target.unit
        measured = ["", "", ""]
        if it.found:
            estimate, control = it.found.estimate, it.found.control
            measured = [f"{_figure(estimate.value)} {unit}", _interval(estimate), _interval(control)]
        bounds = [f"{_figure(bound)} {unit}" if bound is not None else "" for bound in (it.bound, it.target.moonshot)]
        rows.append([it.target.title, it.said, *measured, *bounds])
    return rows


def _interval(estimate: Estimate) -> str:
    return f"{_figure(estimate.low)} … {_figure(estimate.high)}"


def _figure(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def added(part: str, table: str, row: str, tables: Tables) -> Found:
    """Measure what a row adds to the bare one, beside what its control adds."""
    found = tables[part, table]
    return Found(_of(row_of(found, row)), _of(found.control))


def against(part: str, table: str, row: str, peer: str, control: str, tables: Tables) -> Found:
    """Measure the ratio of what a row and a peer add."""
    found = tables[part, table]
    below = row_of(found, peer).differences
    return Found(
        ratio_of_added(row_of(found, row).differences, below), ratio_of_added(row_of(found, control).differences, below)
    )


def _of(result: Result) -> Estimate:
    return Estimate(result.added, result.low, result.high)


def row_of(table: Table, name: str) -> Result:
    """Return a row; raise ``LookupError`` if it is missing."""
    if name not in table:
        raise LookupError(name)
    return table[name]


def within(part: str, table: str, row: str, control: str, tables: Tables) -> Found:
    """Measure what a row adds, beside what another row adds."""
    found = tables[part, table]
    return Found(_of(row_of(found, row)), _of(row_of(found, control)))
