"""A bot that tells a channel of each change of a service check, and answers /status.

    DISCORD_TOKEN=… STATUS_CHANNEL=… ARGUS_CHECKS_FILE=checks.yaml argus-otel run examples/checks/status_bot.py

The checks run inside the bot's process, on a thread of their own. With ARGUS_CHECKS_STATE, a directory, they go on
after a restart where they were, and nothing is told twice.
"""

from __future__ import annotations

import os

import discord
from discord.ext import commands

from argus_otel import checks
from argus_otel.checks import Change, Status

SIGNS = {Status.UP: "🟢", Status.DEGRADED: "🟡", Status.DOWN: "🔴", Status.UNKNOWN: "⚪"}
WORST_FIRST = (Status.DOWN, Status.DEGRADED, Status.UNKNOWN, Status.UP)
LONGEST = 2000  # of a message

bot = commands.Bot(command_prefix=commands.when_mentioned, intents=discord.Intents.default())


@bot.event
async def setup_hook() -> None:
    await bot.tree.sync()


@checks.on("status_changed")
async def tell(change: Change) -> None:
    """Post a change. It runs on the bot's loop, and the checks do not wait for it."""
    begins = change.known_before is Status.UNKNOWN and change.after is Status.UP
    if begins or change.after is Status.UNKNOWN or change.muted:
        return
    why = f": {change.failure.detail}" if change.failure is not None else ""
    line = f"{SIGNS[change.after]} **{change.check}** is {change.after.value} since <t:{change.since // 1000}:T>{why}"
    channel = bot.get_partial_messageable(int(os.environ["STATUS_CHANNEL"]))
    await channel.send(line[:LONGEST], allowed_mentions=discord.AllowedMentions.none())


@bot.tree.command()
async def status(interaction: discord.Interaction) -> None:
    """Tell which services are up."""
    lines: list[str] = []
    for check, found, run in sorted(checks.statuses().values(), key=lambda each: WORST_FIRST.index(each[1])):
        failure = run.failure if run is not None and found is not Status.UP else None
        lines.append(f"{SIGNS[found]} **{check.name}** is {found.value}" + (f": {failure.detail}" if failure else ""))
    await interaction.response.send_message("\n".join(lines)[:LONGEST] or "No checks run.", ephemeral=True)


bot.run(os.environ["DISCORD_TOKEN"])
