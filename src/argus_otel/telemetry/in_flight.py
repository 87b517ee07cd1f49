"""Work in flight. When the process ends or is forked, no work stays open and none is counted twice."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable
from typing import Any, TypeAlias

from .operations import Operation

End: TypeAlias = Callable[[Any, BaseException], object]
"""Ends a unit of work: (its key, the exception that cuts it short). Must not raise."""


class InFlight(dict[Any, End]):
    """The function that ends each unit of work in flight, by the operation or another unique key.

    A hook adds an entry when its work begins and removes it when the work ends. The caller that removes the entry ends
    the work, so each unit of work ends exactly once. The cost is that of a ``dict``. A hook that has its own list of
    open work (:meth:`add_list`) pays nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lists: list[Callable[[BaseException], object]] = []

    def add_list(self, end_all: Callable[[BaseException], object]) -> None:
        """Add a hook that keeps its own list. ``end_all`` is called with the exception that cuts the work short."""
        self._lists.append(end_all)

    def cancel_all(self) -> None:
        """End all work as if its task had been cancelled, the latest first. Any thread."""
        for work in reversed(tuple(self.copy())):
            end = self.pop(work, None)
            if end is not None:
                end(work, CancelledError())
        for end_all in self._lists:
            end_all(CancelledError())

    def forget(self) -> None:
        """Discard all work without recording it, in a forked child: the parent records it."""
        for work in self:
            if isinstance(work, Operation):
                work.ended = True
        self.clear()
