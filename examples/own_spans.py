"""A bot with its own spans and a metric, made with OpenTelemetry's API alone: it has no line about argus-otel either.

    DISCORD_TOKEN=… OTEL_TRACES_EXPORTER=console argus-otel run examples/own_spans.py

Everything that a command awaits or starts is inside the command's trace, next to the REST calls:

    command forecast
    ├── POST /interactions/{webhook_id}/{webhook_token}/callback
    ├── forecast.gather
    │   ├── forecast.ask
    │   └── forecast.ask
    └── POST /webhooks/{webhook_id}/{webhook_token}

Started by plain `python` the same code does nothing more than a bot: without an SDK, the API's spans are empty.
"""

from __future__ import annotations

import asyncio
import os
import random

import discord
from discord.ext import commands
from opentelemetry import metrics, trace

tracer = trace.get_tracer("forecast")
forecasts = metrics.get_meter("forecast").create_counter("forecast.given", "{forecast}", "Forecasts that were given.")

bot = commands.Bot(command_prefix=commands.when_mentioned, intents=discord.Intents.default())


async def ask(city: str) -> str:
    with tracer.start_as_current_span("forecast.ask", attributes={"forecast.city": city}):
        await asyncio.sleep(random.uniform(0.05, 0.3))  # a weather service
        return f"{city}: {random.choice(('sun', 'rain', 'snow'))}"


@bot.tree.command()
async def forecast(interaction: discord.Interaction) -> None:
    """Tell the weather."""
    await interaction.response.defer()
    with tracer.start_as_current_span("forecast.gather"):
        answers = await asyncio.gather(ask("Oslo"), ask("Rome"))
    forecasts.add(len(answers))
    await interaction.followup.send("\n".join(answers))


@bot.event
async def setup_hook() -> None:
    await bot.tree.sync()


if __name__ == "__main__":
    bot.run(os.environ["DISCORD_TOKEN"])
