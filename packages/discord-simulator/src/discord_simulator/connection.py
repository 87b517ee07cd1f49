"""One WebSocket: writing to it, and the ways it can end."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from .compression import Compressor
    from .entries import CloserKind

# RFC 6455: the first byte of a close frame, which is the last of its message.
_CLOSE_FRAME = 0x88


class Opcode:
    """Gateway opcodes, https://discord.com/developers/docs/topics/opcodes-and-status-codes."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE_UPDATE = 3
    VOICE_STATE_UPDATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_GUILD_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


def reset(transport: asyncio.BaseTransport | None) -> None:
    """End a TCP connection with a reset."""
    if not isinstance(transport, asyncio.WriteTransport):
        return
    raw: socket.socket | None = transport.get_extra_info("socket")
    if raw is not None:
        # struct linger has two ints, and two shorts on Windows.
        linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()


class Connection:
    """One WebSocket.

    Parameters
    ----------
    ws:
        The WebSocket, already prepared.
    transport:
        Its TCP transport.
    compressor:
        Its compression stream; ``None`` for text frames.
    on_end:
        Called once with the close code and the side that closed, before the bot sees the close.
    """

    __slots__ = ("_closed", "_compressor", "_draining", "_ended", "_on_end", "_transport", "_ws")

    def __init__(
        self,
        ws: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        compressor: Compressor | None,
        on_end: Callable[[int, CloserKind], None],
    ) -> None:
        self._ws = ws
        self._transport = transport
        self._compressor = compressor
        self._on_end = on_end
        self._draining = False
        self._ended = False
        self._closed = asyncio.Event()

    @property
    def open(self) -> bool:
        """Whether events may still be written."""
        return not (self._draining or self._ws.closed)

    def drain(self) -> None:
        """Write no more events: the bot was asked to reconnect and will not read them."""
        self._draining = True

    async def send(self, op: int, data: Any = None) -> bool:
        """Write one message other than an event, also while draining; return whether it was written."""
        return await self.write(json.dumps({"op": op, "d": data, "s": None, "t": None}, separators=(",", ":")))

    async def write(self, text: str, *, cut: int = 0) -> bool:
        """Write one message, less the end of its frame; return whether the connection took it."""
        # Between compressing and handing the bytes to the transport nothing may be awaited, or frames of one
        # compression stream could be reordered.
        try:
            if self._compressor is None:
                await self._ws.send_str(text[: len(text) - cut])
            else:
                frame = self._compressor.compress(text.encode())
                await self._ws.send_bytes(frame[: len(frame) - cut])
        except ConnectionError:
            return False
        return True

    async def write_raw(self, frame: bytes | str) -> bool:
        """Write one frame exactly as it is, outside the compression stream."""
        try:
            await (self._ws.send_str(frame) if isinstance(frame, str) else self._ws.send_bytes(frame))
        except ConnectionError:
            return False
        return True

    def hang_up(self, code: int, reason: str = "") -> None:
        """Close with a close frame, and end the TCP connection without waiting for the bot's."""
        self._end(code, "simulator")
        self._closed.set()
        if self._transport is not None:
            payload = struct.pack("!H", code) + reason.encode()
            self._transport.write(struct.pack("BB", _CLOSE_FRAME, len(payload)) + payload)
            self._transport.close()

    async def close(self, code: int, reason: str = "") -> None:
        """Close with a close frame."""
        self._end(code, "simulator")
        try:
            await self._ws.close(code=code, message=reason.encode())
        finally:
            self._closed.set()

    def drop(self, *, with_reset: bool) -> None:
        """End the connection without a close frame, with a TCP reset or without."""
        self._end(1006, "simulator")
        self._closed.set()
        if with_reset:
            reset(self._transport)
        elif self._transport is not None:
            self._transport.close()

    async def ended_by_bot(self, code: int | None) -> None:
        """Answer a close frame of the bot, or record an end without one.

        Where it was the simulator that closed, wait until that is over: aiohttp closes with 1000 as soon as a
        websocket's handler returns, which must not overtake the code we chose.
        """
        if self._ended:
            await self._closed.wait()
            return
        self._end(1006 if code is None else code, "bot")
        if code is not None:
            await self._ws.close(code=code)

    def _end(self, code: int, by: CloserKind) -> None:
        self.drain()
        if not self._ended:
            self._ended = True
            self._on_end(code, by)
