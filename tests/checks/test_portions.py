"""What a server sends comes in portions, between which other checks have their turn."""

from __future__ import annotations

import asyncio

from argus_otel.sources.checks.executor import Phases
from argus_otel.sources.checks.net.connection import Target, connect
from argus_otel.sources.checks.net.portions import Portions
from argus_otel.sources.checks.net.resolver import Resolver

from .services import service

SENT = bytes(range(256)) * 400


async def received() -> tuple[list[bytes], int]:
    """Receive what a server sends at once; return the portions, and how often another task had its turn between."""
    turns = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(SENT)

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    resolver = Resolver(1)
    async with service(talk) as port:
        connection, _ = await connect(resolver, Target("127.0.0.1", port), Phases())
        async with connection:
            await asyncio.sleep(0.05)  # so that most of it is there before it is asked for
            portions, found = Portions(connection), list[bytes]()
            task = asyncio.ensure_future(other())
            while portion := await portions.next():
                found.append(portion)
            task.cancel()
    resolver.close()
    return found, turns


def test_portions_are_small_and_complete_and_let_others_run() -> None:
    portions, turns = asyncio.run(received())
    assert b"".join(portions) == SENT
    assert max(map(len, portions)) <= 1024
    assert turns >= len(portions) // 2
