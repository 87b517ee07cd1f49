"""A bot whose handlers wait forever, in a REST call and outside of one."""

import asyncio
import os

import discord
from discord.ext import commands, tasks

import argus_otel

bot = commands.Bot("!", intents=discord.Intents.all())
waits: list[asyncio.Event] = []


async def wait() -> None:
    waits.append(asyncio.Event())
    print("WAITS", len(waits), flush=True)
    await waits[-1].wait()


@bot.tree.command()
async def linger(interaction: discord.Interaction) -> None:
    """Answer, and wait."""
    await interaction.response.send_message("soon")
    with argus_otel.timed("lingering"):
        await wait()


@bot.command()
async def stay(ctx: commands.Context) -> None:
    await ctx.send("soon")
    await wait()


@tasks.loop(hours=1)
async def repeat() -> None:
    await bot.get_guild(bot.guilds[0].id).text_channels[0].send("again")
    await wait()


@bot.listen("on_message")
async def heed(message: discord.Message) -> None:
    if message.content == "!stay":
        await wait()


@bot.command()
async def begin(ctx: commands.Context) -> None:
    repeat.start()


@bot.event
async def setup_hook() -> None:
    await bot.tree.sync()


bot.run(os.environ["DISCORD_TOKEN"])
