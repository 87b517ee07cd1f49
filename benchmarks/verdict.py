"""Whether a short run shows that argus-otel has become expensive, judged by paired ratios and their control alone.

A busy machine slows the bare run as well, so no absolute time is judged. The noise of the control is
added to the ceiling; and a result above that is measured once more before it counts as a failure.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from . import loop, report
from .pairs import CONTROL
from .progress import Progress
from .results import Result
from .variants import OURS

CEILINGS = {"typing": 0.06, "slash": 0.60}
"""The part of the bare time that argus-otel must stay below: up to twice what is aimed at."""

ROUNDS = 15


@dataclass(frozen=True)
class Verdict:
    """The result of a short run of one scenario.

    Attributes
    ----------
    low:
        The low end of the interval of the added cost, as a share of the bare time.
    noise:
        The greatest deviation of the control's interval from zero, as such a share too.
    """

    scenario: str
    ceiling: float
    low: float
    noise: float

    @property
    def failed(self) -> bool:
        """Whether this fails the check."""
        return self.low > self.ceiling + self.noise

    def __str__(self) -> str:
        said = f"{self.scenario}: argus-otel adds at least {self.low:+.1%} (at most {self.ceiling:.0%}, and A/A"
        return f"{said} {self.noise:.1%}): {'TOO EXPENSIVE' if self.failed else 'fine'}"


def judge(scenario: str, results: Sequence[Result]) -> Verdict:
    """Judge one scenario's results."""
    by_name = {result.name: result for result in results}
    ours, control = by_name[OURS], by_name[CONTROL]
    noise = max(abs(control.low), abs(control.high)) / control.bare
    return Verdict(scenario, CEILINGS[scenario], ours.low / ours.bare, noise)


def short(scenarios: Sequence[str] | None, rounds: int | None, progress: Progress) -> int:
    """Measure what has a ceiling; print it, and return the exit code."""
    if sys.platform == "win32":
        print(loop.TOO_COARSE)
        return 0
    verdicts = _judged(scenarios or list(CEILINGS), rounds or ROUNDS, progress)
    again = [verdict.scenario for verdict in verdicts if verdict.failed]
    if again:
        print("\nonce more, to be sure:")
        verdicts = _judged(again, 2 * (rounds or ROUNDS), progress)
    if progress.stopped:
        return 130
    return int(any(verdict.failed for verdict in verdicts))


def _judged(scenarios: Sequence[str], rounds: int, progress: Progress) -> list[Verdict]:
    tables = loop.measure(scenarios, [OURS], rounds, progress, short=True)
    print(*(report.terminal(table) for table in tables), "", sep="\n\n")
    verdicts = [judge(table.name, table.results) for table in tables]
    print(*verdicts, sep="\n")
    return verdicts
