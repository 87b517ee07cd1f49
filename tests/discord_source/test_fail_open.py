"""A hook that is absent, or raises, costs the bot nothing."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import discord
import pytest
from discord.ext import commands

from argus_otel.sources.discord.clients import Clients
from argus_otel.sources.discord.components import Components
from argus_otel.sources.discord.disconnects import Disconnects
from argus_otel.sources.discord.extensions import Extensions
from argus_otel.sources.discord.guild_changes import GuildChanges
from argus_otel.sources.discord.heartbeats import Heartbeats
from argus_otel.sources.discord.interactions import Interactions
from argus_otel.sources.discord.prefix_commands import PrefixCommands
from argus_otel.sources.discord.rest.attempts import RestAttempts
from argus_otel.sources.discord.rest.calls import RestCalls
from argus_otel.sources.discord.send_limits import SendLimits
from argus_otel.sources.discord.sessions import Sessions
from argus_otel.telemetry import State
from discord_simulator import BackgroundSimulator

from .conftest import Observed, broken, hidden, make_bot, running

BODIES = [
    (Interactions, "_begin"),
    (Interactions, "_finish_unhandled"),
    (Interactions, "_mark_handled"),
    (Interactions, "_record_error"),
    (Interactions, "end"),
    (Interactions, "acknowledged"),
    (Components, "_begin_view"),
    (PrefixCommands, "_begin"),
    (PrefixCommands, "_end"),
    (PrefixCommands, "_record_error"),
    (RestCalls, "_begin"),
    (RestCalls, "_finish"),
    (RestAttempts, "_begin"),
    (RestAttempts, "_end"),
    (Sessions, "_sent"),
    (Disconnects, "_begin"),
    (Disconnects, "_end"),
    (Disconnects, "_count"),
    (GuildChanges, "_ready"),
    (GuildChanges, "_created"),
    (Heartbeats, "_due"),
    (Heartbeats, "_acknowledged"),
    (SendLimits, "_begin"),
    (Extensions, "_begin_search"),
    (Extensions, "_begin"),
    (Extensions, "_end"),
    (Clients, "_started"),
    (Clients, "_connected"),
]

TARGETS = [
    ("discord.client", "Client._async_setup_hook"),
    ("discord.state", "ConnectionState._update_references"),
    ("discord.gateway", "DiscordWebSocket.identify"),
    ("discord.gateway", "DiscordClientWebSocketResponse.close"),
    ("discord.gateway", "KeepAliveHandler.get_payload"),
    ("discord.gateway", "KeepAliveHandler.ack"),
    ("discord.gateway", "GatewayRatelimiter.block"),
    ("discord.ext.commands.bot", "BotBase._load_from_module_spec"),
    ("discord.app_commands.tree", "CommandTree._call"),
    ("discord.app_commands.commands", "ContextMenu._invoke"),
    ("discord.ui.view", "ViewStore.schedule_dynamic_item_call"),
    ("discord.ext.commands.bot", "BotBase.invoke"),
    ("discord.http", "HTTPClient.request"),
    ("discord.http", "Ratelimit.__aenter__"),
    ("aiohttp.client", "ClientSession._request"),
]


async def everything_works(simulator: BackgroundSimulator) -> None:
    """Use the bot in every way, and assert that it responds as it does without hooks."""
    bot = make_bot()

    class View(discord.ui.View):
        @discord.ui.button(label="press")
        async def press(self, interaction: discord.Interaction, _: object) -> None:
            await interaction.response.send_message("pressed")

    @bot.tree.command()
    async def show(interaction: discord.Interaction) -> None:
        """Show."""
        await interaction.response.send_message("shown", view=View())

    @bot.tree.command()
    async def fail(interaction: discord.Interaction) -> None:
        """Fail."""
        raise ZeroDivisionError

    @bot.command()
    async def ping(ctx: commands.Context[commands.Bot]) -> None:
        await ctx.send("pong")

    @bot.command()
    async def crash(ctx: commands.Context[commands.Bot]) -> None:
        raise ZeroDivisionError

    errors: list[BaseException] = []

    @bot.tree.error
    async def on_error(_: discord.Interaction, error: Exception) -> None:
        errors.append(error)

    async def on_command_error(_: object, error: Exception) -> None:
        errors.append(error)

    bot.on_command_error = on_command_error
    async with running(bot, simulator):
        await bot.load_extension("tests.discord_source.sample_extension")
        assert list(bot.extensions) == ["tests.discord_source.sample_extension"]
        shown = await (await simulator.slash("show")).response()
        assert shown.content == "shown"
        assert (await (await simulator.click(shown, "press")).acknowledged()).content == "pressed"
        assert (await (await simulator.say("!ping")).reply()).content == "pong"
        await simulator.slash("fail")
        await simulator.say("!crash")
        await asyncio.sleep(0.1)
        assert [type(getattr(error, "original", None)) for error in errors] == [ZeroDivisionError] * 2


@pytest.mark.parametrize(
    ("owner", "body"), [pytest.param(*body, id=f"{body[0].__name__}.{body[1]}") for body in BODIES]
)
def test_a_hook_that_raises(
    simulator: BackgroundSimulator,
    owner: type[Any],
    body: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(owner, body, broken(body))
    observed = Observed()
    observed.source.install()
    try:
        with caplog.at_level(logging.WARNING, "argus_otel"):
            asyncio.run(everything_works(simulator))
    finally:
        observed.source.uninstall()
    if body != "_finish_unhandled":  # everything here is handled
        faults = observed.faults()
        assert faults
        assert all(f"{body} is broken" in fault for fault in faults.values())
        said = [record for record in caplog.records if f"{body} is broken" in record.getMessage()]
        assert len(said) == len(faults)  # once for each hook, however often it raised
        assert sum(observed.values("argus.hook.errors").values()) >= 1


@pytest.mark.parametrize(("module", "target"), TARGETS)
def test_a_target_that_is_absent(
    simulator: BackgroundSimulator, module: str, target: str, caplog: pytest.LogCaptureFixture
) -> None:
    observed = Observed()
    with hidden(module, target), caplog.at_level(logging.WARNING, "argus_otel"):
        observed.source.install()
    try:
        asyncio.run(everything_works(simulator))
    finally:
        absent = {n: p for n, p in observed.telemetry.health.parts("hook:").items() if p.state is State.ABSENT}
        active = observed.values("argus.hook.active")
        observed.source.uninstall()
    (name,) = absent
    assert name.endswith(target)
    assert f"{module}:{target}" in absent[name].detail
    assert sum(name in record.getMessage() for record in caplog.records) == 1
    assert observed.faults() == {}
    assert active == {} or active[name.removeprefix("hook:"),] == 0
