"""Targets for the cost of argus-otel, and whether one run reaches them, with intervals and controls.

A target is compared with the median. If the bound is inside the interval, the outcome gets a
question mark. Comparisons with a peer are ratios of two added costs from the same rounds:
:func:`~benchmarks.results.ratio_of_added` explains them. A scrape's cost on the event loop, and the growth in a
soak, have to be zero, which means within the noise of the control.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from . import scrape, soak, startup
from .pairs import CONTROL
from .processes import DISTRO
from .processes import PEER as ARGUS_DPY
from .results import Estimate, Result, ratio_of_added
from .tables import Table
from .variants import OURS, TRACED

_TIMES = "times"

Tables = Mapping[tuple[str, str], Table]
"""By part and name."""


@dataclass(frozen=True)
class Found:
    """The measurement for a target; ``control`` is that of a bare bot."""

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


def outcomes(tables: Sequence[Table], users: int) -> list[Outcome]:
    """Return the outcome of every target, for scrapes with a number of cached users."""
    found = {(table.part, table.name): table for table in tables}
    return [Outcome(target, _measured(target, found)) for target in targets(users)]


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


def _added(part: str, table: str, row: str, tables: Tables) -> Found:
    found = tables[part, table]
    return Found(_of(_row(found, row)), _of(found.control))


def _share(part: str, table: str, row: str, tables: Tables) -> Found:
    found = _added(part, table, row, tables)
    bare = tables[part, table].control.bare / 100

    def share(estimate: Estimate) -> Estimate:
        return Estimate(estimate.value / bare, estimate.low / bare, estimate.high / bare)

    return Found(share(found.estimate), share(found.control))


def _against(part: str, table: str, row: str, peer: str, control: str, tables: Tables) -> Found:
    found = tables[part, table]
    below = _row(found, peer).differences
    return Found(
        ratio_of_added(_row(found, row).differences, below), ratio_of_added(_row(found, control).differences, below)
    )


def _of(result: Result) -> Estimate:
    return Estimate(result.added, result.low, result.high)


def _row(table: Table, name: str) -> Result:
    if name not in table:
        raise LookupError(name)
    return table[name]


def _within(part: str, table: str, row: str, control: str, tables: Tables) -> Found:
    found = tables[part, table]
    return Found(_of(_row(found, row)), _of(_row(found, control)))


def _event(kind: str, table: str) -> Iterator[Target]:
    yield Target(f"gateway event, {kind}", "µs", partial(_added, "loop", table, OURS), 0.5, 0.25)
    yield Target(f"gateway event, {kind}, part of bare", "%", partial(_share, "loop", table, OURS), 4.0, 2.0)


def _slash(title: str, row: str, bound: float) -> Target:
    measure = partial(_against, "loop", "slash", row, ARGUS_DPY, CONTROL)
    return Target(f"slash command, {title}, to argus-dpy's", _TIMES, measure, bound)


def _scrapes(users: int) -> Iterator[Target]:
    ours, theirs = scrape.named(OURS, users), scrape.named(ARGUS_DPY, users)
    control = f"{ours}: {scrape.CONTROL}"
    on_the_loop = partial(_within, scrape.PART, "loop", ours, control)
    yield Target(f"scrape, {users} users, on the event loop: A/A", "µs", on_the_loop)
    against = partial(_against, scrape.PART, "series", ours, theirs, control)
    yield Target(f"scrape, {users} users, to argus-dpy's of as many series", _TIMES, against, 1.0)


def _starts(what: str, title: str) -> Iterator[Target]:
    for row in (OURS, startup.ONE_LINE, startup.INSTRUMENTED, f"{OURS}, OTLP", f"{startup.INSTRUMENTED}, OTLP"):
        distro = f"{DISTRO}, OTLP" if row.endswith("OTLP") else DISTRO
        measure = partial(_against, startup.PART, what, row, distro, CONTROL)
        yield Target(f"start, {title}: {row}, to distro's", _TIMES, measure, 1.0, 0.5)


def targets(users: int) -> list[Target]:
    """Return all targets, for scrapes with a number of cached users."""
    few, many = scrape.named(OURS, 0), scrape.named(OURS, users)
    flat = partial(_against, scrape.PART, "cpu", many, few, f"{few}: {scrape.CONTROL}")
    event = partial(_against, "loop", "typing", OURS, ARGUS_DPY, CONTROL)
    return [
        *_event("AutoShardedBot", "typing"),
        *_event("discord.Client", "typing-client"),
        Target("gateway event, AutoShardedBot, to argus-dpy's", _TIMES, event, moonshot=0.04),
        _slash("metrics only", OURS, 0.5),
        Target("slash command, metrics only", "µs", partial(_added, "loop", "slash", OURS), moonshot=5.0),
        _slash("traced at 1 %", TRACED[1], 1.0),
        Target("slash command, traced at 1 %", "µs", partial(_added, "loop", "slash", TRACED[1]), moonshot=12.0),
        Target("slash command, traced at 100 %", "µs", partial(_added, "loop", "slash", TRACED[2]), 60.0, 40.0),
        *_scrapes(0),
        *_scrapes(users),
        Target(f"scrape, {users} users, to that of none (a tenth is granted)", _TIMES, flat, 1.1),
        *_starts("processor", "time"),
        *_starts("resident", "memory"),
        *(
            Target(f"{title}: A/A", unit, partial(_within, soak.PART, what, OURS, CONTROL))
            for what, (title, unit) in soak.COUNTED.items()
        ),
    ]
