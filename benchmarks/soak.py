"""Whether memory grows while a bot receives a million gateway events.

Six in ten events are TYPING_START, three and a half MESSAGE_CREATE with a listener, half a one a slash command with one
response. They are fed to a real, connected discord.py bot from memory, compressed like the gateway's; REST is answered
from memory too. The bot is a process of its own: bare, bare again, and with argus-otel, which serves /metrics and is
scraped after each part. The three run in parallel, because no time is measured.

After each part, garbage is collected, then are counted: the resident memory; the blocks that Python has
allocated, which are exact while the first is coarse; and the objects of argus-otel's classes. Growth is the
difference over a part; the first half of the parts is the warm-up. It is averaged, because memory may
grow rarely and by much, and is compared with the bare bot's in the same part.

``python -m benchmarks.soak NAME EVENTS PARTS`` runs one such process; ``python -m benchmarks soak`` compares them.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
import discord
from discord import app_commands, utils

import argus_otel
from argus_otel.runtime import runtime
from discord_simulator import BackgroundSimulator, hurry, redirect

from . import growth
from .frames import framing, message
from .growth import Counts, counted
from .processes import BARE, CONTROL, OURS
from .progress import Count
from .tables import Table

PART = "soak"
NAMES = (BARE, CONTROL, OURS)
MIX = ("typing",) * 12 + ("message",) * 7 + ("slash",)
BATCH = 1000
COUNTED = growth.counted_of("events")


class Canned:
    """A response with status 200 to any request, without a socket."""

    status = 200
    reason = "OK"
    headers = {"content-type": "application/json", "Via": "1.1 google", "X-RateLimit-Remaining": "4"}  # noqa: RUF012

    async def text(self, encoding: str | None = None) -> str:
        return json.dumps({"interaction": {"id": "1", "type": 2}, "resource": {"type": 4}})

    async def __aenter__(self) -> Canned:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


class Soaked:
    """The bot, and its events."""

    def __init__(self, simulator: BackgroundSimulator) -> None:
        self._simulator = simulator
        self.client = discord.Client(intents=discord.Intents.all(), heartbeat_timeout=3600.0)
        self.got = {"typing": 0, "message": 0, "slash": 0}
        tree = app_commands.CommandTree(self.client)

        @tree.command()
        async def ping(interaction: discord.Interaction) -> None:
            """Answer."""
            await interaction.response.send_message("pong")
            self.got["slash"] += 1

        async def on_message(_: discord.Message) -> None:
            self.got["message"] += 1

        async def on_socket_event_type(kind: str) -> None:
            self.got["typing"] += kind == "TYPING_START"

        for listener in (on_message, on_socket_event_type):
            self.client.event(listener)

    async def connect(self) -> None:
        """Log in over real sockets; from then on everything comes from memory."""
        hurry(self.client)
        self._running = asyncio.create_task(self.client.start(self._simulator.token))
        await self._simulator.ready(timeout=60)
        await self.client.wait_until_ready()
        self._request = aiohttp.ClientSession._request
        aiohttp.ClientSession._request = _canned  # type: ignore[method-assign, assignment]
        websocket: Any = self.client.ws
        websocket._decompressor = utils._ActiveDecompressionContext()
        self._frame_of = framing()
        self._sequence = 0

    async def close(self) -> None:
        """End the connection."""
        aiohttp.ClientSession._request = self._request  # type: ignore[method-assign]
        await self.client.close()
        await self._running

    async def take(self, events: int) -> None:
        """Receive events, and finish the work that they start."""
        websocket: Any = self.client.ws
        for _ in range(events):
            self._sequence += 1
            number = self._sequence
            what = MIX[number % len(MIX)]
            done = self.got["slash"]
            await websocket.received_message(self._frame(what, number))
            while what == "slash" and self.got["slash"] == done:
                await asyncio.sleep(0)
            if not number % 20:
                await asyncio.sleep(0)
        while self.got["message"] < self._sequence // len(MIX) * MIX.count("message"):
            await asyncio.sleep(0)

    def _frame(self, what: str, number: int) -> bytes:
        guild = self.client.guilds[number % len(self.client.guilds)]
        member = guild.members[number % len(guild.members)]
        user = {"id": str(member.id), "username": "someone", "discriminator": "0", "avatar": None, "global_name": None}
        joined = {"roles": [], "joined_at": "2020-01-01T00:00:00+00:00", "deaf": False, "mute": False, "flags": 0}
        place = {"guild_id": str(guild.id), "channel_id": str(guild.text_channels[0].id)}
        identity = str(utils.time_snowflake(utils.utcnow()) + number % 4096)
        if what == "typing":
            kind, data = "TYPING_START", {**place, "user_id": user["id"], "timestamp": 1700000000}
        elif what == "message":
            kind, data = (
                "MESSAGE_CREATE",
                {**place, **message(identity, place["channel_id"], user, "good night"), "member": joined},
            )
        else:
            kind, data = "INTERACTION_CREATE", {**place, **_interaction(identity, self._simulator.application_id)}
            data["channel"] = {"id": place["channel_id"], "type": 0, "permissions": "0"}
            data["member"] = {**joined, "user": user, "permissions": "0"}
        return self._frame_of(kind, number, data)


def _interaction(identity: str, application: int) -> dict[str, Any]:
    return {
        "id": identity,
        "application_id": str(application),
        "type": 2,
        "token": "t" * 180,
        "version": 1,
        "data": {"id": "1", "name": "ping", "type": 1},
        "locale": "en-US",
        "attachment_size_limit": 10485760,
        "entitlements": [],
        "authorizing_integration_owners": {},
        "context": 0,
    }


async def _canned(_session: aiohttp.ClientSession, *_: Any, **__: Any) -> Canned:
    return Canned()


async def soak(with_ours: bool, events: int, parts: int) -> None:
    """Receive the events in parts; print the counts after each, as a line of JSON."""
    with BackgroundSimulator(heartbeat_interval=3600) as simulator, redirect(simulator.url):
        if with_ours:
            argus_otel.instrument(endpoint_port=0)
        bot = Soaked(simulator)
        await bot.connect()
        for _ in range(parts):
            await bot.take(events // parts)
            if with_ours:
                await asyncio.to_thread(growth.scrape, runtime().endpoint_url)
            print(json.dumps({**bot.got, **counted()}), flush=True)
        await bot.close()
    if with_ours and (faults := runtime().telemetry.guard.faults):
        raise RuntimeError(f"hooks failed, so these figures are worth nothing: {faults}")


def measure(events: int, parts: int, count: Count = range) -> dict[str, list[Counts]]:
    """Run the bots, and return the counts after each part."""
    return growth.measure({name: ["benchmarks.soak", name, str(events), str(parts)] for name in NAMES}, parts, count)


def tables(found: Mapping[str, Sequence[Counts]]) -> list[Table]:
    """Return a table for each count, or none if there are fewer than two parts after the warm-up."""
    return growth.tables(PART, COUNTED, "events", found, _events)


def _events(counts: Counts) -> int:
    return counts["typing"] + counts["message"] + counts["slash"]


if __name__ == "__main__":
    asyncio.run(soak(sys.argv[1] == OURS, int(sys.argv[2]), int(sys.argv[3])))
