"""A bot in several shards, which knows nothing of argus-otel: the gateway's metrics tell them apart.

Start it observed:

    DISCORD_TOKEN=… argus-otel run examples/autosharded.py
"""

from __future__ import annotations

import logging
import os

import discord
from discord.ext import commands

_log = logging.getLogger("sharded")


class Sharded(commands.AutoShardedBot):
    def __init__(self) -> None:
        # Discord says how many shards. A part of them, as one of several processes: shard_ids=[0, 1], shard_count=4
        super().__init__(command_prefix=commands.when_mentioned, intents=discord.Intents.default())

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def on_shard_ready(self, shard_id: int) -> None:
        _log.info("shard %d is ready", shard_id)

    async def on_shard_resumed(self, shard_id: int) -> None:
        _log.info("shard %d was away", shard_id)


bot = Sharded()


@bot.tree.command()
async def shards(interaction: discord.Interaction) -> None:
    """Tell how each shard is."""
    lines = (f"shard {shard}: {latency * 1000:.0f} ms" for shard, latency in bot.latencies)
    await interaction.response.send_message("\n".join(lines))


if __name__ == "__main__":
    bot.run(os.environ["DISCORD_TOKEN"], root_logger=True)
