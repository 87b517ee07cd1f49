"""A bot whose one task loop dies of its third song, and whose other asks Discord for something five times a second."""

from __future__ import annotations

import os
from contextlib import suppress

import discord
from discord.ext import tasks

songs = ["Blue in Green", "So What"]


class Troubled(discord.Client):
    async def setup_hook(self) -> None:
        play_next.start()
        ask.start()


bot = Troubled(intents=discord.Intents.none())


@tasks.loop(seconds=0.2)
async def play_next() -> None:
    songs.pop()


@tasks.loop(seconds=0.2)
async def ask() -> None:
    with suppress(discord.HTTPException):  # discord.py gives up after five refusals
        await bot.application_info()


bot.run(os.environ["DISCORD_TOKEN"], log_handler=None)
