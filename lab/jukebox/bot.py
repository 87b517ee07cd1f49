# ruff: noqa: S311 - a bot may roll dice
"""A music bot that uses every feature within a minute, so that each metric and each panel has data.

It runs as one of several processes, each with the shards that ``JUKEBOX_SHARDS`` names (``0,1``), of
``JUKEBOX_SHARD_COUNT``.
Its faults are intended. It uses argus-otel only through the functions of ``docs/custom-instrumentation.md``.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import random
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands, tasks

import argus_otel

sys.path.insert(0, str(Path(__file__).parent))

SONGS = ("Blue in Green", "Gymnopédie No. 1", "Clair de Lune", "So What", "Take Five", "Autumn Leaves")
GENRES = ("jazz", "classical", "rock")
LYRICS: dict[str, str] = {}
COMERS, QUESTIONS = itertools.count(), itertools.count()

_log = logging.getLogger("jukebox")


class ChartsError(Exception):
    """The charts cannot be had."""


class Jukebox(commands.AutoShardedBot):
    async def setup_hook(self) -> None:
        for extension in ("cogs.radio", "cogs.weather"):
            with suppress(commands.ExtensionFailed):
                await self.load_extension(extension)
        await self.tree.sync()
        # As launchers of clusters do, which wait if no session remains; discord.py asks if it may choose the shards.
        await self.http.get_bot_gateway()
        for loop in (tidy_up, refresh_charts, import_charts):
            loop.start()

    async def before_identify_hook(self, *_: Any, **__: Any) -> None:
        pass  # Discord's five seconds between two sessions are too long here


bot = Jukebox(
    "!",
    intents=discord.Intents.all(),
    shard_ids=[int(shard) for shard in os.environ["JUKEBOX_SHARDS"].split(",")],
    shard_count=int(os.environ["JUKEBOX_SHARD_COUNT"]),
)


# -- components under an answer


class PlayerView(discord.ui.View):
    @discord.ui.button(label="Skip")
    async def skip(self, interaction: discord.Interaction, _: Any) -> None:
        await interaction.response.edit_message(content=f"Now playing: {random.choice(SONGS)}", view=self)

    @discord.ui.button(label="Feedback")
    async def feedback(self, interaction: discord.Interaction, _: Any) -> None:
        await interaction.response.send_modal(FeedbackModal())

    @discord.ui.button(label="Buy")
    async def buy(self, interaction: discord.Interaction, _: Any) -> None:
        await interaction.response.defer()
        raise PermissionError("no shop in this guild")

    @discord.ui.select(placeholder="Play another", options=[discord.SelectOption(label=song) for song in SONGS])
    async def pick(self, interaction: discord.Interaction, select: discord.ui.Select[PlayerView]) -> None:
        await interaction.response.send_message(f"Now playing: {select.values[0]}", view=PlayerView())

    async def on_error(self, interaction: discord.Interaction, error: Exception, item: Any) -> None:
        _log.error("a button failed", exc_info=error)


class FeedbackModal(discord.ui.Modal, title="Feedback"):
    text: discord.ui.TextInput[FeedbackModal] = discord.ui.TextInput(label="How was it?", max_length=200)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message("Thank you!", ephemeral=True)


class VoteView(discord.ui.View):
    """Times out soon; later clicks get no response."""

    @discord.ui.button(label="Vote")
    async def vote(self, interaction: discord.Interaction, _: Any) -> None:
        await interaction.response.defer()


# -- slash commands and context menus


async def complete_song(_: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=song, value=song) for song in SONGS if current.lower() in song.lower()]


@bot.tree.command()
@app_commands.autocomplete(song=complete_song)
async def play(interaction: discord.Interaction, song: str) -> None:
    """Play a song."""
    with argus_otel.timed("library.query", table="songs"):
        await asyncio.sleep(random.expovariate(40))
    argus_otel.annotate(song=song)
    argus_otel.count("songs.played", genre=random.choice(GENRES))
    await interaction.response.send_message(f"Now playing: {song}", view=PlayerView())
    argus_otel.record("song.played", guild=interaction.guild_id, duration=random.uniform(60, 300), title=song)


@bot.tree.command()
async def search(interaction: discord.Interaction, words: str) -> None:
    """Search for a song, which takes a while."""
    await interaction.response.defer(thinking=True)
    with argus_otel.timed("library.query", table="index"):
        await asyncio.sleep(random.uniform(0.1, 0.9))
    await interaction.followup.send(f"{words}: did you mean {random.choice(SONGS)}?")
    _log.info("searched")


@bot.tree.command()
async def lyrics(interaction: discord.Interaction) -> None:
    """Show the lyrics of a song. Nobody has written any down yet, so this fails."""
    await interaction.response.defer()
    await interaction.followup.send(LYRICS[random.choice(SONGS)])


@bot.tree.command()
async def download(interaction: discord.Interaction) -> None:
    """Download a song, which sometimes takes longer than Discord waits."""
    await asyncio.sleep(random.choice((1.2, 2.1, 3.2)))
    await interaction.response.send_message("Here it is.")


@bot.tree.command()
async def ponder(interaction: discord.Interaction) -> None:
    """Think, and now and then forget to answer."""
    await asyncio.sleep(0.2)
    if next(QUESTIONS) % 3:
        await interaction.response.send_message("Hm.")


@bot.tree.command()
@app_commands.checks.cooldown(1, 5.0, key=lambda interaction: interaction.guild_id)
async def surprise(interaction: discord.Interaction) -> None:
    """Play anything, but not too often."""
    await interaction.response.send_message(f"Now playing: {random.choice(SONGS)}", view=PlayerView())


@bot.tree.command()
async def poll(interaction: discord.Interaction) -> None:
    """Ask which song is next, and not for long."""
    await interaction.response.send_message("Which one?", view=VoteView(timeout=0.4))


@bot.tree.error
async def on_command_tree_error(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
    if isinstance(error, app_commands.CheckFailure):
        await interaction.response.send_message(str(error), ephemeral=True)
    else:
        _log.error("a command failed", exc_info=error)


playlist = app_commands.Group(name="playlist", description="The guild's playlist", guild_only=True)
bot.tree.add_command(playlist)


@playlist.command()
async def add(interaction: discord.Interaction, song: str) -> None:
    """Add a song to the playlist."""
    await asyncio.sleep(random.expovariate(20))
    await interaction.response.send_message(f"Added {song}.")


@playlist.command()
async def show(interaction: discord.Interaction) -> None:
    """Show the playlist."""
    await interaction.response.send_message("It is empty.")


@bot.tree.context_menu(name="Dedicate a song")
async def dedicate(interaction: discord.Interaction, user: discord.User) -> None:
    await interaction.response.send_message(f"{random.choice(SONGS)}, for {user.mention}")


@bot.tree.context_menu(name="Play this")
async def play_this(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(f"Now playing: {message.content[:100]}", view=PlayerView())


# -- prefix commands


@bot.hybrid_command()
async def latency(ctx: commands.Context[Jukebox]) -> None:
    """Tell how far away Discord is."""
    await ctx.send("not far")


@bot.command()
async def volume(ctx: commands.Context[Jukebox], percent: commands.Range[int, 0, 100]) -> None:
    await ctx.send(f"Volume: {percent} %")


@bot.command()
async def forget(ctx: commands.Context[Jukebox]) -> None:
    raise IndexError("there is no such song")


@bot.event
async def on_command_error(ctx: commands.Context[Jukebox], error: commands.CommandError) -> None:
    if isinstance(error, commands.CommandInvokeError):
        _log.error("%s failed", ctx.command, exc_info=error.original)


# -- rare work, by command, so that a test can choose when


@bot.command()
async def sing(ctx: commands.Context[Jukebox]) -> None:
    """Speak in a voice channel, leave it, and come back to stay."""
    assert ctx.guild
    channel = ctx.guild.voice_channels[0]
    voice = await channel.connect()
    for _ in range(25):
        voice.send_audio_packet(b"\xf8\xff\xfe", encode=False)
        await asyncio.sleep(0.02)
    await voice.disconnect()
    voice = await channel.connect()
    await ctx.send("sung")
    bot.singing = asyncio.create_task(hum(voice))  # type: ignore[attr-defined]


async def hum(voice: discord.VoiceClient) -> None:
    """Go on speaking, as long as there is a connection."""
    while voice.is_connected():
        voice.send_audio_packet(b"\xf8\xff\xfe", encode=False)
        await asyncio.sleep(0.02)


@bot.command()
async def stumble(ctx: commands.Context[Jukebox]) -> None:
    """Block the event loop."""
    time.sleep(0.7)
    await ctx.send("sorry")


@bot.command()
async def hurry(ctx: commands.Context[Jukebox]) -> None:
    """Send more to the gateway than its limit."""
    assert ctx.guild
    gateway = bot.shards[ctx.guild.shard_id]._parent.ws
    limiter = gateway._rate_limiter
    usual = limiter.max, limiter.per
    limiter.max, limiter.remaining, limiter.per = 3, 3, 0.5
    for number in range(8):
        await gateway.change_presence(activity=discord.Game(str(number)))
    limiter.max, limiter.per = usual
    await ctx.send("told")


@bot.command()
async def reindex(ctx: commands.Context[Jukebox]) -> None:
    """Make more spans at once than the exporter's queue holds, and count by an id, which becomes `_OTHER`."""
    for _ in range(1500):
        with argus_otel.timed("library.index"):
            pass
    argus_otel.count("songs.indexed", disc="81384788765712384")
    await ctx.send("done")


