"""What visits to the gateway and to the voice server have in common: a bot is heard until its connection ends."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any, ClassVar

from aiohttp import WSMsgType

from discord_simulator.connection import Connection
from discord_simulator.payloads import as_object

if TYPE_CHECKING:
    from aiohttp import web

    from discord_simulator.compression import Compressor
    from discord_simulator.ledger import Closer, HeartbeatEntry
    from discord_simulator.payloads import Payload
    from discord_simulator.voice.ledger import VoiceHeartbeatEntry

__all__ = ["CloseError", "Hearing", "required_object"]


class CloseError(Exception):
    """The bot has done something for which Discord closes the connection."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Hearing:
    """One connection of a bot, and what it says there.

    Attributes
    ----------
    connection: Connection
        The connection itself.
    """

    #: Discord's words for the close code 4002.
    undecodable: ClassVar[str]

    def __init__(
        self, ws: web.WebSocketResponse, transport: asyncio.Transport | None, compressor: Compressor | None
    ) -> None:
        self._ws = ws
        self._late_acks: set[asyncio.Task[None]] = set()
        self.connection = Connection(ws, transport, compressor, self._ended)

    async def _message(self, frame: str | bytes) -> None:
        """Handle one message.

        Raises
        ------
        CloseError
            The connection is to be closed for it.
        KeyError, TypeError, ValueError
            It is not what Discord can decode, and the connection is to be closed with 4002.
        """
        raise NotImplementedError

    def _ended(self, code: int, by: Closer) -> None:
        """Note the end of the connection; see :class:`Connection`."""
        raise NotImplementedError

    async def _listen(self) -> None:
        """Handle what the bot says until the connection ends."""
        try:
            while True:
                frame = await self._ws.receive()
                if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                    break
                await self._hear(frame.data)
            # A close frame need not have a code, and 1005 stands for that.
            await self.connection.ended_by_bot((frame.data or 1005) if frame.type is WSMsgType.CLOSE else None)
        finally:
            for task in self._late_acks:
                task.cancel()

    async def _hear(self, frame: str | bytes) -> None:
        try:
            await self._message(frame)
        except CloseError as error:
            await self.connection.close(error.code, error.reason)
        except (KeyError, TypeError, ValueError):
            await self.connection.close(4002, self.undecodable)

    async def _acknowledge(
        self, entry: HeartbeatEntry | VoiceHeartbeatEntry, delay: float, op: int, answer: Any = None
    ) -> None:
        """Acknowledge a heartbeat: at once, late, or never."""
        if delay == 0:
            entry.ack_delay = 0.0
            await self.connection.send(op, answer)
        elif not math.isinf(delay):
            task = asyncio.create_task(self._acknowledge_later(entry, delay, op, answer))
            self._late_acks.add(task)
            task.add_done_callback(self._late_acks.discard)

    async def _acknowledge_later(
        self, entry: HeartbeatEntry | VoiceHeartbeatEntry, delay: float, op: int, answer: Any
    ) -> None:
        await asyncio.sleep(delay)
        if await self.connection.send(op, answer):
            entry.ack_delay = delay


def required_object(value: Any) -> Payload:
    """Return a decoded JSON value, which must be an object.

    Raises
    ------
    TypeError
        It is none.
    """
    payload = as_object(value)
    if payload is None:
        raise TypeError(f"not an object but {type(value).__name__}")
    return payload
