"""A bot that forks in every possible way, and prints how each child ended: `EXITS {...}`.

`python forking_bot.py` forks children that are no bots; `python forking_bot.py bot` one that runs another shard.
"""

import asyncio
import json
import logging
import multiprocessing
import os
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import discord
from discord.ext import commands
from opentelemetry import metrics, trace

import argus_otel

FORK = multiprocessing.get_context("fork")
ENDS = ("returns", "exits", "ends at once", "raises")
exits: dict[str, int] = {}
made = metrics.get_meter("bot").create_counter("made")


def work(end: str) -> str:
    """Do what a bot's code does, for longer than any exporter waits, and end."""
    logging.getLogger("child").warning("logged by the child")
    argus_otel.count("child.counts")
    argus_otel.record("child.recorded", guild=1)
    made.add(1, {"by": "child"})
    with argus_otel.timed("child.times"), trace.get_tracer("child").start_as_current_span("child's span"):
        time.sleep(1)
    if end == "exits":
        sys.exit(7)
    elif end == "ends at once":
        os._exit(7)
    elif end == "raises":
        raise RuntimeError("the child's own")
    return end


def wait_for(name: str, pid: int) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            exits[name] = os.waitstatus_to_exitcode(status)
            return
        time.sleep(0.02)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    exits[name] = 999


def fork_in_thread(end: str) -> None:
    pid = os.fork()
    if pid == 0:
        work(end)
    else:
        wait_for(f"thread {end}", pid)


def fork_by_multiprocessing(end: str) -> None:
    process = FORK.Process(target=work, args=(end,))
    process.start()
    process.join(15)
    exits[f"multiprocessing {end}"] = 999 if process.exitcode is None else process.exitcode
    process.kill()


def fork_in_pool() -> None:
    with ProcessPoolExecutor(2, FORK) as pool:
        exits["pool"] = 0 if list(pool.map(work, ["returns"] * 4)) == ["returns"] * 4 else 1


def fork_in_main(end: str) -> None:
    pid = os.fork()
    if pid == 0:
        work(end)
        sys.exit()
    wait_for(f"main {end}", pid)


def run_bot(**shards: int) -> None:
    bot = commands.Bot("!", intents=discord.Intents.all(), **shards)

    @bot.command()
    async def ping(ctx: commands.Context) -> None:
        argus_otel.count("pings")
        made.add(1, {"by": "bot"})
        with argus_otel.timed("pinging"):
            await ctx.send("pong")

    @bot.command()
    async def fork(ctx: commands.Context) -> None:
        # Not in threads of a pool's, which a child of multiprocessing's would wait for, with us or without.
        ways = [partial(way, end) for way in (fork_in_thread, fork_by_multiprocessing) for end in ENDS]
        threads = [threading.Thread(target=way) for way in (*ways, fork_in_pool)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            await asyncio.sleep(0.05)
        await bot.close()

    @bot.command()
    async def another(ctx: commands.Context) -> None:
        FORK.Process(target=run_bot, kwargs={"shard_id": 1, "shard_count": 2}, daemon=True).start()

    bot.run(os.environ["DISCORD_TOKEN"])


if "bot" in sys.argv:
    run_bot(shard_id=0, shard_count=2)
else:
    run_bot()
    for end in ENDS:
        fork_in_main(end)
    print("EXITS " + json.dumps(exits), flush=True)
