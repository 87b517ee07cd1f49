"""What every report is made of."""

from __future__ import annotations

from dataclasses import dataclass

from argus_otel.sources.checks.definition import Check
from argus_otel.sources.checks.outcomes import Outcome, Run


@dataclass(frozen=True, slots=True)
class Report:
    """Checks with a run of each.

    Attributes
    ----------
    location:
        Where they ran from.
    runs:
        In the file's order.
    """

    location: str
    runs: tuple[tuple[Check, Run], ...]

    def count(self, *outcomes: Outcome) -> int:
        """Return how many runs have one of these outcomes."""
        return sum(run.outcome in outcomes for _, run in self.runs)


def printable(text: str) -> str:
    """Return a text on one line, without what would move a terminal's cursor or is no character of XML."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def why(run: Run) -> str:
    """Return in one line why a run failed or warns; empty if it is good."""
    failure = run.failure
    if failure is None:
        return ""
    retried = f" ({len(run.attempts)} attempts)" if len(run.attempts) > 1 else ""
    return printable(f"{failure.error_type.value}: {failure.detail}{retried}")
