"""The bot under test: real discord.py, connected once to the simulator, then fed from memory.

Frames are compressed as the gateway's, and go through ``received_message`` as if they had just been read. HTTP answers
come from memory too, below ``aiohttp.ClientSession._request``: a socket costs twenty times what is to be measured.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Callable
from typing import Any

import aiohttp
import discord
from discord import app_commands, utils

from argus_otel.simulator import BackgroundSimulator, hurry, redirect

from .pairs import Work


class Answer:
    """A 200 to an interaction's callback."""

    status = 200
    reason = "OK"
    headers = {"content-type": "application/json", "Via": "1.1 google", "X-RateLimit-Remaining": "4"}  # noqa: RUF012

    def __init__(self, body: str) -> None:
        self._body = body

    async def text(self, encoding: str | None = None) -> str:
        return self._body

    async def __aenter__(self) -> Answer:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def release(self) -> None:
        pass

    def close(self) -> None:
        pass


class Bench:
    """A connected client, and the work it is timed at."""

    def __init__(self, simulator: BackgroundSimulator) -> None:
        self._simulator = simulator
        self.client = discord.Client(intents=discord.Intents.all(), heartbeat_timeout=3600.0)
        self.tree = app_commands.CommandTree(self.client)
        self.done = 0

        @self.tree.command()
        async def ping(interaction: discord.Interaction) -> None:
            """Answer."""
            await interaction.response.send_message("pong")
            self.done += 1

    async def connect(self) -> None:
        """Log in over real sockets."""
        hurry(self.client)
        self._running = asyncio.create_task(self.client.start(self._simulator.token))
        await self._simulator.ready(timeout=60)
        await self.client.wait_until_ready()
        self._ws: Any = self.client.ws
        self._guild = self.client.guilds[0]

    async def close(self) -> None:
        """End the connection."""
        await self.client.close()
        await self._running

    def typing(self, events: int) -> Callable[[], Work]:
        """Return what makes the work of receiving TYPING_START, the cheapest event, so many times."""
        data = {
            "channel_id": str(self._guild.text_channels[0].id),
            "guild_id": str(self._guild.id),
            "user_id": str(self._guild.members[0].id),
            "timestamp": 1700000000,
        }

        def prepare() -> Work:
            frames = _frames("TYPING_START", [data] * events)
            ws = self._ws
            ws._decompressor = utils._ActiveDecompressionContext()

            async def work() -> int:
                receive = ws.received_message
                for frame in frames:
                    await receive(frame)
                return events

            return work

        return prepare

    def slash(self, interactions: int) -> Callable[[], Work]:
        """Return what makes the work of so many slash commands with one response each, from frame to handler's end."""
        member: Any = self._guild.members[1]
        user = {"id": str(member.id), "username": "someone", "discriminator": "0", "avatar": None, "global_name": None}
        body = json.dumps({"interaction": {"id": "1", "type": 2}, "resource": {"type": 4}})

        def data(number: int) -> dict[str, Any]:
            return {
                "id": str(utils.time_snowflake(utils.utcnow()) + number),
                "application_id": str(self._simulator.application_id),
                "type": 2,
                "token": "t" * 180,
                "version": 1,
                "guild_id": str(self._guild.id),
                "channel_id": str(self._guild.text_channels[0].id),
                "channel": {"id": str(self._guild.text_channels[0].id), "type": 0, "permissions": "0"},
                "member": {
                    "user": user,
                    "roles": [],
                    "joined_at": "2020-01-01T00:00:00+00:00",
                    "permissions": "0",
                    "deaf": False,
                    "mute": False,
                    "flags": 0,
                },
                "data": {"id": "1", "name": "ping", "type": 1},
                "locale": "en-US",
                "attachment_size_limit": 10485760,
                "entitlements": [],
                "authorizing_integration_owners": {},
                "context": 0,
            }

        async def canned(self: aiohttp.ClientSession, *args: Any, **kwargs: Any) -> Any:
            return Answer(body)

        aiohttp.ClientSession._request = canned  # type: ignore[method-assign]

        def prepare() -> Work:
            frames = _frames("INTERACTION_CREATE", [data(number) for number in range(interactions)])
            ws = self._ws
            ws._decompressor = utils._ActiveDecompressionContext()

            async def work() -> int:
                for number, frame in enumerate(frames, start=self.done + 1):
                    await ws.received_message(frame)
                    while self.done < number:
                        await asyncio.sleep(0)
                await asyncio.sleep(0)
                return interactions

            return work

        return prepare


def _frames(event: str, payloads: list[dict[str, Any]]) -> list[bytes]:
    compress = _compressor()
    frames: list[bytes] = []
    for number, data in enumerate(payloads):
        text = json.dumps({"t": event, "s": number, "op": 0, "d": data})
        frames.append(compress(text.encode()))
    return frames


def _compressor() -> Callable[[bytes], bytes]:
    """Return what compresses as the stream that discord.py asked the gateway for."""
    if utils._ActiveDecompressionContext.COMPRESSION_TYPE == "zstd-stream":
        import zstandard

        stream = zstandard.ZstdCompressor().compressobj()
        return lambda data: stream.compress(data) + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    deflate = zlib.compressobj()
    return lambda data: deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH)


def simulated(use: Callable[[asyncio.AbstractEventLoop, Bench], None]) -> None:
    """Run ``use`` with a connected bot."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # No heartbeat: its answer would come over the socket, into a stream that we have replaced by our own frames.
    with BackgroundSimulator(heartbeat_interval=3600) as simulator, redirect(simulator.url):
        bench = Bench(simulator)
        loop.run_until_complete(bench.connect())
        request = aiohttp.ClientSession._request
        try:
            use(loop, bench)
        finally:
            aiohttp.ClientSession._request = request  # type: ignore[method-assign]
            loop.run_until_complete(bench.close())
    loop.close()
