"""A report as a table for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from argus_otel.sources.checks.outcomes import Outcome
from argus_otel.terminal import records

from .report import Report, printable, why

_LETTERS = {"dns": "d", "connect": "c", "tls": "t", "send": "s", "first_byte": "f", "transfer": "x"}
_WIDTH = 12
_WORDS = {Outcome.OK: "good", Outcome.WARN: "with a warning", Outcome.FAILED: "failed", Outcome.UNKNOWN: "unknown"}


@dataclass(frozen=True, slots=True)
class _Row:
    check: str
    type: str
    outcome: str
    duration: float = field(metadata={"unit": "s"})
    phases: str
    why: str


def print_table(report: Report) -> None:
    """Print the table, a summary and a legend."""
    rows = [
        _Row(check.name, check.executor.type, run.outcome.value, run.last.duration, bar(run.last.phases), why(run))
        for check, run in report.runs
    ]
    records.print_table(rows)
    told = ", ".join(f"{number} {words}" for outcome, words in _WORDS.items() if (number := report.count(outcome)))
    legend = ", ".join(f"{letter} {phase}" for phase, letter in _LETTERS.items())
    print(f"\n{told or 'no checks'}, from {printable(report.location)}. Phases: {legend}.")


def bar(phases: Mapping[str, float]) -> str:
    """Return a bar of a fixed width, of each phase's letter as often as its share of the time asks for."""
    known = {phase: seconds for phase, seconds in phases.items() if phase in _LETTERS}
    total = sum(known.values())
    if not total:
        return ""
    drawn, passed = "", 0.0
    for phase, seconds in known.items():
        passed += seconds
        drawn += _LETTERS[phase] * (round(passed / total * _WIDTH) - len(drawn))
    return drawn
