"""A condition over the simulator's state, which coroutines wait for without polling."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Condition:
    """Wakes the coroutines that wait for a change of state, on one event loop."""

    __slots__ = ("_waiters",)

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def notify(self) -> None:
        """Make every waiter evaluate its condition again."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait_for(self, look: Callable[[], T | None], timeout: float, describe: Callable[[], str]) -> T:
        """Return the first value of ``look`` that is not ``None``.

        Raises
        ------
        TimeoutError
            There was none within ``timeout`` seconds; the message is ``describe()``.
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
                raise TimeoutError(f"{describe()} (waited {timeout:g} s)")
