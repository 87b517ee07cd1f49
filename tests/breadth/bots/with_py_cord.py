"""A py-cord bot that is used in every way; the bots beside it do the same, each in its library's own words."""

import os

import discord
from discord.ext import commands

bot = commands.Bot("!", intents=discord.Intents.all())


class Player(discord.ui.View):
    @discord.ui.button(label="Skip")
    async def skip(self, button, interaction):
        await interaction.response.send_message("skipped")

    @discord.ui.button(label="Crash")
    async def crash(self, button, interaction):
        raise ZeroDivisionError

    @discord.ui.button(label="Feedback")
    async def feedback(self, button, interaction):
        await interaction.response.send_modal(Feedback(title="Feedback"))


class Feedback(discord.ui.Modal):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.add_item(discord.ui.InputText(label="How was it?"))

    async def callback(self, interaction):
        await interaction.response.send_message("thanks")


async def songs(ctx):
    return ["So What", "So Long"]


@bot.slash_command()
async def play(ctx, song: discord.Option(str, autocomplete=songs)):
    await ctx.respond("playing", view=Player())


@bot.slash_command()
async def fail(ctx):
    raise KeyError("what the user typed")


@bot.slash_command()
@commands.check(lambda ctx: False)
async def closed(ctx):
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
