"""A bot that prints its tokens in every possible text: `python secret_bot.py`, with its root logger at DEBUG."""

import logging
import os

import discord
from discord.ext import commands
from opentelemetry import trace

import argus_otel

logging.basicConfig(level=logging.DEBUG)
log = logging.getLogger("music")
bot = commands.Bot("!", intents=discord.Intents.all())
tracer = trace.get_tracer("the bot's own")
TOKEN = os.environ["DISCORD_TOKEN"]


def say(secret: str) -> None:
    log.warning("with %s", secret, extra={"secret": secret, "several": ["a", secret]})
    argus_otel.count("said", by=secret)
    argus_otel.record("said", by=secret)
    argus_otel.annotate(by=f"({secret})")
    with argus_otel.timed("saying", by=secret):
        try:
            raise LookupError(f"no {secret}")  # noqa: TRY301 - to have a traceback
        except LookupError:
            log.exception("failed")
    with tracer.start_as_current_span(f"own {secret}", attributes={"url.full": secret}) as span:
        span.add_event(secret, {"by": [secret]})


@bot.tree.command()
async def play(interaction: discord.Interaction) -> None:
    """Play a song."""
    await interaction.response.defer()
    say(TOKEN)
    say(interaction.token)
    say(interaction.followup.url)
    webhook = await interaction.channel.create_webhook(name="hook")
    say(webhook.url)
    say(webhook.token)
    print("WEBHOOK", webhook.token)  # so that the test knows it
    await webhook.send("by webhook")
    await interaction.followup.send("done")


@bot.tree.command()
async def fail(interaction: discord.Interaction) -> None:
    """Fail."""
    raise RuntimeError(f"failed with {interaction.token} and {TOKEN} at {interaction.followup.url}")


@bot.event
async def setup_hook() -> None:
    await bot.tree.sync()


bot.run(TOKEN, log_handler=None)
