"""A bot that instruments itself.

Start it with Python alone:

    DISCORD_TOKEN=… python examples/one_line.py
"""

from __future__ import annotations

import os

import discord
from discord.ext import commands

import argus_otel

argus_otel.instrument(service_name="greeter")

bot = commands.Bot(command_prefix=commands.when_mentioned, intents=discord.Intents.default())


@bot.tree.command()
async def hello(interaction: discord.Interaction) -> None:
    """Say hello."""
    await interaction.response.send_message(f"Hello, {interaction.user.mention}!")


@bot.event
async def setup_hook() -> None:
    await bot.tree.sync()


if __name__ == "__main__":
    bot.run(os.environ["DISCORD_TOKEN"])
