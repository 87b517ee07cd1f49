"""An extension that does not load."""

from discord.ext import commands


async def setup(_: commands.Bot) -> None:
    raise LookupError("no key for the weather service")
