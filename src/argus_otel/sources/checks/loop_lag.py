"""How late the agent's own event loop was: what it measures at such a moment says little about a service."""

from __future__ import annotations

import asyncio
from collections import deque

DISTURBED = 0.05
"""From which lateness on a run counts as disturbed, in seconds."""

_TICK = 0.02


class LoopLag:
    """Watches a loop while runs are under way.

    It ticks every 20 ms as long as it is needed, and remembers the moments at which a tick was too late.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._users = 0
        self._handle: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._late: deque[float] = deque(maxlen=64)  # the end of each time of lateness, by the loop's clock

    def begin(self) -> float:
        """Begin to watch for a run; return the moment, for :meth:`end`."""
        self._users += 1
        if self._handle is None:
            self._next()
        return self._loop.time()

    def end(self, begun: float) -> bool:
        """Stop to watch for a run; return whether the loop was too late in the meantime."""
        self._users -= 1
        now = self._loop.time()
        if now - self._due > DISTURBED:  # the tick has not even come yet
            self._late.append(now)
        if not self._users and self._handle is not None:
            self._handle.cancel()
            self._handle = None
        return bool(self._late) and self._late[-1] >= begun

    def _next(self) -> None:
        self._due = self._loop.time() + _TICK
        self._handle = self._loop.call_at(self._due, self._tick)

    def _tick(self) -> None:
        if self._loop.time() - self._due > DISTURBED:
            self._late.append(self._loop.time())
        self._next()
