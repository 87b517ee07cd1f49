"""The bot that is fuzzed: one of each kind of handler, some of which fail, and a record of all that reaches it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

SENTINEL = "FUZZ_SENTINEL"


@dataclass
class Record:
    """What a bot went through.

    Attributes
    ----------
    received:
        What it dispatched while it read the gateway, in order.
    caused:
        What its own tasks dispatched: their order depends on which of two sockets is read first, so they are counted.
    raised:
        Exceptions, by the handler that they reached.
    sentinels:
        How many of those have come that tell that everything before them was read.
    types:
        Every event's type, as discord.py tells it.
    """

    received: list[str] = field(default_factory=list)
    caused: Counter[str] = field(default_factory=Counter)
    raised: Counter[str] = field(default_factory=Counter)
    sentinels: int = 0
    types: Counter[str] = field(default_factory=Counter)


def shown(thing: object) -> str:
    """Return what a thing is, however broken."""
    try:
        text = repr(thing)
    except Exception as error:  # noqa: BLE001 - whatever a malformed object does
        text = f"<repr raised {type(error).__name__}: {error}>"
    return f"{type(thing).__name__} {text[:400]}"


class FuzzedBot(commands.Bot):
    """A bot that writes down what happens to it."""

    def __init__(self) -> None:
        super().__init__(
            "!",
            intents=discord.Intents.all(),
            heartbeat_timeout=1e6,
            chunk_guilds_at_startup=False,
            application_id=None,
            help_command=None,
        )
        self.record = Record()
        self.reading: asyncio.Task[None] | None = None

    async def setup_hook(self) -> None:
        self.add_view(Panel())
        self.add_dynamic_items(Numbered)
        await self.tree.sync()

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        record = self.record
        if event == "socket_event_type":
            if args[0] == SENTINEL:
                record.sentinels += 1
                return
            if isinstance(args[0], str):
                record.types[args[0]] += 1
        line = f"{event}({', '.join(map(shown, args))})"
        if asyncio.current_task() is self.reading:
            record.received.append(line)
        else:
            record.caused[line] += 1
        super().dispatch(event, *args, **kwargs)

    def failed(self, where: str, error: BaseException) -> None:
        """Write down an exception and what it was raised from."""
        chain = [shown(error)]
        while (error := getattr(error, "original", None) or error.__cause__) is not None:
            chain.append(shown(error))
        self.record.raised[f"{where}: {' < '.join(chain)}"] += 1

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        import sys

        error = sys.exc_info()[1]
        assert error is not None
        self.failed(f"on_error {event_method}", error)

    async def on_command_error(self, context: Any, exception: Exception, /) -> None:
        self.failed(f"on_command_error {context.command}", exception)

    async def on_typing(self, *arguments: object) -> None:
        raise LookupError(f"a listener fails with {len(arguments)} arguments")

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        if (
            interaction.type is discord.InteractionType.component
            and (interaction.data or {}).get("custom_id") == "lost"
        ):
            await interaction.response.send_message("found")


class Numbered(discord.ui.DynamicItem[discord.ui.Button], template=r"numbered:(?P<number>\d+)"):
    """A button that says which."""

    def __init__(self, number: int) -> None:
        super().__init__(discord.ui.Button(label="numbered", custom_id=f"numbered:{number}"))
        self.number = number

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: Any, /) -> Numbered:
        return cls(int(match["number"]))

    async def callback(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(str(100 // self.number))


class Panel(discord.ui.View):
    """What outlives restarts."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="press", custom_id="press")
    async def press(self, interaction: discord.Interaction, _: object) -> None:
        await interaction.response.edit_message(content="pressed")

    @discord.ui.button(label="crash", custom_id="crash")
    async def crash(self, interaction: discord.Interaction, _: object) -> None:
        raise ZeroDivisionError

    @discord.ui.button(label="ask", custom_id="ask")
    async def ask(self, interaction: discord.Interaction, _: object) -> None:
        await interaction.response.send_modal(Form())

    @discord.ui.select(
        custom_id="choose", options=[discord.SelectOption(label="one"), discord.SelectOption(label="two")]
    )
    async def choose(self, interaction: discord.Interaction, select: Any) -> None:
        await interaction.response.defer()
        await interaction.followup.send(select.values[0])

    @discord.ui.select(cls=discord.ui.UserSelect, custom_id="whom")
    async def whom(self, interaction: discord.Interaction, select: Any) -> None:
        await interaction.response.send_message(select.values[0].name)

    async def on_error(self, interaction: Any, error: Exception, item: Any, /) -> None:
        interaction.client.failed("view", error)


