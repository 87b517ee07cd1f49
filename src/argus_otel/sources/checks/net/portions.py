"""What a server sends, in portions so small that parsing one does not hold the loop that all checks share."""

from __future__ import annotations

import asyncio

from .connection import Connection

_LARGEST = 1 << 10
"""In bytes. Of the smallest frames of WebSocket these are 512, which wsproto parses in some 10 ms."""


class Portions:
    """The data that a connection receives."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rest = b""

    async def next(self) -> bytes:
        """Return the next portion; empty at the end. Other checks have their turn before.

        Raises
        ------
        CheckError
            The connection is lost.
        """
        if self._rest:
            await asyncio.sleep(0)
        else:
            self._rest = await self._connection.receive()
        portion, self._rest = self._rest[:_LARGEST], self._rest[_LARGEST:]
        return portion
