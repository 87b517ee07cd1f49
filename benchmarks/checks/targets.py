"""What service checks aim at, and whether one run reaches it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from . import beside_bot, blackbox, durations, messages, probers, probes, schedule
from .figures import Figures

Tables = Mapping[str, Mapping[str, Mapping[str, float]]]
"""The values of each table, by its name, row, and what they are."""


@dataclass(frozen=True)
class Target:
    """One target.

    Attributes
    ----------
    measure:
        Returns the measurement, or raises ``KeyError`` if it was not made.
    bound:
        The most that it may be; the least if ``at_least``.
    """

    title: str
    measure: Callable[[Tables], float]
    bound: float
    unit: str = ""
    at_least: bool = False

    def reached(self, value: float) -> bool:
        """Whether a measurement is within the bound."""
        return value >= self.bound if self.at_least else value <= self.bound


def _value(table: str, row: str, what: str) -> Callable[[Tables], float]:
    return lambda tables: tables[table][row][what]


def _per_core(scheme: str, row: str, bound: float) -> Target:
    measure = _value(f"{probes.PART} {scheme}", row, "per core")
    return Target(f"{scheme} probes per core, {row}", measure, bound, "/s", at_least=True)


def _scheduled(row: str, late: float, share: float) -> Iterator[Target]:
    def of(what: str) -> Callable[[Tables], float]:
        return _value(schedule.PART, row, what)

    yield Target(f"{row}: slots missed, or run twice", lambda it: of("missed")(it) + of("doubled")(it), 0)
    yield Target(f"{row}: lateness, p99", of("late p99"), late, "ms")
    yield Target(f"{row}: processor", lambda it: 100 * of("share")(it), share, "% of a core")
    yield Target(f"{row}: memory", of("MB"), 250, "MB")


def _scraped(tables: Tables) -> float:
    found = tables[schedule.PART]
    if "scrapes failed" not in found[schedule.SCRAPED]:
        raise KeyError("a run shorter than the time between two scrapes")
    return found[schedule.SCRAPED]["error p99"] - found[schedule.PLAIN]["error p99"]


def _beside_blackbox(tables: Tables) -> float:
    found = tables[durations.PART]
    return abs(found[probers.METRICS]["p50"] - found[blackbox.NAME]["p50"])


def _lag(tables: Tables) -> float:
    """Return how far the lag with checks is outside what the control alone does, in ms."""
    found = tables[beside_bot.PART]
    control = found[beside_bot.CONTROL]
    return max(0.0, found[beside_bot.CHECKS]["lag"] - max(abs(control["lag low"]), abs(control["lag high"])))


TARGETS = (
    _per_core("http", probers.METRICS, 3000),
    _per_core("http", probers.EVERYTHING, 2000),
    _per_core("https", probers.EVERYTHING, 700),
    Target("duration's error, p50", _value(durations.PART, probers.METRICS, "p50"), 1, "ms"),
    Target("duration's error, p99", _value(durations.PART, probers.METRICS, "p99"), 10, "ms"),
    Target("duration beyond its phases, p99", _value(durations.PART, probers.METRICS, "beyond"), 0, "ms"),
    Target(f"duration's error beside {blackbox.NAME}'s, p50", _beside_blackbox, 2, "ms"),
    *_scheduled(schedule.PLAIN, 20, 35),
    *_scheduled(schedule.HANGING, 20, 35),
    *_scheduled(schedule.HTTPS, 60, 65),
    Target("duration's error, p99, added by scrapes", _scraped, 3, "ms"),
    Target("scrapes failed", _value(schedule.PART, schedule.SCRAPED, "scrapes failed"), 0),
    Target("largest message", _value(messages.PART, "agent", "largest"), messages.LIMIT, "bytes"),
    Target("messages refused", _value(messages.PART, "agent", "refused"), 0),
    Target("100 checks in a bot: processor", _value(beside_bot.PART, beside_bot.CHECKS, "core"), 1, "% of a core"),
    Target("100 checks in a bot: loop's lag beyond A/A", _lag, 0, "ms"),
)


def cells(found: Sequence[Figures]) -> list[list[str]]:
    """Return the headings, and a row for each target that was measured."""
    tables = {table.name: table.values for table in found}
    rows = [["target", "outcome", "measured", "bound"]]
    for target in TARGETS:
        try:
            value = target.measure(tables)
        except KeyError:
            continue
        outcome = "reached" if target.reached(value) else "not reached"
        bound = f"{'at least' if target.at_least else 'at most'} {_figure(target.bound)} {target.unit}".rstrip()
        rows.append([target.title, outcome, f"{_figure(value)} {target.unit}".rstrip(), bound])
    return rows


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 100 else f"{value:.2f}"