class Form(discord.ui.Modal, title="Form"):
    """A modal."""

    def __init__(self) -> None:
        super().__init__(custom_id="form")

    text: Any = discord.ui.TextInput(label="Text", custom_id="text", required=False)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(self.text.value or "nothing")

    async def on_error(self, interaction: Any, error: Exception, /) -> None:
        interaction.client.failed("modal", error)


def make_bot() -> FuzzedBot:
    """Return a bot with all its commands."""
    bot = FuzzedBot()

    @bot.tree.error
    async def tree_failed(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
        bot.failed("tree", error)

    async def complete(_: object, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=current or "none", value="x")]

    @bot.tree.command()
    @app_commands.autocomplete(text=complete)
    async def echo(interaction: discord.Interaction, text: str, number: int = 0) -> None:
        """Echo."""
        await interaction.response.send_message(text * (number or 1), view=Panel())

    @bot.tree.command()
    async def slow(interaction: discord.Interaction, who: discord.Member | None = None) -> None:
        """Answer later."""
        await interaction.response.defer(thinking=True)
        await asyncio.sleep(0.5)
        await interaction.followup.send(str(who))
        await interaction.edit_original_response(content="done")

    @bot.tree.command()
    async def boom(interaction: discord.Interaction) -> None:
        """Fail."""
        raise ZeroDivisionError("boom")

    @bot.tree.command()
    @app_commands.check(lambda _: False)
    async def never(interaction: discord.Interaction) -> None:
        """Be refused."""

    group = app_commands.Group(name="group", description="A group")
    bot.tree.add_command(group)

    @group.command()
    async def inner(interaction: discord.Interaction, where: discord.TextChannel) -> None:
        """Send elsewhere."""
        await interaction.response.send_message(where.name)
        await where.send("here")

    @bot.tree.context_menu(name="Who")
    async def who(interaction: discord.Interaction, user: discord.User) -> None:
        await interaction.response.send_message(user.name)

    @bot.tree.context_menu(name="What")
    async def what(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(message.content or "nothing")

    @bot.hybrid_command()
    async def both(ctx: commands.Context[FuzzedBot], number: int = 1) -> None:
        """Either way."""
        await ctx.send(str(10 // number))

    @bot.command()
    async def ping(ctx: commands.Context[FuzzedBot]) -> None:
        await ctx.send("pong")

    @bot.command()
    async def crash(ctx: commands.Context[FuzzedBot]) -> None:
        raise ZeroDivisionError("crash")

    @bot.command()
    async def member(ctx: commands.Context[FuzzedBot], who: discord.Member) -> None:
        await ctx.reply(who.name)

    return bot


CALLS: dict[str, Callable[[FuzzedBot, int, int], Any]] = {}
"""REST calls outside of any handler, by name: (bot, a channel's id, a user's id) to a coroutine."""


def call(function: Callable[[FuzzedBot, int, int], Any]) -> Callable[[FuzzedBot, int, int], Any]:
    CALLS[function.__name__] = function
    return function


@call
async def fetch_user(bot: FuzzedBot, _: int, user: int) -> Any:
    return await bot.fetch_user(user)


@call
async def fetch_channel(bot: FuzzedBot, channel: int, _: int) -> Any:
    return await bot.fetch_channel(channel)


@call
async def send(bot: FuzzedBot, channel: int, _: int) -> Any:
    return await bot.get_partial_messageable(channel).send("sent")


@call
async def edit_and_delete(bot: FuzzedBot, channel: int, _: int) -> Any:
    message = await bot.get_partial_messageable(channel).send("sent")
    await message.edit(content="edited")
    await message.delete()


@call
async def history(bot: FuzzedBot, channel: int, _: int) -> Any:
    return [message.id async for message in bot.get_partial_messageable(channel).history(limit=3)]


@call
async def sync(bot: FuzzedBot, *_: int) -> Any:
    return await bot.tree.sync()


@call
async def application(bot: FuzzedBot, *_: int) -> Any:
    return await bot.application_info()


@call
async def webhook(bot: FuzzedBot, channel: int, _: int) -> Any:
    made = await bot.http.create_webhook(channel, name="hook")
    return await discord.Webhook.from_state(made, state=bot._connection).send("by webhook", wait=True)


@call
async def direct_message(bot: FuzzedBot, _: int, user: int) -> Any:
    return await (await bot.fetch_user(user)).send("direct")
