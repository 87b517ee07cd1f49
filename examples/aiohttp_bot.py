"""A bot and an aiohttp application in one process, on one port; argus-otel's page is at /argus, behind a password.

DISCORD_TOKEN=… OPERATOR_PASSWORD=… python examples/aiohttp_bot.py
"""

from __future__ import annotations

import asyncio
import base64
import os
import secrets

import discord
from aiohttp import web
from aiohttp.typedefs import Handler
from discord.ext import commands

import argus_otel

argus_otel.instrument(service_name="greeter", endpoint=False)

bot = commands.Bot(command_prefix=commands.when_mentioned, intents=discord.Intents.default())


@bot.tree.command()
async def hello(interaction: discord.Interaction) -> None:
    """Say hello."""
    await interaction.response.send_message(f"Hello, {interaction.user.mention}!")


@bot.event
async def setup_hook() -> None:
    await bot.tree.sync()


async def home(_: web.Request) -> web.Response:
    return web.json_response({"guilds": len(bot.guilds)})


@web.middleware
async def for_operators_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Ask for a password below /argus."""
    if request.path.startswith("/argus"):
        wanted = base64.b64encode(f"operator:{os.environ['OPERATOR_PASSWORD']}".encode()).decode()
        if not secrets.compare_digest(request.headers.get("Authorization", ""), f"Basic {wanted}"):
            return web.Response(status=401, text="for operators only", headers={"WWW-Authenticate": "Basic"})
    return await handler(request)


async def main() -> None:
    app = web.Application(middlewares=[for_operators_only])
    app.router.add_get("/", home)
    # The password protects it, so ARGUS_ENDPOINT_TOKEN is not asked for besides.
    app.add_subapp("/argus", argus_otel.aiohttp_app(check_token=False))
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(os.environ.get("PORT", "8080"))).start()
    try:
        async with bot:
            await bot.start(os.environ["DISCORD_TOKEN"])
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
