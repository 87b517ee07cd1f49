"""Base class of server-side WebSocket connections: the receive loop, and heartbeat acknowledgements."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any, ClassVar

from aiohttp import WSMsgType

from .connection import Connection
from .payloads import as_object

if TYPE_CHECKING:
    from aiohttp import web

    from .compression import Compressor
    from .entries import CloserKind, HeartbeatEntry
    from .payloads import Payload
    from .voice.entries import VoiceHeartbeatEntry

CLOSE_TIMEOUT = 2.0
"""Seconds to wait for a bot's half of the closing handshake."""


class CloseError(Exception):
    """The bot broke the protocol, so the connection is closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class BotConnection:
    """The server's side of one WebSocket connection of a bot.

    Attributes
    ----------
    connection:
        The WebSocket, and the means to end it.
    """

    undecodable: ClassVar[str]
    """Discord's reason for the close code 4002."""

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
            The connection is to be closed with its code.
        KeyError, TypeError, ValueError
            The message cannot be decoded; the connection is to be closed with 4002.
        """
        raise NotImplementedError

    def _ended(self, code: int, by: CloserKind) -> None:
        """Record the end of the connection; see :class:`Connection`."""
        raise NotImplementedError

    async def _listen(self) -> None:
        """Handle the bot's messages until the connection ends."""
        try:
            while True:
                frame = await self._ws.receive()
                if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                    break
                await self._receive(frame.data)
            # A close frame need not have a code, and 1005 stands for that.
            await self.connection.ended_by_bot((frame.data or 1005) if frame.type is WSMsgType.CLOSE else None)
        finally:
            for task in self._late_acks:
                task.cancel()

    async def _receive(self, frame: str | bytes) -> None:
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
    """Return a decoded JSON value that must be an object.

    Raises
    ------
    TypeError
        It is not an object.
    """
    payload = as_object(value)
    if payload is None:
        raise TypeError(f"not an object but {type(value).__name__}")
    return payload
