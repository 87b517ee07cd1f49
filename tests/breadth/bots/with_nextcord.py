"""A nextcord bot that is used in every way."""

import os

import nextcord
from nextcord.ext import application_checks, commands

bot = commands.Bot("!", intents=nextcord.Intents.all())


class Player(nextcord.ui.View):
    @nextcord.ui.button(label="Skip")
    async def skip(self, button, interaction):
        await interaction.response.send_message("skipped")

    @nextcord.ui.button(label="Crash")
    async def crash(self, button, interaction):
        raise ZeroDivisionError

    @nextcord.ui.button(label="Feedback")
    async def feedback(self, button, interaction):
        await interaction.response.send_modal(Feedback())


class Feedback(nextcord.ui.Modal):
    def __init__(self):
        super().__init__("Feedback")
        self.add_item(nextcord.ui.TextInput(label="How was it?"))

    async def callback(self, interaction):
        await interaction.response.send_message("thanks")


@bot.slash_command()
async def play(interaction, song: str):
    await interaction.response.send_message("playing", view=Player())


@play.on_autocomplete("song")
async def songs(interaction, song: str):
    await interaction.response.send_autocomplete(["So What", "So Long"])


@bot.slash_command()
async def fail(interaction):
    raise KeyError("what the user typed")


@bot.slash_command()
@application_checks.check(lambda interaction: False)
async def closed(interaction):
    """Never called."""


@bot.command()
async def ping(ctx):
    await ctx.send("pong")


@bot.command()
async def boom(ctx):
    raise ZeroDivisionError


@bot.command()
async def stale(ctx):
    view = Player()
    await ctx.send("gone", view=view)
    view.stop()


bot.run(os.environ["DISCORD_TOKEN"])
