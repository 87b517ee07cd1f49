"""The work that is under way, so that a process which ends, or is forked, leaves none of it open or counted twice."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable
from typing import Any, TypeAlias

from .operations import Operation

End: TypeAlias = Callable[[Any, BaseException], object]
"""Ends a piece of work: (its key, what cuts it short). Must not raise."""


class InFlight(dict[Any, End]):
    """What ends each piece of work that is under way, by the operation or another key of its own.

    A hook puts it in when it begins, and takes it out when it ends. Whoever takes it out ends it, so that it ends once,
    whatever comes first. It costs what a dict does; a hook that has a list of its own (:meth:`add_list`) pays nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self._others: list[Callable[[BaseException], object]] = []

    def add_list(self, end_all: Callable[[BaseException], object]) -> None:
        """Have a hook end what it has on a list of its own: ``end_all`` is called with what cuts it short."""
        self._others.append(end_all)

    def cut_short(self) -> None:
        """End everything as a cancelled task would, what began last first. Any thread."""
        for work in reversed(tuple(self.copy())):
            end = self.pop(work, None)
            if end is not None:
                end(work, CancelledError())
        for end_all in self._others:
            end_all(CancelledError())

    def forget(self) -> None:
        """Let nothing of it be recorded: in a forked child, where it is the parent's."""
        for work in self:
            if isinstance(work, Operation):
                work.ended = True
        self.clear()
