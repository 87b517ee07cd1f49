"""A bot as clusters: one process for every two shards.

    DISCORD_TOKEN=... argus-otel run examples/clusters.py 4

starts two processes. Each has an endpoint on a port of its own, and names it in a file: see docs/clusters.md.
"""

import multiprocessing
import os
import sys

import discord
from discord.ext import commands

SHARDS_PER_CLUSTER = 2


def run_cluster(shards: list[int], total: int) -> None:
    bot = commands.AutoShardedBot("!", intents=discord.Intents.all(), shard_ids=shards, shard_count=total)

    @bot.command()
    async def ping(ctx: commands.Context) -> None:
        await ctx.send("pong")

    bot.run(os.environ["DISCORD_TOKEN"])


def main() -> None:
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    # Every start method works; this is the only one on Windows.
    context = multiprocessing.get_context("spawn")
    clusters = [
        context.Process(target=run_cluster, args=(list(range(first, min(first + SHARDS_PER_CLUSTER, total))), total))
        for first in range(0, total, SHARDS_PER_CLUSTER)
    ]
    for cluster in clusters:
        cluster.start()
    for cluster in clusters:
        cluster.join()


if __name__ == "__main__":
    main()
