"""A logged step of three values, and a loop that works and logs each step. Every variant is a process of its own.

The processes are asked in turns, in random order, so that each round times all of them within some seconds.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

from benchmarks.pairs import BARE
from benchmarks.progress import Count, Progress
from benchmarks.results import compared
from benchmarks.tables import Table

from .variants import OURS, Started, Variant, absolute, started

PART, LOOP = "logged", "loop"
UNIT = "µs"
MEDIAN, P99, STEP, PROCESSOR = "median", "p99", "step", "processor"
BESIDE = "beside"
LONGEST = 0.5
"""Seconds after which a round of a variant ends, however few steps were logged."""

Samples = dict[str, dict[str, list[float]]]
"""The figures of each round, by what they are and variant."""


def measure(variants: Sequence[Variant], steps: int, rounds: int, progress: Progress) -> list[Table]:
    """Time logged steps, one after the other."""
    found = _asked(variants, lambda it: it.steps(steps, LONGEST), (MEDIAN, P99), rounds, progress.counting(PART))
    if not found[MEDIAN][BARE]:
        return []
    without = {
        name: [each - bare for each, bare in zip(figures, found[MEDIAN][BARE], strict=True)]
        for name, figures in found[MEDIAN].items()
        if name != BARE
    }
    beside = compared(without, OURS)
    return [
        Table(PART, MEDIAN, "a logged step of 3 values, median", UNIT, absolute(found[MEDIAN])),
        Table(PART, P99, "a logged step of 3 values, 99th percentile", UNIT, absolute(found[P99])),
        Table(PART, BESIDE, f"a logged step of 3 values, median, beside {OURS}", UNIT, beside),
    ]


def measure_loop(variants: Sequence[Variant], steps: int, rounds: int, progress: Progress) -> list[Table]:
    """Time a loop that works for a third of a millisecond, and logs each step."""
    found = _asked(variants, lambda it: it.loop(steps), (STEP, PROCESSOR), rounds, progress.counting(LOOP))
    if not found[STEP][BARE]:
        return []
    titles = {
        STEP: "a step of a loop that works for a third of a millisecond and logs 3 values",
        PROCESSOR: "the processor's time of such a step, all threads",
    }
    return [Table(LOOP, what, title, UNIT, compared(found[what], BARE), 1) for what, title in titles.items()]


def _asked(
    variants: Sequence[Variant],
    ask: Callable[[Started], Mapping[str, float]],
    whats: Sequence[str],
    rounds: int,
    count: Count,
) -> Samples:
    found: Samples = {what: {variant.name: [] for variant in variants} for what in whats}
    shuffle = random.Random(1)
    with started(variants) as loops:
        for number in count(rounds + 1):
            for name in shuffle.sample(list(loops), len(loops)):
                figures = ask(loops[name])
                if number:  # the first round warms up
                    for what in whats:
                        found[what][name].append(figures[what])
    return found
