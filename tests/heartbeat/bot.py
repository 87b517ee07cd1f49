"""A bot with a heartbeat whose minutes are short, or whose seconds take SECOND. `!block SECONDS` blocks its loop."""

from __future__ import annotations

import asyncio
import os
import time

import argus_otel
from argus_otel.heartbeat import Heartbeat, heartbeat

argus_otel.instrument()

import discord  # noqa: E402

from argus_otel.sources.discord import heartbeats  # noqa: E402

second = float(os.environ.get("SECOND", 1))
if "SECOND" in os.environ:
    Heartbeat.interval *= second
    Heartbeat.retry *= second
    heartbeat._LOOP_TIMEOUT *= second
    heartbeats._SILENT_AFTER *= second
else:
    Heartbeat.interval, Heartbeat.retry = 0.3, 0.1
    heartbeat._LOOP_TIMEOUT = 0.5
    heartbeats._SILENT_AFTER = 1.0  # the gateway asks for a heartbeat each 0.3 s

# After that time without a message from the gateway, discord.py connects anew; 60 s is its default.
client = discord.AutoShardedClient(shard_count=2, intents=discord.Intents.all(), heartbeat_timeout=60 * second)


@client.event
async def on_message(message: discord.Message) -> None:
    if message.content.startswith("!block "):
        time.sleep(float(message.content.split()[1]))


async def main() -> None:
    try:
        await client.start(os.environ["DISCORD_TOKEN"])
    except discord.ConnectionClosed as closed:
        print("closed with", closed.code, flush=True)
    await asyncio.sleep(60)  # a program that goes on without its bot


asyncio.run(main())
