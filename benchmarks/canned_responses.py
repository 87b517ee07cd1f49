"""Discord's HTTP responses, from memory: a socket costs more than the work to be measured, and its cost varies more.

Responses to interactions replace ``aiohttp.ClientSession._request``, so that little else is timed. REST calls go
through all of aiohttp, down to a transport that answers from memory, because some variants instrument aiohttp.
"""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy

_HEADERS = {
    "Content-Type": "application/json",
    "Via": "1.1 google",
    # A bucket without a limit: otherwise only the wait for it would be timed.
    "X-RateLimit-Limit": "1000000000",
    "X-RateLimit-Remaining": "999999999",
    "X-RateLimit-Reset": "4000000000.000",
    "X-RateLimit-Reset-After": "100000.000",
}
_request = aiohttp.ClientSession._request


_ANSWERED = CIMultiDictProxy(CIMultiDict(_HEADERS))


class _Content:
    """A body that has been received."""

    __slots__ = ("_body",)

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def read(self) -> bytes:
        return self._body


class _Answer(aiohttp.ClientResponse):
    """A response with status 200 that is read as aiohttp's own; only its construction is omitted."""

    def __init__(self, body: bytes) -> None:
        self.status = 200
        self.reason = "OK"
        self.content = _Content(body)  # type: ignore[assignment]
        self._body = None
        self._headers = _ANSWERED
        self._traces = []
        self._cache: dict[str, Any] = {}

    async def text(self, encoding: str | None = None, errors: str = "strict") -> str:
        return (await self.read()).decode()

    def __del__(self, _warnings: object = None) -> None:
        pass

    async def __aenter__(self) -> _Answer:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def release(self) -> None:
        pass

    def close(self) -> None:
        pass


def at_once(body: str) -> None:
    """Answer every request of this process with ``body``, before aiohttp does anything."""
    content = body.encode()

    async def canned(self: aiohttp.ClientSession, *args: Any, **kwargs: Any) -> Any:
        return _Answer(content)

    aiohttp.ClientSession._request = canned  # type: ignore[method-assign]


def by_aiohttp() -> None:
    """Undo :func:`at_once`."""
    aiohttp.ClientSession._request = _request  # type: ignore[method-assign]


class Wire(asyncio.Transport):
    """A transport without a socket: each request gets the same body."""

    def __init__(self, protocol: Any, answer: bytes) -> None:
        super().__init__({"peername": ("127.0.0.1", 443)})
        self._protocol = protocol
        self._answer = answer
        self._closing = False
        self._missing = 0

    def write(self, data: Any) -> None:
        """Receive part of a request, and answer once it is complete."""
        data = bytes(data)
        if not self._missing and b"\r\n\r\n" in data:
            head, _, body = data.partition(b"\r\n\r\n")
            fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
            self._missing = int(fields.get(b"Content-Length", b"0")) - len(body)
        else:
            self._missing -= len(data)
        if self._missing <= 0:
            self._missing = 0
            asyncio.get_running_loop().call_soon(self._protocol.data_received, self._answer)

    def writelines(self, list_of_data: Any) -> None:
        """Receive several parts."""
        self.write(b"".join(list_of_data))

    def is_closing(self) -> bool:
        """Whether it has been closed."""
        return self._closing

    def close(self) -> None:
        """Close it."""
        if not self._closing:
            self._closing = True
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    abort = close

    def pause_reading(self) -> None:
        """Do nothing."""

    def resume_reading(self) -> None:
        """Do nothing."""


def wire(session: aiohttp.ClientSession, body: str) -> None:
    """Answer requests on the session's new connections with ``body`` from memory."""
    connector: Any = session.connector
    head = "".join(f"{name}: {value}\r\n" for name, value in _HEADERS.items())
    answer = f"HTTP/1.1 200 OK\r\n{head}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode()

    async def connection(*_: object, **__: object) -> Any:
        protocol = connector._factory()
        protocol.connection_made(Wire(protocol, answer))
        return protocol

    connector._create_connection = connection
