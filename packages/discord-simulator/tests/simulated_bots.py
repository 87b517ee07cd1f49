"""The bots the simulator is tested with: ordinary ones, which know nothing of it."""

from __future__ import annotations

import asyncio
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

# Selects in modals came with discord.py 2.6.
HAS_LABELS = hasattr(discord.ui, "Label")


class Feedback(discord.ui.Modal, title="Feedback"):
    """A form."""

    name = discord.ui.TextInput[Any](label="Name", min_length=2)
    story = discord.ui.TextInput[Any](label="Story", required=False, default="none", style=discord.TextStyle.paragraph)
    if HAS_LABELS:
        mood = discord.ui.Label[Any](
            text="Mood",
            component=discord.ui.Select[Any](
                options=[discord.SelectOption(label="good"), discord.SelectOption(label="bad")]
            ),
        )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        mood = self.mood.component.values[0] if HAS_LABELS else "good"
        await interaction.response.send_message(f"{self.name.value} is {mood}: {self.story.value}")


class Player(discord.ui.View):
    """Buttons and selects."""

    @discord.ui.button(label="Skip", custom_id="skip")
    async def skip(self, interaction: discord.Interaction, button: discord.ui.Button[Any]) -> None:
        await interaction.response.edit_message(content="skipped")

    @discord.ui.button(label="Later")
    async def later(self, interaction: discord.Interaction, button: discord.ui.Button[Any]) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="later")

    @discord.ui.button(label="Feedback")
    async def feedback(self, interaction: discord.Interaction, button: discord.ui.Button[Any]) -> None:
        await interaction.response.send_modal(Feedback())

    @discord.ui.select(
        placeholder="Genre", options=[discord.SelectOption(label="Jazz", value="j"), discord.SelectOption(label="Rock")]
    )
    async def genre(self, interaction: discord.Interaction, select: discord.ui.Select[Any]) -> None:
        await interaction.response.send_message(f"genre {select.values[0]}")

    @discord.ui.select(cls=discord.ui.UserSelect, placeholder="Whom")
    async def whom(self, interaction: discord.Interaction, select: discord.ui.UserSelect[Any]) -> None:
        await interaction.response.send_message(f"whom {select.values[0].name}")


class Counted:
    """What a bot itself has seen, independently of any telemetry."""

    def __init__(self) -> None:
        self.events: dict[str, int] = {}
        self.seen: list[str] = []


def everything(
    *,
    kind: type[commands.Bot] = commands.Bot,
    intents: discord.Intents | None = None,
    sync: bool = True,
    **options: Any,
) -> commands.Bot:
    """Return a bot with some of everything."""
    bot = kind("!", intents=intents or discord.Intents.all(), **options)
    counted = bot.counted = Counted()  # type: ignore[attr-defined]

    @bot.event
    async def on_socket_event_type(event_type: str) -> None:
        counted.events[event_type] = counted.events.get(event_type, 0) + 1

    @bot.command()
    async def ping(ctx: commands.Context[Any]) -> None:
        await ctx.send("pong")

    @bot.command()
    async def answer(ctx: commands.Context[Any]) -> None:
        await ctx.reply("indeed")

    @bot.tree.command()
    async def greet(
        interaction: discord.Interaction,
        who: discord.Member,
        role: discord.Role | None = None,
        where: discord.TextChannel | None = None,
        times: int = 1,
        warmth: float = 0.5,
        aloud: bool = False,
    ) -> None:
        await interaction.response.send_message(f"{who.name} {role} {where} {times} {warmth} {aloud}")
        await interaction.followup.send("and again", wait=True)

    @bot.tree.command()
    async def secret(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("psst", ephemeral=True)

    @bot.tree.command()
    async def late(interaction: discord.Interaction) -> None:
        await asyncio.sleep(3.1)
        try:
            await interaction.response.send_message("too late")
        except discord.NotFound as error:
            counted.seen.append(f"late {error.code}")

    @bot.tree.command()
    async def twice(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("once")
        interaction.response._response_type = None
        try:
            await interaction.response.send_message("twice")
        except discord.HTTPException as error:
            counted.seen.append(f"twice {error.status} {error.code}")

    playlist = app_commands.Group(name="playlist", description="Playlists")
    songs = app_commands.Group(name="songs", description="Songs", parent=playlist)

    @songs.command()
    async def add(interaction: discord.Interaction, query: str) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content=f"added {query}")

    @add.autocomplete("query")
    async def complete(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=f"{current}{end}", value=end) for end in ("a", "b")]

    @playlist.command()
    async def show(interaction: discord.Interaction) -> None:
        await interaction.response.defer(thinking=True)
        await interaction.followup.send("empty")

    bot.tree.add_command(playlist)

    @bot.tree.command()
    async def player(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("player", view=Player())

    @bot.tree.command()
    async def feedback(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Feedback())

    @bot.tree.context_menu(name="Report message")
    async def report(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"reported {message.content}", ephemeral=True)

    @bot.tree.context_menu(name="Poke")
    async def poke(interaction: discord.Interaction, member: discord.Member) -> None:
        await interaction.response.send_message(f"poked {member.name}")

    if sync:

        async def setup() -> None:
            await bot.tree.sync()

        bot.setup_hook = setup  # type: ignore[method-assign]
    return bot
