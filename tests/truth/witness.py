"""A bot that does everything, and writes down each thing that it does, by its own clock and in its own words.

What crosses the wire the simulator's ledger has; what stays inside a bot only the bot can know. Each line of the
journal (a file, named by ``WITNESS_JOURNAL``) is one piece of work: ``{"kind", "name", "error", "seconds", "began"}``.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import os
import random
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands, tasks

import argus_otel

sys.path.insert(0, str(Path(__file__).parent))

_log = logging.getLogger("witness")

BEGAN = time.time()

# Every third of these fails, from the first on.
TIMED_OUT, SUBMITTED = itertools.count(), itertools.count()

journal = Path(os.environ["WITNESS_JOURNAL"]).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115

LONG = (8.0, 12.0)
SHORT = 0.5


class WitnessError(Exception):
    """What goes wrong here on purpose."""


class OtherWitnessError(WitnessError):
    """And differently."""


@contextmanager
def witnessed(kind: str, name: str) -> Iterator[None]:
    """Write down a piece of work when it has ended."""
    began = time.perf_counter()
    error: str | None = None
    try:
        yield
    except BaseException as raised:
        error = type(raised).__name__
        raise
    finally:
        write(kind, name, error, time.perf_counter() - began, began)


def write(kind: str, name: str, error: str | None, seconds: float, began: float = 0.0) -> None:
    """Write a line."""
    line = {"kind": kind, "name": name, "error": error, "seconds": seconds, "began": began}
    journal.write(json.dumps(line) + "\n")


def traced() -> aiohttp.TraceConfig:
    """Return what writes down each attempt of a REST call as aiohttp sees it, from the request to the body's end."""
    trace = aiohttp.TraceConfig()

    async def started(_: object, attempt: SimpleNamespace, __: object) -> None:
        attempt.began = time.perf_counter()

    async def answered(_: object, attempt: SimpleNamespace, params: aiohttp.TraceRequestEndParams) -> None:
        attempt.status = str(params.response.status)

    async def read(_: object, attempt: SimpleNamespace, params: aiohttp.TraceResponseChunkReceivedParams) -> None:
        # Ids and tokens left out, as in a template.
        path = re.sub(r"/(\d{5,}|[\w-]{43})(?=/|$)", "/{}", params.url.path.removeprefix("/api/v10"))
        write("attempt", f"{params.method} {path}", attempt.status, time.perf_counter() - attempt.began)

    trace.on_request_start.append(started)
    trace.on_request_end.append(answered)
    trace.on_response_chunk_received.append(read)
    return trace


class Witness(commands.AutoShardedBot):
    async def setup_hook(self) -> None:
        self.add_dynamic_items(Vote)
        for extension in ("good_extension", "bad_extension"):
            with suppress(commands.ExtensionFailed), witnessed("extension", extension):
                await self.load_extension(extension)
        await self.tree.sync()
        tick.start()
        flaky.start()

    async def before_identify_hook(self, *_: Any, **__: Any) -> None:
        pass  # Discord's five seconds between two sessions are not what is tested here

    async def on_command_error(self, *_: Any) -> None:
        with witnessed("listener", "command_error"):
            pass

    async def on_error(self, *_: Any, **__: Any) -> None:
        pass


bot = Witness("!", intents=discord.Intents.all(), shard_count=2, http_trace=traced())


@bot.tree.error
async def on_tree_error(_: discord.Interaction, __: app_commands.AppCommandError) -> None:
    pass


async def lose_a_connection(user: discord.User | discord.Member) -> None:
    """Call what the storm always answers with a reset: a POST, since aiohttp sends a GET twice then."""
    await user.create_dm()


# -- commands


@bot.tree.command()
async def work(interaction: discord.Interaction) -> None:
    """Answer at once, and go on for long."""
    with witnessed("slash", "work"):
        await interaction.response.defer()
        await asyncio.sleep(random.uniform(*LONG))  # noqa: S311 - not to end all at once
        await interaction.followup.send("done")


