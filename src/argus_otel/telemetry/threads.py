"""Counting in several threads at once: a cell for each, summed when somebody collects.

``+=`` on one cell that threads share is exact where a GIL keeps others from coming in between, and nowhere else.
"""

from __future__ import annotations

import itertools
import threading

from .counters import Counter, CounterCell
from .definitions import Attribute

THREAD = Attribute("thread", "Which of the threads that count at the same time; on no metric.", cap=1000)
"""The key of a counter that is used so: ``telemetry.counter(metric, key=(THREAD,))``."""


class ThreadCells:
    """A counter's cells, lent to threads.

    A thread that has ended leaves its cell to the next one, so there are as many as threads count at the same time.

    Parameters
    ----------
    counter:
        A counter with the key :data:`THREAD`.
    """

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._free: list[CounterCell] = []
        self._number = itertools.count()
        self._mine = _Mine(self)

    @property
    def mine(self) -> CounterCell:
        """The running thread's cell, which no other thread adds to."""
        return self._mine.cell

    def take(self) -> CounterCell:
        """Return a cell that no thread has."""
        try:
            return self._free.pop()
        except IndexError:
            return self._counter[next(self._number)]

    def give_back(self, cell: CounterCell) -> None:
        """Let another thread have ``cell``."""
        self._free.append(cell)


class _Mine(threading.local):
    def __init__(self, cells: ThreadCells) -> None:  # once in each thread
        self._lease = _Lease(cells)
        self.cell = self._lease.cell


class _Lease:
    """Dies with its thread."""

    __slots__ = ("cell", "_cells")

    def __init__(self, cells: ThreadCells) -> None:
        self.cell = cells.take()
        self._cells = cells

    def __del__(self) -> None:
        self._cells.give_back(self.cell)
