"""How long a run takes to start and to end, in a process that has just started."""

from __future__ import annotations

import random
from collections.abc import Sequence

from benchmarks.pairs import BARE
from benchmarks.progress import Progress
from benchmarks.tables import Table

from .variants import Variant, absolute, started

PART = "run"
UNIT = "ms"
FIRST, START, END = "first", "start", "end"
_STEPS = 200
_TITLES = {
    FIRST: "the start of the first run of a process, with the imports that it needs",
    START: "the start of another run in it",
    END: f"the end of a run of {_STEPS} logged steps",
}


def measure(variants: Sequence[Variant], rounds: int, progress: Progress) -> list[Table]:
    """Start each variant in each round, log some steps, and end it."""
    samples: dict[str, dict[str, list[float]]] = {what: {each.name: [] for each in variants} for what in _TITLES}
    shuffle = random.Random(1)
    for _ in progress.counting(PART)(rounds):
        for variant in shuffle.sample(list(variants), len(variants)):
            with started([variant]) as loops:
                loop = loops[variant.name]
                loop.steps(_STEPS, 60.0)
                for what, seconds in {FIRST: loop.start, **loop.end()}.items():
                    samples[what][variant.name].append(seconds * 1e3)
    if not samples[START][BARE]:
        return []
    return [Table(PART, what, title, UNIT, absolute(samples[what]), 1) for what, title in _TITLES.items()]
