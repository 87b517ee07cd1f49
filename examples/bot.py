"""An ordinary music bot, without a line about argus-otel. It plays no music.

Start it bare, or observed:

    DISCORD_TOKEN=… python examples/bot.py
    DISCORD_TOKEN=… argus-otel run examples/bot.py
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections import defaultdict

import discord
from discord import app_commands
from discord.ext import commands, tasks

SONGS = ("Blue in Green", "Gymnopédie No. 1", "Clair de Lune", "So What", "Take Five", "Autumn Leaves")
LYRICS: dict[str, str] = {}

_log = logging.getLogger("jukebox")


class Jukebox(commands.Bot):
    def __init__(self) -> None:
        intents = discord.Intents.default()
        intents.members = True  # privileged, as is the next: switch both on in Discord's developer portal
        intents.message_content = True
        super().__init__(command_prefix="!", intents=intents)
        self.playlists: defaultdict[int, list[str]] = defaultdict(list)

    async def setup_hook(self) -> None:
        await self.tree.sync()
        tidy_up.start()


bot = Jukebox()


class PlayerView(discord.ui.View):
    """What stands under a song that plays."""

    @discord.ui.button(label="Skip", style=discord.ButtonStyle.primary)
    async def skip(self, interaction: discord.Interaction, _: discord.ui.Button[PlayerView]) -> None:
        await interaction.response.edit_message(content=f"Now playing: {random.choice(SONGS)}", view=self)

    @discord.ui.button(label="Feedback")
    async def feedback(self, interaction: discord.Interaction, _: discord.ui.Button[PlayerView]) -> None:
        await interaction.response.send_modal(FeedbackModal())

    @discord.ui.select(placeholder="Play something else", options=[discord.SelectOption(label=song) for song in SONGS])
    async def pick(self, interaction: discord.Interaction, select: discord.ui.Select[PlayerView]) -> None:
        await interaction.response.send_message(f"Now playing: {select.values[0]}", view=PlayerView())


class FeedbackModal(discord.ui.Modal, title="Feedback"):
    text: discord.ui.TextInput[FeedbackModal] = discord.ui.TextInput(label="How was it?", max_length=200)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message("Thank you!", ephemeral=True)


# -- slash commands


async def complete_song(_: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=song, value=song) for song in SONGS if current.lower() in song.lower()]


@bot.tree.command()
@app_commands.autocomplete(song=complete_song)
async def play(interaction: discord.Interaction, song: str) -> None:
    """Play a song."""
    await interaction.response.send_message(f"Now playing: {song}", view=PlayerView())


@bot.tree.command()
async def search(interaction: discord.Interaction, words: str) -> None:
    """Search for a song, which takes a while."""
    await interaction.response.defer(thinking=True)
    await asyncio.sleep(random.uniform(0.5, 1.5))
    await interaction.followup.send(f"{words}: did you mean {random.choice(SONGS)}?")


@bot.tree.command()
async def lyrics(interaction: discord.Interaction) -> None:
    """Show the lyrics of a song. Nobody has written any down yet, so this fails."""
    await interaction.response.send_message(LYRICS[random.choice(SONGS)])


@bot.tree.command()
@app_commands.checks.cooldown(1, 10.0, key=lambda interaction: interaction.guild_id)
async def surprise(interaction: discord.Interaction) -> None:
    """Play anything, but not too often."""
    await interaction.response.send_message(f"Now playing: {random.choice(SONGS)}", view=PlayerView())


@bot.tree.error
async def on_command_tree_error(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
    if isinstance(error, app_commands.CheckFailure):
        await interaction.response.send_message(str(error), ephemeral=True)
    else:
        _log.error("a command failed", exc_info=error)


playlist = app_commands.Group(name="playlist", description="The guild's playlist", guild_only=True)
bot.tree.add_command(playlist)


@playlist.command()
@app_commands.autocomplete(song=complete_song)
async def add(interaction: discord.Interaction, song: str) -> None:
    """Add a song to the playlist."""
    bot.playlists[interaction.guild_id or 0].append(song)
    await interaction.response.send_message(f"Added {song}.")


@playlist.command()
async def show(interaction: discord.Interaction) -> None:
    """Show the end of the playlist."""
    songs = bot.playlists[interaction.guild_id or 0]
    await interaction.response.send_message("\n".join(songs[-10:]) or "It is empty.")


# -- context menus


@bot.tree.context_menu(name="Dedicate a song")
async def dedicate(interaction: discord.Interaction, user: discord.User) -> None:
    await interaction.response.send_message(f"{random.choice(SONGS)}, for {user.mention}")


@bot.tree.context_menu(name="Play this")
async def play_this(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(f"Now playing: {message.content[:100]}", view=PlayerView())


# -- a hybrid command, and prefix commands


@bot.hybrid_command()
async def latency(ctx: commands.Context[Jukebox]) -> None:
    """Tell how far away Discord is."""
    await ctx.send(f"{bot.latency * 1000:.0f} ms")


@bot.command()
async def volume(ctx: commands.Context[Jukebox], percent: commands.Range[int, 0, 100]) -> None:
    await ctx.send(f"Volume: {percent} %")


@bot.command()
async def forget(ctx: commands.Context[Jukebox], number: int) -> None:
    await ctx.send(f"Forgot {bot.playlists[ctx.guild.id if ctx.guild else 0].pop(number)}.")


# -- what nobody calls


@bot.listen()
async def on_member_join(member: discord.Member) -> None:
    _log.info("%s has come for the music", member.display_name)


@tasks.loop(seconds=5)
async def tidy_up() -> None:
    for songs in bot.playlists.values():
        del songs[:-50]


if __name__ == "__main__":
    bot.run(os.environ["DISCORD_TOKEN"], root_logger=True)
