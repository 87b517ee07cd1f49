"""A nextcord bot that is used in every way."""

import os

import nextcord
import shared
from nextcord.ext import application_checks, commands

bot = commands.Bot("!", intents=nextcord.Intents.all())


class Feedback(nextcord.ui.Modal):
    def __init__(self):
        super().__init__("Feedback")
        self.add_item(nextcord.ui.TextInput(label="How was it?"))

    async def callback(self, interaction):
        await interaction.response.send_message("thanks")


Player = shared.player(nextcord.ui, Feedback)


@bot.slash_command()
async def play(interaction, song: str):
    await interaction.response.send_message("playing", view=Player())


@play.on_autocomplete("song")
async def songs(interaction, song: str):
    await interaction.response.send_autocomplete(["So What", "So Long"])


shared.add_commands(bot, application_checks.check, Player)
bot.run(os.environ["DISCORD_TOKEN"])
