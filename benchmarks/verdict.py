"""Whether a short run shows that argus-otel has become expensive: by paired ratios alone, and beside their control.

A busy machine slows the bare run as well. So nothing here looks at absolute time, and a run whose control is not quiet
says nothing, rather than something wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .pairs import CONTROL, Result
from .variants import OURS

CEILINGS = {"typing": 0.12, "slash": 0.90}
"""The part of the bare time that argus-otel must surely stay below: a multiple of what is aimed at, not the aim."""

QUIET = 0.25
"""How wide a part of the ceiling the control's interval may reach to, on either side of nothing."""


@dataclass(frozen=True)
class Verdict:
    """What a short run of one scenario shows.

    Attributes
    ----------
    quiet:
        Whether the control is near enough to nothing for the rest to mean something.
    expensive:
        Whether even the low end of the interval is above the ceiling.
    """

    scenario: str
    ceiling: float
    low: float
    control: tuple[float, float]
    quiet: bool
    expensive: bool

    @property
    def failed(self) -> bool:
        """Whether this is to stop a change."""
        return self.quiet and self.expensive

    def __str__(self) -> str:
        control = f"A/A {self.control[0]:+.1%} … {self.control[1]:+.1%}"
        said = f"{self.scenario}: argus-otel adds at least {self.low:+.1%} (at most {self.ceiling:.0%}); {control}"
        if not self.quiet:
            return f"{said}: too noisy to tell"
        return f"{said}: {'TOO EXPENSIVE' if self.expensive else 'fine'}"


def judge(scenario: str, results: Sequence[Result]) -> Verdict:
    """Judge one scenario's results."""
    by_name = {result.name: result for result in results}
    ours, control = by_name[OURS], by_name[CONTROL]
    ceiling = CEILINGS[scenario]
    reach = (control.low / control.bare, control.high / control.bare)
    low = ours.low / ours.bare
    quiet = max(abs(reach[0]), abs(reach[1])) <= QUIET * ceiling
    return Verdict(scenario, ceiling, low, reach, quiet, low > ceiling)
