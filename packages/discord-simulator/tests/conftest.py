"""Real bots on a simulated Discord."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING, Any

import discord
import pytest

from discord_simulator import hurry, redirect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from discord_simulator import Simulator

# A shell ignores SIGINT for what it runs in the background, and children inherit that: they would not hear Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def run_bot() -> Callable[..., Any]:
    """Give the means to run a bot for the length of an ``async with``."""

    @contextlib.asynccontextmanager
    async def run(sim: Simulator, bot: discord.Client, *, shards: int | None = None) -> AsyncIterator[discord.Client]:
        with redirect(sim.url):
            hurry(bot)
            task = asyncio.create_task(bot.start(sim.token))
            try:
                ready = asyncio.create_task(sim.ready(shards))
                done, _ = await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED)
                if task in done:
                    ready.cancel()
                    task.result()
                await ready
                await asyncio.wait_for(bot.wait_until_ready(), 5)
                yield bot
            finally:
                await bot.close()
                await asyncio.wait([task])

    return run


@pytest.fixture
def serve() -> Callable[..., Any]:
    """Give the means to start a bot that may fail: the task of ``bot.start``."""

    @contextlib.asynccontextmanager
    async def start(sim: Simulator, bot: discord.Client, token: str | None = None) -> AsyncIterator[asyncio.Task[None]]:
        with redirect(sim.url):
            hurry(bot)
            task = asyncio.create_task(bot.start(sim.token if token is None else token))
            try:
                yield task
            finally:
                await bot.close()
                await asyncio.wait([task])

    return start
