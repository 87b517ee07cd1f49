"""Real services on loopback, well-behaved and not, that checks probe."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What a service does with one connection."""


@asynccontextmanager
async def service(talk: Talk, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncGenerator[int]:
    """Run a service; yield its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await talk(reader, writer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, host, 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


class Answering:
    """Answers each HTTP request with the same bytes, after ``delay`` seconds, and notes the requests' heads."""

    def __init__(self, response: bytes, delay: float = 0) -> None:
        self.heads: list[str] = []
        self._response, self._delay = response, delay

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"))
        await asyncio.sleep(self._delay)
        writer.write(self._response)


def http(body: bytes = b"", status: str = "200 OK", *headers: str) -> bytes:
    """Return a response."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body
