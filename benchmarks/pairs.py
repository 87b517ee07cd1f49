"""Paired rounds: each round times every variant once, in random order; differences are taken within a round.

The machine's speed drifts over seconds, and a round lasts milliseconds, so what drifts falls out of the difference. The
control is the bare variant a second time under another name: its "cost" is what this method sees where there is none.
"""

from __future__ import annotations

import asyncio
import gc
import random
import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import thread_time

BARE = "bare"
CONTROL = "bare again (A/A)"


Work = Callable[[], Awaitable[int]]


@dataclass(frozen=True)
class Variant:
    """One way to run the same work: ``enter`` and ``leave`` are called outside the timed part."""

    name: str
    enter: Callable[[], None]
    leave: Callable[[], None]


@dataclass(frozen=True)
class Result:
    """One variant against the bare one: microseconds for each piece of work.

    Attributes
    ----------
    each:
        Median time.
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

    @property
    def ratio(self) -> float:
        """What is added, as a part of the bare time."""
        return self.added / (self.each - self.added)


def compare(
    loop: asyncio.AbstractEventLoop,
    prepare: Callable[[], Work],
    variants: Sequence[Variant],
    rounds: int,
    seed: int = 1,
) -> list[Result]:
    """Time work under each variant, and return the results in the variants' order.

    Parameters
    ----------
    prepare:
        Makes fresh work, outside the timed part. The work is a coroutine function that returns how many pieces it did.
    """
    shuffle = random.Random(seed)
    times: dict[str, list[float]] = {variant.name: [] for variant in variants}
    for number in range(rounds + 5):
        for variant in shuffle.sample(list(variants), len(variants)):
            variant.enter()
            # Patching a class makes the interpreter forget what it had learnt of it: let it learn again before timing.
            loop.run_until_complete(prepare()())
            elapsed = loop.run_until_complete(_timed(prepare()))
            variant.leave()
            if number >= 5:  # the first rounds warm caches and the interpreter's specialisation
                times[variant.name].append(elapsed)
    bare = times[BARE]
    return [_result(variant.name, times[variant.name], bare, shuffle) for variant in variants]


async def _timed(work: Work) -> float:
    gc.collect()
    gc.disable()
    started = thread_time()
    pieces = await work()
    elapsed = thread_time() - started
    gc.enable()
    return elapsed / pieces * 1e6


def _result(name: str, times: list[float], bare: list[float], shuffle: random.Random) -> Result:
    differences = [mine - theirs for mine, theirs in zip(times, bare, strict=True)]
    medians = sorted(statistics.median(shuffle.choices(differences, k=len(differences))) for _ in range(1000))
    return Result(name, statistics.median(times), statistics.median(differences), medians[25], medians[975])
