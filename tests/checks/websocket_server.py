"""Real WebSocket servers on loopback: one by the package websockets, and one that sends whatever it is told to."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from wsproto.utilities import generate_accept_token

from .services import Talk

Handler = Callable[[ServerConnection], Awaitable[None]]
"""What the server does with one connection. It returns when the connection may end."""


@asynccontextmanager
async def websocket_server(
    handler: Handler,
    *,
    subprotocols: Sequence[str] | None = None,
    context: ssl.SSLContext | None = None,
    refusal: int | None = None,
) -> AsyncGenerator[int]:
    """Run a server; yield its port.

    Parameters
    ----------
    refusal:
        The status with which every handshake is refused.
    """

    def refuse(_: ServerConnection, __: Request) -> Response | None:
        return None if refusal is None else Response(refusal, "No", Headers({"location": "/elsewhere"}), b"no")

    async with serve(handler, "127.0.0.1", 0, ssl=context, subprotocols=subprotocols, process_request=refuse) as server:
        yield next(iter(server.sockets)).getsockname()[1]


def accepted(head: bytes, *headers: str) -> bytes:
    """Return the response that accepts a handshake."""
    found = re.search(rb"sec-websocket-key: (.*?)\r\n", head, re.IGNORECASE)
    assert found is not None
    token = generate_accept_token(found[1]).decode()
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", *headers]
    return "\r\n".join([*lines, f"Sec-WebSocket-Accept: {token}", "", ""]).encode()


def sending(*parts: bytes, headers: Sequence[str] = (), endless: bytes = b"") -> Talk:
    """Accept the handshake, then send some bytes; then others without end, or nothing until the client leaves."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(accepted(await reader.readuntil(b"\r\n\r\n"), *headers) + b"".join(parts))
        while endless:
            writer.write(endless)
            await writer.drain()
            await asyncio.sleep(0)  # client and server share a loop
        await reader.read()

    return talk


def frame(opcode: int, payload: bytes = b"", *, final: bool = True) -> bytes:
    """Return a frame of a server with at most 125 bytes."""
    return bytes([opcode | (0x80 if final else 0), len(payload)]) + payload
