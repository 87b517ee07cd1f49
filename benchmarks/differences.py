"""Paired differences to a bare run, and their table: for what is measured in whole processes."""

from __future__ import annotations

import random
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """What one variant adds to the bare one, in the unit of what was measured.

    Attributes
    ----------
    each:
        Median of the variant itself.
    added:
        Median of the paired differences to the bare variant.
    low, high:
        The middle 95 % of that median, by bootstrap over the rounds.
    """

    name: str
    each: float
    added: float
    low: float
    high: float


def differences(samples: Mapping[str, Sequence[float]], bare: str, seed: int = 1) -> list[Difference]:
    """Compare every variant with the bare one, round by round.

    Parameters
    ----------
    samples:
        One figure for each round and variant; the same rounds in each.
    bare:
        The variant that the others are compared with. It is left out of what is returned but for its median.
    """
    shuffle = random.Random(seed)
    found: list[Difference] = []
    for name, mine in samples.items():
        pairs = [a - b for a, b in zip(mine, samples[bare], strict=True)]
        medians = sorted(statistics.median(shuffle.choices(pairs, k=len(pairs))) for _ in range(1000))
        found.append(Difference(name, statistics.median(mine), statistics.median(pairs), medians[25], medians[975]))
    return found


def table(title: str, unit: str, rows: Sequence[Difference], digits: int = 1) -> str:
    """Return a table with a line for each variant."""
    width = max(28, *(len(row.name) + 2 for row in rows))
    lines = [f"{title}, {unit}", f"{'':<{width}}{'each':>11}{'added':>11}{'95 % of the median':>24}"]
    for row in rows:
        spread = f"{row.low:+.{digits}f} … {row.high:+.{digits}f}"
        lines.append(f"{row.name:<{width}}{row.each:>11.{digits}f}{row.added:>+11.{digits}f}{spread:>24}")
    return "\n".join(lines)
