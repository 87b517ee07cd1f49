"""Paired rounds: each round times every variant once, in random order; differences are taken within a round.

The machine's speed drifts over seconds, and a round lasts milliseconds, so the drift cancels out in the difference. The
control is the bare variant a second time under another name: its "cost" is the noise of the method.
"""

from __future__ import annotations

import gc
import random
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from time import thread_time
from typing import Any, Generic, Protocol, TypeVar

from .results import Result, compared

BARE = "bare"
CONTROL = "bare again (A/A)"

WARM_UP = 5
"""Rounds that are not counted: they warm caches, and the interpreter's specialisation."""

Work = Callable[[], Awaitable[int]]
"""What is timed; it returns how many pieces of work it did."""

S = TypeVar("S")
R = TypeVar("R")


class Runner(Protocol):
    """Runs work: an event loop, or :data:`WITHOUT_LOOP`."""

    def run_until_complete(self, future: Coroutine[Any, Any, R], /) -> R:
        """Run a coroutine, and return its result."""
        ...


class _WithoutLoop:
    """Runs work that awaits nothing, as a program without an event loop does it."""

    def run_until_complete(self, future: Coroutine[Any, Any, R], /) -> R:
        try:
            future.send(None)
        except StopIteration as ended:
            return ended.value
        future.close()
        raise RuntimeError("work without an event loop has to await nothing")


WITHOUT_LOOP: Runner = _WithoutLoop()


def _nothing() -> None:
    pass


def _none() -> float:
    return 0.0


@dataclass(frozen=True)
class Variant(Generic[S]):
    """One way to run the same work.

    Attributes
    ----------
    subject:
        The bot, or another object, that does the work.
    enter, leave:
        Called before and after, outside the timed part.
    recorded:
        Returns the number of records that the measured package has made so far.
    """

    name: str
    subject: S
    enter: Callable[[], None] = _nothing
    leave: Callable[[], None] = _nothing
    recorded: Callable[[], float] = _none


def compare(
    loop: Runner,
    prepare: Callable[[S], Work],
    variants: Sequence[Variant[S]],
    rounds: int,
    seed: int = 1,
    count: Callable[[int], Iterable[int]] = range,
    clock: Callable[[], float] = thread_time,
) -> list[Result]:
    """Time work under each variant, and return the results in the variants' order.

    Parameters
    ----------
    prepare:
        Makes fresh work with a variant's subject, outside the timed part.
    variants:
        One of them is named :data:`BARE`; the others are compared with it.
    count:
        Counts the rounds, including those of the warm-up; if it ends early, the finished rounds are compared.
    clock:
        In seconds: by default the processor time of this thread. Work on other threads needs that of the process.

    Returns
    -------
        A result for each variant, or none if no round was timed.
    """
    shuffle = random.Random(seed)
    times: dict[str, list[float]] = {variant.name: [] for variant in variants}
    for number in count(rounds + WARM_UP):
        for variant in shuffle.sample(list(variants), len(variants)):
            variant.enter()
            # Patching a class discards the interpreter's specialisation for it: warm up again before timing.
            loop.run_until_complete(_run(prepare(variant.subject)))
            elapsed = loop.run_until_complete(_timed(prepare(variant.subject), clock))
            variant.leave()
            if number >= WARM_UP:
                times[variant.name].append(elapsed)
    if not times[BARE]:
        return []
    # Counted last: what stopped recording halfway would be seen.
    records = {variant.name: _records(loop, prepare, variant) for variant in variants}
    return compared(times, BARE, records, seed=seed)


async def _timed(work: Work, clock: Callable[[], float]) -> float:
    gc.collect()
    gc.disable()
    try:
        started = clock()
        pieces = await work()
        elapsed = clock() - started
    finally:
        gc.enable()
    return elapsed / pieces * 1e6


def _records(loop: Runner, prepare: Callable[[S], Work], variant: Variant[S]) -> float:
    before = variant.recorded()
    variant.enter()
    pieces = loop.run_until_complete(_run(prepare(variant.subject)))
    variant.leave()
    return (variant.recorded() - before) / pieces


async def _run(work: Work) -> int:
    return await work()
