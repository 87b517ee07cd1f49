"""Counters, timers and annotations of the bot's own code, in a real bot."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from typing import Any

import discord
import pytest
from discord import app_commands
from discord.ext import commands, tasks

from argus_otel import annotate, api, count, timed
from argus_otel.catalogues import CATALOGUES
from argus_otel.custom import CustomTelemetry
from discord_simulator import BackgroundSimulator

from .conftest import Observed, make_bot, running, until
from .test_nesting import parent_of


@pytest.fixture
def observed(observed: Observed) -> Iterator[Observed]:
    api.record_into(partial(CustomTelemetry, observed.telemetry, CATALOGUES))
    yield observed
    api.record_into(None)


def own_points(observed: Observed, name: str) -> dict[tuple[Any, ...], Any]:
    data = observed.reader.get_metrics_data()
    return {
        tuple(sorted(point.attributes.items())): getattr(point, "value", None) or getattr(point, "count", None)
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == name
        for point in metric.data.data_points
    }


def test_a_commands_own_code_is_in_the_commands_trace(observed: Observed, simulator: BackgroundSimulator) -> None:
    bot = make_bot()

    @timed("songs.fetch", source="disk")
    async def fetch(title: str) -> str:
        await asyncio.sleep(0.01)
        return title

    async def note(user: int) -> None:
        with timed("note"):
            await asyncio.sleep(0)
            annotate({"song.user": user}, late=True)

    @bot.tree.command()
    @app_commands.describe(title="The song.")
    @timed("play.handler")
    async def play(interaction: discord.Interaction, title: str) -> None:
        """Play."""
        count("songs.played", genre="rock")
        with timed("songs.find"):
            await asyncio.gather(fetch(title), fetch(title))
            await interaction.response.defer()
        background = asyncio.create_task(note(interaction.user.id))
        await interaction.followup.send("done")
        await background

    @bot.command()
    @timed("skip.handler")
    async def skip(ctx: commands.Context[commands.Bot]) -> None:
        annotate(kind="prefix")
        await ctx.send("skipped")

    async def main() -> None:
        async with running(bot, simulator):
            await (await simulator.slash("play", options={"title": "So What"})).response()
            await (await simulator.say("!skip")).reply()
            await until(lambda: observed.spans("command play") and observed.spans("command skip"))

    asyncio.run(main())
    expected = {
        "play.handler": "command play",
        "songs.find": "play.handler",
        "note": "play.handler",
        "POST /interactions/{webhook_id}/{webhook_token}/callback": "songs.find",
        "POST /webhooks/{webhook_id}/{webhook_token}": "play.handler",
        "skip.handler": "command skip",
        "POST /channels/{channel_id}/messages": "skip.handler",
    }
    for name, parent in expected.items():
        assert parent_of(observed, observed.span(name)) == parent, name
    assert [parent_of(observed, span) for span in observed.spans("songs.fetch")] == ["songs.find"] * 2
    root = dict(observed.span("command play").attributes or {})
    assert root["late"] is True
    assert root["song.user"] == root["discord.user.id"]
    assert dict(observed.span("command skip").attributes or {})["kind"] == "prefix"
    assert "kind" not in root
    assert own_points(observed, "songs.played") == {(("genre", "rock"),): 1}
    assert own_points(observed, "songs.fetch") == {(("source", "disk"),): 2}
    assert observed.counts("discord.command.duration") == {
        ("play", "slash", "ok", None): 1,
        ("skip", "prefix", "ok", None): 1,
    }


def test_what_own_code_raises_is_the_commands_exception(observed: Observed, simulator: BackgroundSimulator) -> None:
    bot = make_bot()

    @bot.tree.command()
    async def play(interaction: discord.Interaction) -> None:
        """Play."""
        with timed("songs.find"):
            raise KeyError("no such song")

    async def main() -> None:
        async with running(bot, simulator):
            await simulator.slash("play")
            await until(lambda: observed.spans("command play"))

    asyncio.run(main())
    assert own_points(observed, "songs.find") == {(("error.type", "KeyError"),): 1}
    assert observed.counts("discord.command.duration") == {("play", "slash", "error", "KeyError"): 1}


def test_a_trace_that_is_not_kept_has_nothing_of_its_own_code(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    observed.telemetry.rates.override({"discord.command": 0.0})
    bot = make_bot()

    @bot.tree.command()
    async def play(interaction: discord.Interaction) -> None:
        """Play."""
        with timed("songs.find"):
            annotate(a=1)
            await interaction.response.send_message("done")

    async def main() -> None:
        async with running(bot, simulator):
            await (await simulator.slash("play")).acknowledged()
            await until(lambda: observed.counts("discord.command.duration"))

    asyncio.run(main())
    assert own_points(observed, "songs.find") == {(): 1}
    assert observed.spans("songs.find") == []


def test_what_discord_py_makes_of_functions_stays_what_it_is(caplog: pytest.LogCaptureFixture) -> None:
    """The wrong order of decorators costs the time, not the command."""

    @tasks.loop(hours=1)
    async def cleanup() -> None: ...

    @commands.command()
    async def skip(ctx: commands.Context[commands.Bot]) -> None: ...

    @app_commands.command()
    async def play(interaction: discord.Interaction) -> None:
        """Play."""

    for made in (cleanup, skip, play):
        assert timed("x")(made) is made  # type: ignore[arg-type]
    assert caplog.text.count("put it directly above the `def`") == 3
