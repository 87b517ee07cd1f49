"""One variant against the bare one, and how sure that is.

Every interval is a bootstrap over rounds: the rounds are drawn again, a thousand times, and the middle 95 % of what
comes out is shown. A round is drawn as a whole: what the machine did in it stays in all that is compared.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

DRAWS = 1000
_LOW, _HIGH = 25, 974


@dataclass(frozen=True)
class Estimate:
    """A figure, and the middle 95 % of where it may be."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Result:
    """One variant against the bare one, in the unit of its table.

    Attributes
    ----------
    each:
        Median of the variant itself.
    added:
        Median of the paired differences to the bare variant.
    low, high:
        The middle 95 % of that median, by bootstrap over the rounds.
    bare:
        Median of the bare variant.
    records:
        How much was recorded for each piece of work, counted apart from the timing; ``None`` where that is not counted.
    differences:
        Those to the bare variant, a figure for each round.
    """

    name: str
    each: float
    added: float
    low: float
    high: float
    bare: float
    records: float | None = None
    differences: Sequence[float] = field(default=(), repr=False)

    @property
    def ratio(self) -> float | None:
        """What is added, as a part of the bare figure, where there is such."""
        return self.added / self.bare if self.bare else None

    @property
    def control(self) -> bool:
        """Whether this is the same as the bare variant: what it adds is what the method sees where there is nothing."""
        return self.name.endswith("(A/A)")


def compared(
    samples: Mapping[str, Sequence[float]],
    bare: str,
    records: Mapping[str, float] | None = None,
    centre: Callable[[Sequence[float]], float] = statistics.median,
    seed: int = 1,
) -> list[Result]:
    """Compare every variant with the bare one, round by round.

    Parameters
    ----------
    samples:
        A figure for each round, by variant; the same rounds in each.
    bare:
        The variant that the others are compared with.
    centre:
        What stands for all rounds: the median, unless what happens rarely is to count.
    """
    shuffle = random.Random(seed)
    found: list[Result] = []
    for name, mine in samples.items():
        pairs = [a - b for a, b in zip(mine, samples[bare], strict=True)]
        drawn = sorted(centre(shuffle.choices(pairs, k=len(pairs))) for _ in range(DRAWS))
        record = None if records is None else records[name]
        found.append(
            Result(name, centre(mine), centre(pairs), drawn[_LOW], drawn[_HIGH], centre(samples[bare]), record, pairs)
        )
    return found


def ratio_of_added(above: Sequence[float], below: Sequence[float], seed: int = 1) -> Estimate:
    """Return the ratio of two added costs, which were found in the same rounds.

    It is the ratio of the two medians, and not the median of each round's ratio: in a round in which the lower cost
    happened to be near nothing, its ratio is beyond all measure, or negative. The interval draws whole rounds, so above
    and below stay paired. Where what is below may be nothing, the interval has no upper end.
    """
    shuffle = random.Random(seed)
    rounds = list(zip(above, below, strict=True))
    drawn = sorted(_ratio(shuffle.choices(rounds, k=len(rounds))) for _ in range(DRAWS))
    return Estimate(_ratio(rounds), drawn[_LOW], drawn[_HIGH])


def _ratio(rounds: Sequence[tuple[float, float]]) -> float:
    below = statistics.median(pair[1] for pair in rounds)
    return statistics.median(pair[0] for pair in rounds) / below if below > 0 else math.inf
