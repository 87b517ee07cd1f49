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
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import aiohttp
import discord
from discord import app_commands, utils

import argus_otel
from argus_otel.runtime import runtime
from discord_simulator import BackgroundSimulator, hurry, redirect

from .frames import framing, message
from .processes import BARE, CONTROL, OURS
from .progress import Count
from .results import compared
from .tables import Table

PART = "soak"
NAMES = (BARE, CONTROL, OURS)
MIX = ("typing",) * 12 + ("message",) * 7 + ("slash",)
BATCH = 1000
COUNTED = {
    "resident": ("growth of resident memory by a thousand events", "bytes"),
    "blocks": ("growth of Python's memory blocks by a thousand events", "blocks"),
    "ours": ("growth of argus-otel's objects by a thousand events", "objects"),
}


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


def counted() -> dict[str, int]:
    """Return the counts, by the names of :data:`COUNTED`."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    modules = [str(type(it).__module__) for it in gc.get_objects()]
    ours = sum(name.startswith("argus_otel.") and not name.startswith("discord_simulator") for name in modules)
    return {
        "resident": pages * os.sysconf("SC_PAGE_SIZE"),
        "blocks": sys.getallocatedblocks(),
        "ours": ours,
    }


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
                await asyncio.to_thread(_scrape, runtime().endpoint_url)
            print(json.dumps({**bot.got, **counted()}), flush=True)
        await bot.close()
    if with_ours and (faults := runtime().telemetry.guard.faults):
        raise RuntimeError(f"hooks failed, so these figures are worth nothing: {faults}")


def _scrape(url: str | None) -> None:
    with urllib.request.urlopen(f"{url}/metrics", timeout=60) as answer:
        answer.read()


class _Soaking:
    """A bot in a process of its own."""

    def __init__(self, name: str, events: int, parts: int) -> None:
        self._name = name
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "ARGUS_"))}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.soak", name, str(events), str(parts)],
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=kept,
            start_new_session=True,  # Ctrl-C interrupts the measurement, not the bot
        )
        self.found: list[dict[str, int]] = []

    def part(self) -> None:
        """Wait until it has received another part."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._failed()
        self.found.append(json.loads(line))

    def finish(self) -> None:
        """Wait for its end, and check its exit code."""
        if self._process.wait(60):
            self._failed()

    def _failed(self) -> None:
        self._process.wait(10)
        self._errors.seek(0)
        raise RuntimeError(f"the soak of {self._name} ended: {self._errors.read().decode()[-2000:]}")

    def end(self) -> None:
        """End the process, if it runs."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()


def measure(events: int, parts: int, count: Count = range) -> dict[str, list[dict[str, int]]]:
    """Run the bots, and return the counts after each part."""
    with ExitStack() as stack:
        bots = {name: _Soaking(name, events, parts) for name in NAMES}
        for bot in bots.values():
            stack.callback(bot.end)
        for number in count(parts):
            for bot in bots.values():
                bot.part()
            if number + 1 == parts:
                for bot in bots.values():
                    bot.finish()
        return {name: bot.found for name, bot in bots.items()}


def tables(found: Mapping[str, Sequence[Mapping[str, int]]]) -> list[Table]:
    """Return a table for each count, or none if there are fewer than two parts after the warm-up."""
    parts = len(found[BARE])
    warm = max(1, parts // 2)
    if parts < warm + 2:
        return []
    made: list[Table] = []
    for what, (title, unit) in COUNTED.items():
        samples = {
            name: [
                (after[what] - before[what]) / (_events(after) - _events(before)) * 1000
                for before, after in zip(counts[warm - 1 :], counts[warm:], strict=False)
            ]
            for name, counts in found.items()
        }
        notes = [
            f"{name}: {counts[warm - 1][what]:,} after {_events(counts[warm - 1]):,} events,"
            f" {counts[-1][what]:,} after {_events(counts[-1]):,} ({counts[-1][what] - counts[warm - 1][what]:+,})"
            for name, counts in found.items()
        ]
        made.append(Table(PART, what, title, unit, compared(samples, BARE, centre=statistics.fmean), 3, notes))
    return made


def _events(counts: Mapping[str, int]) -> int:
    return counts["typing"] + counts["message"] + counts["slash"]


if __name__ == "__main__":
    asyncio.run(soak(sys.argv[1] == OURS, int(sys.argv[2]), int(sys.argv[3])))
