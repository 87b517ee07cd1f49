"""A bot that answers a slash command by the graph of graph_agent.py: it has no line about argus-otel either.

    DISCORD_TOKEN=… OPENAI_API_KEY=… OTEL_TRACES_EXPORTER=console argus-otel run examples/discord_graph_bot.py

The command and all that the graph does for it are one trace. The spans `POST` below those of the model are those of
opentelemetry-instrumentation-httpx, if it is installed:

    command ask
    ├── POST /interactions/{webhook_id}/{webhook_token}/callback
    ├── invoke_workflow shop
    │   ├── invoke_node sort
    │   │   └── chat gpt-4o-mini
    │   │       └── POST
    │   ├── invoke_node look_up
    │   └── invoke_node write
    │       └── chat gpt-4o-mini
    │           └── POST
    └── POST /webhooks/{webhook_id}/{webhook_token}
"""

from __future__ import annotations

import os

import discord
from discord.ext import commands
from graph_agent import shop

bot = commands.Bot(command_prefix=commands.when_mentioned, intents=discord.Intents.default())


@bot.tree.command()
async def ask(interaction: discord.Interaction, question: str) -> None:
    """Ask the shop."""
    await interaction.response.defer()  # Discord waits for three seconds, and a model may take longer
    answered = await shop.ainvoke({"text": question})
    await interaction.followup.send(answered["answer"])


@bot.event
async def setup_hook() -> None:
    await bot.tree.sync()


if __name__ == "__main__":
    bot.run(os.environ["DISCORD_TOKEN"])
