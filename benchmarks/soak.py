"""``python -m benchmarks.soak``: whether memory grows while a bot takes in a million gateway events.

Six in ten events are TYPING_START, three and a half MESSAGE_CREATE with a listener, half a one a slash command with one
response. They are fed to a real, connected discord.py bot from memory, compressed as the gateway's; REST is answered
from memory too. The bot is a process of its own: bare, and with argus-otel, which serves /metrics and is scraped after
each part.

After each part, garbage is collected, and then counted: the memory that is resident; the blocks that Python has
allocated, which is exact where the first is coarse; and the objects of argus-otel's own classes. Growth is what is
there more at the end than after the warm-up. The control is the bare bot: what grows there is not argus-otel's.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import subprocess
import sys
import urllib.request
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import discord
from discord import app_commands, utils

import argus_otel
from argus_otel.runtime import runtime
from argus_otel.simulator import BackgroundSimulator, hurry, redirect

from .machine import machine
from .processes import BARE, OURS, need_linux

MIX = ("typing",) * 12 + ("message",) * 7 + ("slash",)
BATCH = 1000
COUNTED = {"resident": "memory, bytes", "blocks": "Python's blocks", "ours": "argus-otel's objects"}


class Canned:
    """A 200 to whatever was asked, without a socket."""

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
    """The bot, and what it takes in."""

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
        self._compress = _compressor()
        self._sequence = 0

    async def close(self) -> None:
        """End the connection."""
        aiohttp.ClientSession._request = self._request  # type: ignore[method-assign]
        await self.client.close()
        await self._running

    async def take(self, events: int) -> None:
        """Take in so many events, and finish what they start."""
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
            kind, data = "MESSAGE_CREATE", {**place, **_message(identity, user), "member": joined}
        else:
            kind, data = "INTERACTION_CREATE", {**place, **_interaction(identity, self._simulator.application_id)}
            data["channel"] = {"id": place["channel_id"], "type": 0, "permissions": "0"}
            data["member"] = {**joined, "user": user, "permissions": "0"}
        return self._compress(json.dumps({"t": kind, "s": number, "op": 0, "d": data}).encode())


def _message(identity: str, user: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": identity,
        "author": user,
        "content": "good night",
        "timestamp": "2024-01-01T00:00:00+00:00",
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "pinned": False,
        "type": 0,
    }


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


def _compressor() -> Callable[[bytes], bytes]:
    """Return what compresses as the stream that discord.py asked the gateway for."""
    if utils._ActiveDecompressionContext.COMPRESSION_TYPE == "zstd-stream":
        import zstandard

        stream = zstandard.ZstdCompressor().compressobj()
        return lambda data: stream.compress(data) + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    deflate = zlib.compressobj()
    return lambda data: deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH)


def counted() -> dict[str, int]:
    """Return what there is, by the names of :data:`COUNTED`."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    modules = [str(type(it).__module__) for it in gc.get_objects()]
    ours = sum(name.startswith("argus_otel.") and not name.startswith("argus_otel.simulator") for name in modules)
    return {
        "resident": pages * os.sysconf("SC_PAGE_SIZE"),
        "blocks": sys.getallocatedblocks(),
        "ours": ours,
    }


async def soak(with_ours: bool, events: int, parts: int) -> list[dict[str, int]]:
    """Take in the events, in so many parts; return what there was after each."""
    with BackgroundSimulator(heartbeat_interval=3600) as simulator, redirect(simulator.url):
        if with_ours:
            argus_otel.instrument(endpoint_port=0)
        bot = Soaked(simulator)
        await bot.connect()
        found: list[dict[str, int]] = []
        for _ in range(parts):
            await bot.take(events // parts)
            if with_ours:
                await asyncio.to_thread(_scrape, runtime().endpoint_url)
            found.append({**bot.got, **counted()})
        await bot.close()
    if with_ours and (faults := runtime().telemetry.guard.faults):
        raise RuntimeError(f"hooks failed, so these figures are worth nothing: {faults}")
    return found


def _scrape(url: str | None) -> None:
    with urllib.request.urlopen(f"{url}/metrics", timeout=60) as answer:
        answer.read()


def measure(name: str, events: int, parts: int) -> list[dict[str, int]]:
    """Soak a bot in a process of its own."""
    words = [sys.executable, "-m", "benchmarks.soak", "--inside", name, "--events", str(events), "--parts", str(parts)]
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "ARGUS_"))}
    ended = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True, env=kept)
    return json.loads(ended.stdout.splitlines()[-1])


def shown(found: dict[str, list[dict[str, int]]], events: int) -> str:
    """Return the tables."""
    lines: list[str] = []
    for what, meaning in COUNTED.items():
        lines += [meaning, f"{'':<16}{'warmed up':>14}{'at the end':>14}{'growth':>12}{'for each event':>18}"]
        for name, parts in found.items():
            warm, last = parts[max(0, len(parts) // 5 - 1)], parts[-1]
            after = sum(last[kind] - warm[kind] for kind in ("typing", "message", "slash"))
            growth = last[what] - warm[what]
            each = growth / after if after else 0.0
            lines.append(f"{name:<16}{warm[what]:>14}{last[what]:>14}{growth:>+12}{each:>+18.4f}")
        lines.append("")
    lines.append(f"{events} events, of which a fifth is the warm-up")
    return "\n".join(lines)


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.soak",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Needs Linux, and some minutes.",
    )
    parser.add_argument("--events", type=int, default=1_000_000, help="for each bot (default: 1000000)")
    parser.add_argument("--parts", type=int, default=20, help="how often there is a count (default: 20)")
    parser.add_argument("--inside", choices=(BARE, OURS), help=argparse.SUPPRESS)
    parser.add_argument("--json", metavar="FILE", help="write the figures to FILE too")
    arguments = parser.parse_args(words)
    need_linux(parser)
    if arguments.inside:
        print(json.dumps(asyncio.run(soak(arguments.inside == OURS, arguments.events, arguments.parts))))
        return 0
    found: dict[str, list[dict[str, int]]] = {}
    for name in (BARE, OURS):
        print(f"{name}: {arguments.events} events …", file=sys.stderr)
        found[name] = measure(name, arguments.events, arguments.parts)
    print(f"{machine()}\n\n{shown(found, arguments.events)}")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(found, indent=2), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
