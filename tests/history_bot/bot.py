"""A bot that does a little of everything that history has."""

from __future__ import annotations

import asyncio
import os

import discord
from discord import app_commands
from discord.ext import commands

import argus_otel


class View(discord.ui.View):
    @discord.ui.button(label="skip")
    async def skip(self, interaction: discord.Interaction, _: object) -> None:
        await interaction.response.send_message("skipped")


class Bot(commands.Bot):
    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def on_command_error(self, *_: object) -> None:
        pass


bot = Bot("!", intents=discord.Intents.all())


@bot.tree.command()
async def ping(interaction: discord.Interaction) -> None:
    """Answer."""
    await interaction.response.send_message("pong")


@bot.tree.command()
async def song(interaction: discord.Interaction) -> None:
    """Play."""
    argus_otel.record("song.played", title="So What", duration=2.5)
    await interaction.response.send_message("playing", view=View())


@bot.tree.command()
async def many(interaction: discord.Interaction, number: int) -> None:
    """Record a number of events."""
    for each in range(number):
        argus_otel.record("song.queued", position=each)
    await interaction.response.send_message("done")


@bot.tree.command()
async def fail(interaction: discord.Interaction) -> None:
    """Fail."""
    await interaction.response.send_message("failing")
    raise KeyError("x")


@bot.tree.error
async def quiet(_: discord.Interaction, __: app_commands.AppCommandError) -> None:
    pass


@bot.hybrid_command()
async def both(ctx: commands.Context[Bot]) -> None:
    """Either way."""
    await asyncio.sleep(0.01)
    await ctx.send("here")


bot.run(os.environ["DISCORD_TOKEN"])
