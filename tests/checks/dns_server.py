"""A real name server on loopback, by dnspython, well-behaved and not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Zone = dict[tuple[str, str], list[str]]

Spoil = Callable[[bytes, dns.message.Message], "list[bytes]"]
"""Returns the datagrams that are sent instead of the right answer to a query."""


class NameServer(asyncio.DatagramProtocol):
    """Answers from a zone; names that it does not have do not exist."""

    def __init__(self, zone: Zone, spoil: Spoil | None = None) -> None:
        self.asked: list[str] = []
        self._zone, self._spoil = zone, spoil
        self._transport: asyncio.DatagramTransport | None = None

    def answer(self, data: bytes) -> tuple[dns.message.Message, bytes]:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name, kind = question.name.to_text().rstrip("."), question.rdtype.name  # type: ignore[attr-defined]
        self.asked.append(f"{name} {kind}")
        response = dns.message.make_response(query)
        if (name, kind) in self._zone:
            response.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *self._zone[name, kind]))
        elif not any(known == name for known, _ in self._zone):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return query, response.to_wire()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        assert self._transport is not None
        query, response = self.answer(data)
        for each in [response] if self._spoil is None else self._spoil(response, query):
            self._transport.sendto(each, address)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer by TCP."""
        length = int.from_bytes(await reader.readexactly(2), "big")
        _, response = self.answer(await reader.readexactly(length))
        writer.write(len(response).to_bytes(2, "big") + response)
        await writer.drain()
        writer.close()


def truncated(response: bytes, query: dns.message.Message) -> list[bytes]:
    short = dns.message.make_response(query)
    short.flags |= dns.flags.TC
    return [short.to_wire()]


def of_another_id(response: bytes, query: dns.message.Message) -> list[bytes]:
    return [bytes([response[0] ^ 0xFF]) + response[1:]]


@asynccontextmanager
async def name_server(server: NameServer) -> AsyncGenerator[int]:
    """Run a name server; yield its port, the same by UDP and by TCP."""
    tcp = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = tcp.sockets[0].getsockname()[1]
    udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: server, ("127.0.0.1", port))
    try:
        yield port
    finally:
        udp.close()
        tcp.close()
