"""A bot that answers `!ping`, and on `!status` sends the status of the distro, even without an endpoint."""

import json
import os
import sys

import discord
from discord.ext import commands

bot = commands.Bot("!", intents=discord.Intents.all())


@bot.command()
async def ping(ctx: commands.Context) -> None:
    await ctx.send("pong")


@bot.command()
async def status(ctx: commands.Context) -> None:
    runtime = sys.modules["argus_otel.runtime"]
    await ctx.send("told")
    print("STATUS " + json.dumps(runtime.runtime().status()), flush=True)


@bot.command()
async def leak(ctx: commands.Context) -> None:
    webhook = await ctx.channel.create_webhook(name="hook")
    await webhook.send("by webhook")
    raise RuntimeError(f"cannot reach {webhook.url} as {bot.http.token} ({webhook.token})")


@bot.tree.command()
async def spill(interaction: discord.Interaction) -> None:
    """Raise an exception with every secret in it."""
    await interaction.response.defer()
    await interaction.followup.send("soon")
    raise RuntimeError(f"{interaction.token} {bot.http.token} {interaction.followup.url}")


@bot.event
async def setup_hook() -> None:
    await bot.tree.sync()


bot.run(os.environ["DISCORD_TOKEN"])
