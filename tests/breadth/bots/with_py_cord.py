"""A py-cord bot that is used in every way."""

import os

import discord
import shared
from discord.ext import commands

bot = commands.Bot("!", intents=discord.Intents.all())


class Feedback(discord.ui.Modal):
    def __init__(self):
        super().__init__(title="Feedback")
        self.add_item(discord.ui.InputText(label="How was it?"))

    async def callback(self, interaction):
        await interaction.response.send_message("thanks")


Player = shared.player(discord.ui, Feedback)


async def songs(ctx):
    return ["So What", "So Long"]


@bot.slash_command()
async def play(ctx, song: discord.Option(str, autocomplete=songs)):
    await ctx.respond("playing", view=Player())


shared.add_commands(bot, commands.check, Player)
bot.run(os.environ["DISCORD_TOKEN"])
