"""An extension that loads, and takes its time."""

import asyncio

from discord.ext import commands


async def setup(_: commands.Bot) -> None:
    await asyncio.sleep(0.05)