@bot.command()
async def recall(ctx: commands.Context[Jukebox]) -> None:
    """Request a missing object from Discord."""
    with suppress(discord.NotFound):
        await ctx.channel.fetch_message(1)
    await ctx.send("gone")


@bot.command()
async def mumble(ctx: commands.Context[Jukebox]) -> None:
    """Log a record whose level is no number: logging cannot take it, and neither can the hook on logging."""
    with suppress(TypeError):
        _log.handle(logging.makeLogRecord({"name": _log.name, "levelno": None, "msg": "hm"}))
    logging.getLogger("jukebox.audio").critical("no codec")
    await ctx.send("hm")


# -- listeners and loops


@bot.listen()
async def on_member_join(member: discord.Member) -> None:
    _log.warning("somebody came whom nobody has greeted")
    await asyncio.sleep(random.expovariate(20))
    if next(COMERS) % 3 == 0:
        raise PermissionError("no role to give")


@bot.listen()
async def on_typing(*_: Any) -> None:
    await asyncio.sleep(random.expovariate(100))


@bot.event
async def on_error(event: str, *_: Any, **__: Any) -> None:
    _log.exception("the listener of %s failed", event)


@tasks.loop(seconds=1)
async def tidy_up() -> None:
    await asyncio.sleep(random.uniform(0.01, 0.1))


@tasks.loop(seconds=2)
async def refresh_charts() -> None:
    await asyncio.sleep(random.uniform(0.2, 0.6))
    if refresh_charts.current_loop % 8 == 7 and not import_charts.is_running():
        import_charts.start()


@tasks.loop(seconds=0.5)
async def import_charts() -> None:
    """Die after a while."""
    await asyncio.sleep(0.05)
    if import_charts.current_loop >= 6:
        raise ChartsError("the charts have moved")


@import_charts.error
async def on_import_charts_error(error: BaseException) -> None:
    _log.error("no charts any more", exc_info=error)


if __name__ == "__main__":
    bot.run(os.environ["DISCORD_TOKEN"], log_level=logging.INFO, root_logger=True)
