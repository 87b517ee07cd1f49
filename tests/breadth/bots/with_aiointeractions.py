"""A discord.py bot that Discord posts its interactions to; with `GATEWAY=1` it has a gateway too."""

import asyncio
import os

import aiointeractions
import discord
from aiohttp import web
from discord import app_commands

TOKEN, PORT = os.environ["DISCORD_TOKEN"], int(os.environ["INTERACTIONS_PORT"])


class Panel(discord.ui.View):
    @discord.ui.button(label="Press")
    async def press(self, interaction, button):
        await interaction.response.send_modal(Form())


class Form(discord.ui.Modal, title="Form"):
    text = discord.ui.TextInput(label="Text")

    async def on_submit(self, interaction):
        await interaction.response.defer()


class Client(discord.Client):
    def __init__(self):
        super().__init__(intents=discord.Intents.default())
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self):
        await self.tree.sync()


client = Client()


@client.tree.command()
async def ping(interaction: discord.Interaction):
    """Ping."""
    await interaction.response.send_message("pong", view=Panel())


@client.tree.command()
async def work(interaction: discord.Interaction):
    """Work for a while."""
    await interaction.response.defer()
    await asyncio.sleep(0.2)
    await interaction.followup.send("done")


@client.tree.command()
async def fail(interaction: discord.Interaction):
    """Fail."""
    raise KeyError("by hand")


@client.tree.command()
async def refused(interaction: discord.Interaction):
    """Post where the bot must not."""
    await interaction.response.defer()
    await interaction.client.http.send_message(1, params=discord.http.handle_message_parameters("hello"))


@client.tree.command()
async def late(interaction: discord.Interaction):
    """Answer too late."""
    await asyncio.sleep(3.2)
    await interaction.response.defer()


@client.tree.command()
async def find(interaction: discord.Interaction, what: str):
    """Find."""


@find.autocomplete("what")
async def complete(interaction: discord.Interaction, typed: str):
    return [app_commands.Choice(name="one", value="one")]


async def both(app):
    async with client:
        await app.setup(TOKEN)
        connected = asyncio.create_task(client.connect())
        runner = web.AppRunner(app.aiohttp_app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", PORT).start()
        await connected


app = aiointeractions.InteractionsApp(client)
if os.environ.get("GATEWAY"):
    asyncio.run(both(app))
else:
    app.run(TOKEN, host="127.0.0.1", port=PORT)