@bot.tree.command()
async def late(interaction: discord.Interaction) -> None:
    """Answer after a while."""
    with witnessed("slash", "late"):
        await asyncio.sleep(1.0)
        await interaction.response.send_message("at last")


@bot.tree.command()
async def fail(interaction: discord.Interaction) -> None:
    """Fail, after a while."""
    with witnessed("slash", "fail"):
        await interaction.response.defer()
        await asyncio.sleep(SHORT)
        raise WitnessError


@bot.tree.command()
async def cut(interaction: discord.Interaction) -> None:
    """Answer, and lose a connection."""
    with witnessed("slash", "cut"):
        await interaction.response.defer()
        await asyncio.sleep(SHORT)
        await lose_a_connection(interaction.user)


@bot.tree.command()
async def silent(interaction: discord.Interaction) -> None:
    """Never answer."""
    with witnessed("slash", "silent"):
        await asyncio.sleep(SHORT)


def refuse(_: object) -> bool:
    journal.write(
        json.dumps({"kind": "slash", "name": "refused", "error": "CheckFailure", "seconds": 0.0, "began": 0.0})
    )
    journal.write("\n")
    return False


@bot.tree.command()
@app_commands.check(refuse)
async def refused(interaction: discord.Interaction) -> None:
    """Is refused."""


@bot.hybrid_command()
async def both(ctx: commands.Context[Witness]) -> None:
    """Come either way."""
    with witnessed("slash" if ctx.interaction else "prefix", "both"):
        await ctx.send("here")
        await asyncio.sleep(SHORT)


@bot.command()
async def boom(ctx: commands.Context[Witness]) -> None:
    with witnessed("prefix", "boom"):
        await asyncio.sleep(SHORT)
        raise OtherWitnessError


@bot.command()
async def snap(ctx: commands.Context[Witness]) -> None:
    with witnessed("prefix", "snap"):
        await asyncio.sleep(SHORT)
        await lose_a_connection(ctx.author)


@bot.tree.context_menu(name="Inspect")
async def inspect(interaction: discord.Interaction, user: discord.Member) -> None:
    with witnessed("user", "Inspect"):
        await asyncio.sleep(SHORT)
        await interaction.response.send_message("seen")


@bot.tree.context_menu(name="Quote")
async def quote(interaction: discord.Interaction, message: discord.Message) -> None:
    with witnessed("message", "Quote"):
        await asyncio.sleep(SHORT)
        await interaction.response.send_message("quoted")


@bot.tree.command()
async def find(interaction: discord.Interaction, what: str) -> None:
    """Find."""
    with witnessed("slash", "find"):
        await interaction.response.send_message("found")
        await asyncio.sleep(SHORT)


