"""A bot in a process of its own that reports its usage: ``python process_bot.py '{"url": …, "token": …}'``.

It is a real bot on a simulator, using only discord.py: this file imports no module of argus-otel by itself, so that the
imports of a start with argus-otel can be distinguished from the bot's own. When it is ready, and for every line
on its standard input, it prints a line of JSON: its usage, or, for ``late SECONDS``, the delay of its event loop
in that time.

Options: ``url`` and ``token`` of the simulator, ``shards``, ``users`` (cached beside those of the guilds), ``attach``
(``argus-dpy``, ``argus-otel`` or nothing), ``port`` of argus-dpy's server, ``still`` (no garbage collection from now
on), ``names`` (the number of further slash commands).
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import discord
import yarl
from discord import app_commands
from discord.ext import commands

TICK = 0.001
OPTIONS: dict[str, Any] = json.loads(sys.argv[1])


class Bot(commands.AutoShardedBot):
    """Answers a slash command, a prefix command and a click, and listens to messages."""

    def __init__(self) -> None:
        super().__init__(
            "!", intents=discord.Intents.all(), shard_count=OPTIONS.get("shards", 1), heartbeat_timeout=3600.0
        )
        self.received = 0
        self.kept: list[discord.User] = []

    async def setup_hook(self) -> None:
        """Register the commands, so that users find them."""
        await self.tree.sync()

    async def on_message(self, message: discord.Message, /) -> None:
        """Count, and look for a command."""
        self.received += 1
        await self.process_commands(message)


class Again(discord.ui.View):
    """A button."""

    @discord.ui.button(label="again")
    async def again(self, interaction: discord.Interaction, _: discord.ui.Button[Again]) -> None:
        """Answer."""
        await interaction.response.send_message("again")


def make() -> Bot:
    """Return the bot with its commands."""
    bot = Bot()

    async def slash(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("pong", view=Again(timeout=60))

    for number in range(1 + OPTIONS.get("names", 0)):
        bot.tree.add_command(app_commands.Command(name=f"ping{number}", description="Answer.", callback=slash))

    @bot.command()
    async def hello(context: commands.Context[Bot]) -> None:
        await context.send("hello")

    return bot


def attach(bot: Bot) -> None:
    """Attach a peer that is attached in the bot's code."""
    if OPTIONS.get("attach") == "argus-dpy":
        from argus import Argus  # pyright: ignore[reportMissingImports, reportUnknownVariableType]

        Argus(bot, host="127.0.0.1", port=OPTIONS["port"])
    elif OPTIONS.get("attach") == "argus-otel":
        import argus_otel

        argus_otel.instrument()


def fill(bot: Bot, users: int) -> None:
    """Let discord.py create users in its cache."""
    state: Any = bot._connection
    for number in range(users):
        data = {"id": str(10**17 + number), "username": "user", "discriminator": "0", "avatar": None}
        bot.kept.append(state.store_user(data))


def used(bot: Bot, loop_thread: int) -> dict[str, float]:
    """Return the resource usage of the process: processor seconds, bytes, counts."""
    resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return {
        "cpu": time.process_time(),
        "loop": time.clock_gettime(time.pthread_getcpuclockid(loop_thread)),
        "wall": time.monotonic(),
        "resident": resident,
        "modules": len(sys.modules),
        "threads": threading.active_count(),
        "users": len(bot._connection._users),
        "shards": len(bot.shards),
        "messages": bot.received,
    }


async def late(seconds: float) -> dict[str, float]:
    """Watch the event loop for ``seconds``; return its longest delay, in seconds."""
    most, until = 0.0, time.perf_counter() + seconds
    while (began := time.perf_counter()) < until:
        await asyncio.sleep(TICK)
        most = max(most, time.perf_counter() - began - TICK)
    return {"late": most}


def answer(bot: Bot, loop_thread: int) -> None:
    """Answer each line until the end of the input, then end the process as if it were killed."""
    for line in sys.stdin:
        if line.startswith("late "):
            figures = asyncio.run_coroutine_threadsafe(late(float(line.split()[1])), bot.loop).result()
        else:
            figures = used(bot, loop_thread)
        print(json.dumps(figures), flush=True)
    os._exit(0)


def main() -> None:
    """Run the bot."""
    discord.http.Route.BASE = f"{OPTIONS['url']}/api/v10"
    gateway: Any = discord.gateway.DiscordWebSocket
    gateway.DEFAULT_GATEWAY = yarl.URL(OPTIONS["url"].replace("http", "ws", 1) + "/")
    bot = make()
    bot._connection.guild_ready_timeout = 0.1

    async def at_once(shard_id: int | None, *, initial: bool = False) -> None:
        pass

    bot.before_identify_hook = at_once  # type: ignore[method-assign]
    attach(bot)
    loop_thread = threading.get_ident()
    began: list[bool] = []

    async def on_ready() -> None:
        if began:
            return
        began.append(True)
        fill(bot, OPTIONS.get("users", 0))
        if OPTIONS.get("still"):
            gc.collect()
            gc.freeze()
            gc.disable()
        print(json.dumps(used(bot, loop_thread)), flush=True)
        threading.Thread(target=answer, args=(bot, loop_thread), daemon=True).start()

    bot.add_listener(on_ready)
    bot.run(OPTIONS["token"], log_handler=None)


if __name__ == "__main__":
    main()
