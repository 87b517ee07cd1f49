"""A disnake bot that is used in every way."""

import os

import disnake
import shared
from disnake.ext import commands

bot = commands.Bot("!", intents=disnake.Intents.all())


class Feedback(disnake.ui.Modal):
    def __init__(self):
        super().__init__(title="Feedback", components=[disnake.ui.TextInput(label="How was it?", custom_id="how")])

    async def callback(self, interaction):
        await interaction.response.send_message("thanks")


Player = shared.player(disnake.ui, Feedback)


@bot.slash_command()
async def play(interaction, song: str):
    await interaction.response.send_message("playing", view=Player())


@play.autocomplete("song")
async def songs(interaction, song: str):
    return ["So What", "So Long"]


shared.add_commands(bot, commands.check, Player)
bot.run(os.environ["DISCORD_TOKEN"])
