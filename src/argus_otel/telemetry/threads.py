"""Counting in several threads at once: one cell for each thread, summed at collection.

``+=`` on a cell that threads share is exact only if a GIL keeps other threads from running in between.
"""

from __future__ import annotations

import itertools
import threading

from .counters import Counter, CounterCell
from .definitions import Attribute

THREAD = Attribute("thread", "The number of a thread; on no metric.", cardinality_limit=1000)
"""The key of a counter with a cell for each thread: ``telemetry.counter(metric, key=(THREAD,))``."""


class ThreadCells:
    """The cells of a counter, one for each thread.

    A thread that ends returns its cell for the next thread, so there are as many cells as threads that count at once.

    Parameters
    ----------
    counter:
        A counter with the key :data:`THREAD`.
    """

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._free: list[CounterCell] = []
        self._numbers = itertools.count()
        self._local = _Local(self)

    @property
    def current(self) -> CounterCell:
        """The running thread's cell. No other thread adds to it."""
        return self._local.cell

    def acquire(self) -> CounterCell:
        """Return a cell that no thread has."""
        try:
            return self._free.pop()
        except IndexError:
            return self._counter[next(self._numbers)]

    def release(self, cell: CounterCell) -> None:
        """Return ``cell`` for another thread."""
        self._free.append(cell)


class _Local(threading.local):
    def __init__(self, cells: ThreadCells) -> None:  # called once in each thread
        self._lease = _Lease(cells)
        self.cell = self._lease.cell


class _Lease:
    """Releases its cell when its thread ends."""

    __slots__ = ("cell", "_cells")

    def __init__(self, cells: ThreadCells) -> None:
        self.cell = cells.acquire()
        self._cells = cells

    def __del__(self) -> None:
        self._cells.release(self.cell)
