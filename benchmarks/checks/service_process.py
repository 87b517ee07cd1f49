"""The service that is probed, over HTTP and HTTPS: ``python -m benchmarks.checks.service_process CERTIFICATE``.

The path of a request says how it is answered, and what it is: ``/soon/17`` is answered after 5 ms, and is noted as 17.
The ledger has, of each request, when its connection was accepted, and how long it took from there to the last byte.
"""

from __future__ import annotations

import array
import asyncio
import math
import ssl
import sys
import time
from pathlib import Path
from typing import Any, cast

from .child import Answer, answer

DELAYS = {b"now": 0.0, b"soon": 0.005, b"letters": 0.0}
"""In seconds, by the first part of the path. ``never`` is not answered, and ``drip`` not to its end."""

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: "
_RESPONSE = _HEAD + b"2\r\n\r\nok"
_LETTERS = _HEAD + b"27\r\n\r\n" + b"a" * 26 + b"!"
_DRIP = _HEAD + b"1000000\r\n\r\n"
_DRIP_EVERY = 0.2


class Ledger:
    """What was requested: three columns, which take 24 bytes for each request."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._columns = (array.array("q"), array.array("d"), array.array("d"))

    def add(self, number: int, accepted: float, took: float) -> None:
        """Note a request; it took infinitely long if it was not answered."""
        for column, value in zip(self._columns, (number, accepted, took), strict=True):
            column.append(value)  # type: ignore[arg-type]

    def write(self, path: Path) -> int:
        """Write the columns to a file, one after the other; return how long they are."""
        with path.open("wb") as file:
            for column in self._columns:
                column.tofile(file)
        return len(self._columns[0])


class Connection(asyncio.Protocol):
    """One connection. It is made when the system has accepted it, before any handshake."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._accepted, self._begun = time.time(), time.perf_counter()
        self._head = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._head += data
        if not self._head.endswith(b"\r\n\r\n"):
            return
        _, manner, number = self._head.split(b" ", 2)[1].partition(b"?")[0].split(b"/")
        delay = DELAYS.get(manner)
        if delay is None:
            self._ledger.add(int(number), self._accepted, math.inf)
            if manner == b"drip":
                self._drip(_DRIP)
        elif delay:
            asyncio.get_running_loop().call_later(delay, self._respond, int(number))
        else:
            self._respond(int(number), _LETTERS if manner == b"letters" else _RESPONSE)

    def _respond(self, number: int, response: bytes = _RESPONSE) -> None:
        assert self._transport is not None
        self._transport.write(response)
        self._ledger.add(number, self._accepted, time.perf_counter() - self._begun)
        self._transport.close()

    def _drip(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)
            asyncio.get_running_loop().call_later(_DRIP_EVERY, self._drip, b".")


async def main(certificate: str) -> None:
    """Serve until the standard input ends."""
    loop = asyncio.get_running_loop()
    ledger = Ledger()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    ports: dict[str, int] = {}
    for scheme, secured in (("http", None), ("https", context)):
        server = await loop.create_server(lambda: Connection(ledger), "0.0.0.0", 0, ssl=secured, backlog=4096)
        ports[scheme] = server.sockets[0].getsockname()[1]

    async def handle(question: Answer) -> Answer:
        if question["ask"] == "ledger":
            length = ledger.write(Path(question["file"]))
            ledger.clear()
            return {"length": length}
        raise ValueError(question)

    def ask(question: Answer) -> Answer:
        return asyncio.run_coroutine_threadsafe(handle(question), loop).result()

    await loop.run_in_executor(None, answer, cast("dict[str, Any]", ports), ask)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
