"""A bot in odd circumstances: `python odd_bot.py CIRCUMSTANCE...`, each of those below."""

import asyncio
import os
import sys
import threading
import time

import discord
from discord.ext import commands

odd = sys.argv[1:]

if "no threads" in odd:
    start = threading.Thread.start

    def refuse(self: threading.Thread) -> None:
        if self.name.startswith(("argus-otel", "Otel")):
            raise RuntimeError("can't start new thread")
        start(self)

    threading.Thread.start = refuse

if "instrument" in odd:
    import argus_otel

    argus_otel.instrument()

if "few descriptors" in odd:
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))

if "log processor raises" in odd:
    from opentelemetry._logs import get_logger_provider
    from opentelemetry.sdk._logs import LogRecordProcessor

    class Raising(LogRecordProcessor):
        def on_emit(self, log_record: object) -> None:
            raise RuntimeError("the processor's own")

        def shutdown(self) -> None: ...

        def force_flush(self, timeout_millis: int = 30000) -> bool:
            return True

    get_logger_provider().add_log_record_processor(Raising())

if "shutdown sleeps" in odd:
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import get_tracer_provider

    class Sleeping(SpanProcessor):
        def shutdown(self) -> None:
            time.sleep(60)

    get_tracer_provider().add_span_processor(Sleeping())

if "gauge hangs" in odd:
    from opentelemetry.metrics import get_meter

    def hang(_: object) -> list[object]:
        print("HANGS", flush=True)
        time.sleep(30)
        return []

    get_meter("bot").create_observable_gauge("hangs", [hang])


bots: list[commands.Bot] = []


def make() -> commands.Bot:
    bot = commands.Bot("!", intents=discord.Intents.all())

    @bot.command()
    async def ping(ctx: commands.Context) -> None:
        await ctx.send("pong")

    @bot.event
    async def on_connect() -> None:
        print("CONNECTED", flush=True)

    @bot.event
    async def on_message(message: discord.Message) -> None:
        if message.content == "!leave":
            for each in bots:
                await each.close()
        else:
            await bot.process_commands(message)

    bots.append(bot)
    return bot


async def both() -> None:
    await asyncio.gather(*(make().start(os.environ["DISCORD_TOKEN"]) for _ in range(2)))


if "two bots" in odd:
    asyncio.run(both())
else:
    make().run(os.environ["DISCORD_TOKEN"])
if "leaves with 3" in odd:
    sys.exit(3)
