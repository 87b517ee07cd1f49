"""A bot that logs in every way that a test asks for: `python logging_bot.py bare|basic|dict|discord [run]`."""

import logging
import logging.config
import os
import sys
import time

import discord
from discord.ext import commands

log = logging.getLogger("music")
FORMAT = "PRINTED %(name)s %(levelname)s %(message)s"
kind = sys.argv[1]


def set_up() -> None:
    level = getattr(logging, os.environ.get("LEVEL", "INFO"))
    if kind == "basic":
        logging.basicConfig(level=level, format=FORMAT)
    elif kind == "dict":
        handler = {"class": "logging.StreamHandler", "formatter": "f"}
        root = {"level": level, "handlers": ["h"]}
        given = {"formatters": {"f": {"format": FORMAT}}, "handlers": {"h": handler}, "root": root}
        logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, **given})
    elif kind == "discord":
        discord.utils.setup_logging(level=level, formatter=logging.Formatter(FORMAT))


set_up()
log.info("an info of the bot's")
log.warning("a warning of the bot's")
logging.warning("a warning of nobody's")  # which sets logging up, if it is not

intents = discord.Intents.all()
bot = commands.Bot("!", intents=intents)


@bot.command()
async def ping(ctx: commands.Context) -> None:
    await ctx.send("pong")


@bot.command()
async def say(ctx: commands.Context, number: int) -> None:
    log.warning("asked for a number")
    await ctx.send(str(number))


@bot.tree.command()
async def play(interaction: discord.Interaction) -> None:
    """Play a song."""
    log.warning("plays a song", extra={"song": "So What", "message_": interaction.message})
    await interaction.response.defer()
    log.warning("and tells %s", interaction.followup.url)
    try:
        int(f"no luck with {interaction.token} and {bot.http.token}")
    except ValueError:
        log.exception("failed")
    await interaction.followup.send("done")


@bot.command()
async def hook(ctx: commands.Context) -> None:
    webhook = await ctx.channel.create_webhook(name="hook")
    await webhook.send("by webhook")
    log.warning("made %s", webhook.url)


@bot.command()
async def block(ctx: commands.Context) -> None:
    await ctx.send("blocks")
    time.sleep(1.6)


@bot.event
async def setup_hook() -> None:
    await bot.tree.sync()


if "run" in sys.argv:
    bot.run(os.environ["DISCORD_TOKEN"], log_handler=None)
