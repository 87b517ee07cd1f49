"""Progress on standard error, and interruption that keeps the results so far."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

Count = Callable[[int], Iterable[int]]
"""Yields the numbers of the rounds, fewer after an interruption; ``range`` is one."""

_EVERY = 10.0
"""Seconds between two lines, if the output is not a terminal."""


class Progress:
    """Counts rounds.

    Attributes
    ----------
    stopped:
        Whether to stop after the current round.
    """

    def __init__(self) -> None:
        self.stopped = False
        self._terminal = sys.stderr.isatty()

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let the first Ctrl-C stop after the current round, and the next one at once."""

        def stop(*_: Any) -> None:
            if self.stopped:
                raise KeyboardInterrupt
            self.stopped = True
            self.say("\ninterrupted: the results are shown after this round; press Ctrl-C again to end at once")

        try:
            before = signal.signal(signal.SIGINT, stop)
        except ValueError:  # not in the main thread, so no signal comes here
            yield
            return
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def say(self, line: str) -> None:
        """Write a line."""
        print(line, file=sys.stderr, flush=True)

    def counting(self, title: str) -> Count:
        """Return a function that counts rounds under a title."""

        def count(total: int) -> Iterator[int]:
            began = told = time.monotonic()
            for number in range(total):
                if self.stopped:
                    break
                yield number
                now = time.monotonic()
                if self._terminal or now - told > _EVERY or number + 1 == total:
                    told = now
                    left = (now - began) / (number + 1) * (total - number - 1)
                    self._tell(f"  {title}: {number + 1} of {total} rounds, {spoken(left)} to go", number + 1 == total)

        return count

    def _tell(self, line: str, last: bool) -> None:
        if self._terminal:
            print(f"\r{line:<100}", end="\n" if last else "", file=sys.stderr, flush=True)
        else:
            self.say(line)


def spoken(seconds: float) -> str:
    """Return a duration in words."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
