"""Waiting until something has happened, without polling."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Changes"]

T = TypeVar("T")


class Changes:
    """Wakes the coroutines which wait for a condition over state that somebody else changes, on one loop."""

    __slots__ = ("_waiters",)

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def notify(self) -> None:
        """Have every waiter look again."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, look: Callable[[], T | None], timeout: float, what: Callable[[], str]) -> T:
        """Return the first value of ``look`` which is not ``None``.

        Raises
        ------
        TimeoutError
            Nothing came within ``timeout`` seconds; the message is ``what()``.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while True:
            value = look()
            if value is not None:
                return value
            # Not every event loop can sleep for ever by the clock.
            left = None if math.isinf(timeout) else max(0.0, deadline - loop.time())
            waiter: asyncio.Future[None] = loop.create_future()
            self._waiters.add(waiter)
            try:
                done, _ = await asyncio.wait([waiter], timeout=left)
            finally:
                self._waiters.discard(waiter)
            if not done:
                raise TimeoutError(f"{what()} (waited {timeout:g} s)")
