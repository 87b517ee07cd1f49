"""A bot that reports its errors to Sentry too, as docs/sentry.md shows."""

import os

import discord
import sentry_sdk
from discord.ext import commands, tasks
from sentry_sdk.integrations.otlp import OTLPIntegration

sentry_sdk.init(dsn=os.environ["SENTRY_DSN"], integrations=[OTLPIntegration()])

bot = commands.Bot("!", intents=discord.Intents.all())


@bot.tree.command()
async def play(interaction: discord.Interaction) -> None:
    """Play a song."""
    raise LookupError("no such song")


@bot.command()
async def skip(ctx: commands.Context) -> None:
    raise RuntimeError("nothing plays")


@tasks.loop(count=1)
async def tidy_up() -> None:
    raise ArithmeticError("nothing to tidy up")


@bot.event
async def setup_hook() -> None:
    await bot.tree.sync()
    tidy_up.start()


bot.run(os.environ["DISCORD_TOKEN"])