@find.autocomplete("what")
async def complete(_: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    with witnessed("autocomplete", "find"):
        await asyncio.sleep(SHORT)
        if current == "fail":
            raise WitnessError
        return [app_commands.Choice(name="one", value="one")]


# -- components


class Vote(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"vote:(?P<what>\w+)"):
    def __init__(self, what: str) -> None:
        super().__init__(discord.ui.Button(label=what, custom_id=f"vote:{what}"))

    @classmethod
    async def from_custom_id(cls, _: Any, __: Any, match: Any) -> Vote:
        return cls(match["what"])

    async def callback(self, interaction: discord.Interaction) -> None:
        with witnessed("component", "Vote"):
            await interaction.response.defer()
            await asyncio.sleep(SHORT)


class Form(discord.ui.Modal, title="Form"):
    text: discord.ui.TextInput[Form] = discord.ui.TextInput(label="text")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        with witnessed("modal", "Form"):
            await interaction.response.defer()
            await asyncio.sleep(SHORT)
            if next(SUBMITTED) % 3 == 0:
                raise WitnessError

    async def on_error(self, *_: Any) -> None:
        pass


class Panel(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=600)
        self.add_item(Vote("yes"))

    @discord.ui.button(label="press")
    async def press(self, interaction: discord.Interaction, _: Any) -> None:
        with witnessed("component", "Panel.press"):
            await interaction.response.defer()
            await asyncio.sleep(SHORT)

    @discord.ui.button(label="break")
    async def crack(self, interaction: discord.Interaction, _: Any) -> None:
        with witnessed("component", "Panel.crack"):
            await interaction.response.defer()
            await asyncio.sleep(SHORT)
            raise WitnessError

    @discord.ui.button(label="sever")
    async def sever(self, interaction: discord.Interaction, _: Any) -> None:
        with witnessed("component", "Panel.sever"):
            await interaction.response.defer()
            await asyncio.sleep(SHORT)
            await lose_a_connection(interaction.user)

    @discord.ui.button(label="form")
    async def form(self, interaction: discord.Interaction, _: Any) -> None:
        with witnessed("component", "Panel.form"):
            await interaction.response.send_modal(Form())
            await asyncio.sleep(SHORT)

    @discord.ui.select(placeholder="choose", options=[discord.SelectOption(label="this")])
    async def choose(self, interaction: discord.Interaction, _: Any) -> None:
        with witnessed("component", "Panel.choose"):
            await interaction.response.defer()
            await asyncio.sleep(SHORT)

    async def on_error(self, *_: Any) -> None:
        pass


class Brief(discord.ui.View):
    """Times out at once; what is pressed after that nobody handles."""

    @discord.ui.button(label="gone")
    async def gone(self, interaction: discord.Interaction, _: Any) -> None:
        pass

    async def on_timeout(self) -> None:
        with witnessed("timeout", "Brief"):
            await asyncio.sleep(SHORT)
            if next(TIMED_OUT) % 3 == 0:
                raise WitnessError


@bot.tree.command()
async def panel(interaction: discord.Interaction) -> None:
    """Show a panel."""
    with witnessed("slash", "panel"):
        await interaction.response.send_message("here", view=Panel())


@bot.tree.command()
async def brief(interaction: discord.Interaction) -> None:
    """Show something that times out."""
    with witnessed("slash", "brief"):
        await interaction.response.send_message("here", view=Brief(timeout=0.2))


# -- what nobody calls


@bot.event
async def on_message(message: discord.Message) -> None:
    with witnessed("listener", "message"):
        await bot.process_commands(message)


@bot.listen()
async def on_typing(*_: Any) -> None:
    with witnessed("listener", "typing"):
        await asyncio.sleep(SHORT)


@bot.listen("on_typing")
async def also_on_typing(*_: Any) -> None:
    with witnessed("listener", "typing"):
        raise OtherWitnessError


@bot.listen()
async def on_member_join(_: discord.Member) -> None:
    with witnessed("listener", "member_join"), witnessed("timed", "by_hand"), argus_otel.timed("by_hand"):
        _log.warning("somebody came")
        await asyncio.sleep(SHORT)


@bot.listen()
async def on_guild_join(_: discord.Guild) -> None:
    with witnessed("listener", "guild_join"):
        pass


@bot.listen()
async def on_guild_remove(_: discord.Guild) -> None:
    with witnessed("listener", "guild_remove"):
        pass


@tasks.loop(seconds=0.5)
async def tick() -> None:
    with witnessed("task", "tick"):
        await asyncio.sleep(0.1)


@tasks.loop(seconds=0.2)
async def flaky() -> None:
    with witnessed("task", "flaky"):
        await asyncio.sleep(0.1)
        if flaky.current_loop == 3:
            raise WitnessError


@flaky.error
async def flaky_error(_: BaseException) -> None:
    pass


@bot.command()
async def block(ctx: commands.Context[Witness]) -> None:
    with witnessed("prefix", "block"):
        with witnessed("blocking", "loop"):
            time.sleep(1.5)  # what nobody should do
        await ctx.send("sorry")


@bot.command()
async def hurry(ctx: commands.Context[Witness]) -> None:
    """Say more to the gateway than it takes."""
    with witnessed("prefix", "hurry"):
        shard = bot.shards[0]._parent.ws
        limiter = shard._rate_limiter
        limiter.max, limiter.remaining, limiter.per = 3, 3, 0.5
        for number in range(8):
            with witnessed("send", "presence"):
                await shard.change_presence(activity=discord.Game(str(number)))
        await ctx.send("told")


@bot.command()
async def repeat(ctx: commands.Context[Witness]) -> None:
    """Make the same call three times."""
    with witnessed("prefix", "repeat"):
        for number in range(3):
            with witnessed("call", "send"):
                await ctx.send(str(number))


@bot.command()
async def sing(ctx: commands.Context[Witness]) -> None:
    """Speak in a voice channel, leave it, and come back to stay."""
    with witnessed("prefix", "sing"):
        channel = ctx.guild.voice_channels[0]
        with witnessed("voice", "join"):
            voice = await channel.connect()
        for _ in range(50):
            voice.send_audio_packet(b"\xf8\xff\xfe", encode=False)
            await asyncio.sleep(0.01)
        await voice.disconnect()
        with witnessed("voice", "join"):
            await channel.connect()
        await ctx.send("sung")


@bot.command()
async def calm(ctx: commands.Context[Witness]) -> None:
    """Stop everything that goes on by itself, and write down what there is."""
    with witnessed("prefix", "calm"):
        tick.stop()
        while tick.is_running():
            await asyncio.sleep(0.05)
        await ctx.send("calm")
    limits = await bot.fetch_session_start_limits()
    asyncio.get_running_loop().call_later(1.0, write_state, limits)


def write_state(limits: discord.SessionStartLimits) -> None:
    state = bot._connection
    application: Any = bot.application
    members = [guild.member_count or 0 for guild in bot.guilds]
    store = state._view_store
    views = {id(item.view) for items in store._views.values() for item in items.values()}
    tree: Any = bot.tree
    slash = [command for command in tree.walk_commands() if isinstance(command, app_commands.Command)]
    groups = [command for command in tree.walk_commands() if isinstance(command, app_commands.Group)]
    facts = {
        "discord.guild.count": len(bot.guilds),
        "discord.guild.unavailable": sum(guild.unavailable for guild in bot.guilds),
        "discord.guild.members": sum(members),
        "1-9": sum(0 < number < 10 for number in members),
        "10-99": sum(9 < number < 100 for number in members),
        "guild_install": application.approximate_guild_count,
        "user_install": application.approximate_user_install_count,
        "discord.gateway.session.limit": limits.total,
        "discord.gateway.session.remaining": limits.remaining,
        "bytes of a user": (sum(map(size_of_user, bot.users)) + size_of_entries(state._users.data)) / len(bot.users),
        "users": len(bot.users),
        "members": sum(len(guild.members) for guild in bot.guilds),
        "messages": len(bot.cached_messages),
        "channels": sum(len(guild.channels) for guild in bot.guilds),
        "threads": sum(len(guild.threads) for guild in bot.guilds),
        "roles": sum(len(guild.roles) for guild in bot.guilds),
        "voice_states": sum(len(guild._voice_states) for guild in bot.guilds),
        "emojis": len(bot.emojis),
        "stickers": len(bot.stickers),
        "private_channels": len(bot.private_channels),
        "discord.extension.count": len(bot.extensions),
        "discord.view.active": len(views) + len(store._modals),
        "slash": len(slash) + len(groups),
        "user": len(tree.get_commands(type=discord.AppCommandType.user)),
        "message": len(tree.get_commands(type=discord.AppCommandType.message)),
        "prefix": len(set(bot.walk_commands())),
        "tick": int(tick.is_running()),
        "flaky": int(flaky.is_running()),
        "tasks": len(asyncio.all_tasks()),
        "uptime": time.time() - BEGAN,
    }
    for name, number in facts.items():
        write("state", name, None, number)


def size_of_user(user: discord.User) -> int:
    """Return what a user takes, with its attributes."""
    own = (user, user.id, user.name, user.discriminator, user.global_name, user._avatar)
    return sum(sys.getsizeof(value) for value in own if value is not None)


def size_of_entries(users: dict[int, Any]) -> int:
    """Return what the cache of users takes, with its keys and weak references."""
    return sys.getsizeof(users) + sum(sys.getsizeof(each) for entry in users.items() for each in entry)


bot.run(os.environ["DISCORD_TOKEN"], log_level=logging.WARNING, root_logger=True)
