"""One variant compared with the bare one, and the interval of the difference.

Every interval is a bootstrap over rounds: rounds are resampled a thousand times, and the middle 95 % of the results
is shown. A round is resampled as a whole, so the state of the machine affects all variants alike.
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
    """A figure, and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Result:
    """One variant compared with the bare one, in the unit of its table.

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
        The number of records for each piece of work, counted apart from the timing; ``None`` if not counted.
    differences:
        The difference to the bare variant in each round.
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
        """The added cost as a share of the bare figure, if that is not zero."""
        return self.added / self.bare if self.bare else None

    @property
    def control(self) -> bool:
        """Whether this is the bare variant again: its "cost" is the noise of the method."""
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
        A figure for each round, by variant; all with the same rounds.
    bare:
        The variant that the others are compared with.
    centre:
        The statistic over all rounds: the median, unless rare events have to count.
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
    """Return the ratio of two added costs from the same rounds.

    It is the ratio of the two medians, not the median of the rounds' ratios: if the denominator happens to be near zero
    in a round, that ratio is huge, or negative. The interval resamples whole rounds, so numerator
    and denominator stay paired. If the denominator may be zero, the interval has no upper end.
    """
    shuffle = random.Random(seed)
    rounds = list(zip(above, below, strict=True))
    drawn = sorted(_ratio(shuffle.choices(rounds, k=len(rounds))) for _ in range(DRAWS))
    return Estimate(_ratio(rounds), drawn[_LOW], drawn[_HIGH])


def _ratio(rounds: Sequence[tuple[float, float]]) -> float:
    below = statistics.median(pair[1] for pair in rounds)
    return statistics.median(pair[0] for pair in rounds) / below if below > 0 else math.inf
