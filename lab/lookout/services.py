"""Services on loopback, each with a behaviour of its own, which note every request: the ledger that checks agree with.

They run on a thread and an event loop of their own, and know nothing of checks.
"""

from __future__ import annotations

import asyncio
import datetime
import ssl
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import dns.message
import dns.rrset
import trustme

PERIOD = 4.0
"""For how many seconds the alternating service is good, and then bad."""

SLOW = 0.15
"""How long ``/slow`` takes, in seconds."""

BODY = b'{"queue": {"depth": 3}}'
RECORDS = ("192.0.2.1", "192.0.2.2")


@dataclass(frozen=True, slots=True)
class Request:
    """A request that was answered.

    Attributes
    ----------
    began:
        In seconds since 1970.
    seconds:
        From its first byte to the last one of the answer.
    """

    path: str
    status: int
    began: float
    seconds: float
    traceparent: str


@dataclass(slots=True)
class Services:
    """The services, and what they have seen.

    Attributes
    ----------
    http, https, dns:
        Ports. The paths of HTTP are ``/good``, ``/slow``, ``/bad``, ``/alternates``, ``/switched``,
        ``/moved``, which leads to ``/arrived``, and ``/hangs``.
    authority:
        The file of the certificate authority of ``https``.
    on:
        Whether ``/switched`` answers with 200, or else with 500.
    ended:
        When the certificate ends, in seconds since 1970.
    requests:
        Those that were answered.
    open:
        How many wait for an answer.
    asked:
        How many questions the name server has answered.
    """

    http: int = 0
    https: int = 0
    dns: int = 0
    authority: Path = Path()
    on: bool = True
    ended: float = 0.0
    requests: list[Request] = field(default_factory=list[Request])
    open: int = 0
    asked: int = 0
    _issuer: trustme.CA = field(default_factory=trustme.CA)
    _context: ssl.SSLContext = field(default_factory=lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))

    def renew(self, days: int) -> None:
        """Present a certificate that ends after so many days from the next connection on."""
        ends = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(days=days)
        self.ended = ends.timestamp()
        self._issuer.issue_cert("localhost", "127.0.0.1", not_after=ends).configure_cert(self._context)

    async def start(self, directory: Path) -> None:
        """Begin to answer, on the current loop."""
        self.authority = directory / "authority.pem"
        self._issuer.cert_pem.write_to_path(str(self.authority))
        self.renew(30)
        plain = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        secure = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        names, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _NameServer(self), local_addr=("127.0.0.1", 0)
        )
        self.http, self.https = (each.sockets[0].getsockname()[1] for each in (plain, secure))
        self.dns = names.get_extra_info("sockname")[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            began, clock = time.time(), time.monotonic()
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split(" ", 2)[1].partition("?")[0]
            if path == "/hangs":
                await reader.read()  # until the client gives up
                raise asyncio.CancelledError
            if path == "/slow":
                await asyncio.sleep(SLOW)
            status = self._status(path)
            location = "location: /arrived\r\n" if status == 302 else ""
            answer = f"HTTP/1.1 {status} -\r\n{location}content-length: {len(BODY)}\r\n\r\n"
            writer.write(answer.encode() + BODY)
            await writer.drain()
            parent = head.partition("traceparent: ")[2].partition("\r\n")[0]
            self.requests.append(Request(path, status, began, time.monotonic() - clock, parent))
        writer.close()
        self.open -= 1

    def _status(self, path: str) -> int:
        if path == "/moved":
            return 302
        bad = (
            path == "/bad"
            or (path == "/switched" and not self.on)
            or (path == "/alternates" and time.time() // PERIOD % 2)
        )
        return 500 if bad else 200


@contextmanager
def running(directory: Path) -> Generator[Services]:
    """Run them until the block ends."""
    directory.mkdir(parents=True, exist_ok=True)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="services")
    thread.start()
    services = Services()
    try:
        asyncio.run_coroutine_threadsafe(services.start(directory), loop).result(20)
        yield services
    finally:
        asyncio.run_coroutine_threadsafe(_stop(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()


async def _stop() -> None:
    tasks = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class _NameServer(asyncio.DatagramProtocol):
    def __init__(self, services: Services) -> None:
        self._services = services

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        response = dns.message.make_response(query)
        response.answer.append(dns.rrset.from_text(query.question[0].name, 60, "IN", "A", *RECORDS))
        self._services.asked += 1
        self._transport.sendto(response.to_wire(), address)
