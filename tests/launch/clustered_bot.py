"""A bot of four shards as two clusters, started in every way that Python has: `python clustered_bot.py METHOD`."""

import concurrent.futures
import multiprocessing
import os
import subprocess
import sys

import discord
from discord.ext import commands

CLUSTERS = ([0, 1], [2, 3])


def run_cluster(shards: list[int]) -> None:
    bot = commands.AutoShardedBot("!", intents=discord.Intents.all(), shard_ids=shards, shard_count=4)

    @bot.command()
    async def ping(ctx: commands.Context) -> None:
        await ctx.send("pong")

    bot.run(os.environ["DISCORD_TOKEN"])


def main(method: str) -> None:
    if method == "cluster":
        run_cluster([int(shard) for shard in sys.argv[2:]])
    elif method == "subprocess":
        command = [sys.executable, __file__, "cluster"]
        children = [subprocess.Popen([*command, *map(str, shards)]) for shards in CLUSTERS]
        for child in children:
            child.wait()
    elif method == "pool":
        with concurrent.futures.ProcessPoolExecutor(2) as pool:
            list(pool.map(run_cluster, CLUSTERS))
    else:
        context = multiprocessing.get_context(method)
        processes = [context.Process(target=run_cluster, args=(shards,)) for shards in CLUSTERS]
        for process in processes:
            process.start()
        for process in processes:
            process.join()


if __name__ == "__main__":
    main(sys.argv[1])
