"""A disnake bot that is used in every way."""

import os

import disnake
from disnake.ext import commands

bot = commands.Bot("!", intents=disnake.Intents.all())


class Player(disnake.ui.View):
    @disnake.ui.button(label="Skip")
    async def skip(self, button, interaction):
        await interaction.response.send_message("skipped")

    @disnake.ui.button(label="Crash")
    async def crash(self, button, interaction):
        raise ZeroDivisionError

    @disnake.ui.button(label="Feedback")
    async def feedback(self, button, interaction):
        await interaction.response.send_modal(Feedback())


class Feedback(disnake.ui.Modal):
    def __init__(self):
        super().__init__(title="Feedback", components=[disnake.ui.TextInput(label="How was it?", custom_id="how")])

    async def callback(self, interaction):
        await interaction.response.send_message("thanks")


@bot.slash_command()
async def play(interaction, song: str):
    await interaction.response.send_message("playing", view=Player())


@play.autocomplete("song")
async def songs(interaction, song: str):
    return ["So What", "So Long"]


@bot.slash_command()
async def fail(interaction):
    raise KeyError("what the user typed")


@bot.slash_command()
@commands.check(lambda interaction: False)
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
