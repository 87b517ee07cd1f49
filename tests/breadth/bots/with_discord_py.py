"""A discord.py bot that answers `!ping`."""

import os

import discord
from discord.ext import commands

bot = commands.Bot("!", intents=discord.Intents.all())


@bot.command()
async def ping(ctx):
    await ctx.send("pong")


bot.run(os.environ["DISCORD_TOKEN"])
