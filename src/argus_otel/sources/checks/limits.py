"""How many checks run at the same time: in all, and against one host."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Limits:
    """Lets checks wait for their turn.

    A check that waits for its host takes no place from those of other hosts.

    Parameters
    ----------
    total, per_host:
        The most checks that run at the same time.
    """

    def __init__(self, total: int = 200, per_host: int = 8) -> None:
        self._total = asyncio.Semaphore(total)
        self._per_host = per_host
        self._hosts: dict[str, tuple[asyncio.Semaphore, list[None]]] = {}

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncGenerator[None, None]:
        """Wait until there is a place."""
        semaphore, users = self._hosts.setdefault(host, (asyncio.Semaphore(self._per_host), []))
        users.append(None)
        try:
            async with semaphore, self._total:
                yield
        finally:
            users.pop()
            if not users:
                del self._hosts[host]
