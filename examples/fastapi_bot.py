"""A bot and a FastAPI application in one process, on one port; argus-otel's page is at /argus, behind a password.

pip install fastapi uvicorn
DISCORD_TOKEN=… OPERATOR_PASSWORD=… python examples/fastapi_bot.py
"""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import discord
import uvicorn
from discord.ext import commands
from fastapi import FastAPI, Request, Response

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


@asynccontextmanager
async def with_the_bot(_: FastAPI) -> AsyncIterator[None]:
    async with bot:
        running = asyncio.create_task(bot.start(os.environ["DISCORD_TOKEN"]))
        yield
        running.cancel()


app = FastAPI(lifespan=with_the_bot)


@app.get("/")
async def home() -> dict[str, int]:
    return {"guilds": len(bot.guilds)}


@app.middleware("http")
async def for_operators_only(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """Ask for a password below /argus: a dependency of FastAPI does not reach what is mounted."""
    if request.url.path.startswith("/argus"):
        wanted = base64.b64encode(f"operator:{os.environ['OPERATOR_PASSWORD']}".encode()).decode()
        if not secrets.compare_digest(request.headers.get("Authorization", ""), f"Basic {wanted}"):
            return Response("for operators only", 401, {"WWW-Authenticate": "Basic"})
    return await answer(request)


# The password protects it, so ARGUS_ENDPOINT_TOKEN is not asked for besides.
app.mount("/argus", argus_otel.asgi(check_token=False))


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "8080")))
