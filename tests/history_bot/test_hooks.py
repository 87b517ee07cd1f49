"""What the hooks tell history: each piece of work once, by the simulator's own account, with the right ids."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import discord
import pytest
from discord import app_commands
from discord.ext import commands

import argus_otel
from argus_otel import api
from argus_otel.catalogues import CATALOGUES
from argus_otel.custom import CustomTelemetry
from argus_otel.sources.discord.history import COMMAND, GUILD_JOIN, GUILD_LEAVE
from argus_otel.sources.discord.references import REFERENCES
from argus_otel.telemetry import CURRENT_WORK, AttributeValue, Event
from discord_simulator import BackgroundSimulator
from tests.discord_source.conftest import Observed, make_bot, observed, running, simulator, until

__all__ = ["observed", "simulator"]


class Kept:
    """A history that is a list."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, dict[str, AttributeValue], float | None]] = []

    def __call__(
        self,
        event: Event,
        attributes: Mapping[str, AttributeValue],
        duration: float | None,
        event_id: str | None = None,
    ) -> None:
        self.entries.append((event.name, dict(attributes), duration))

    def counts(self) -> Counter[tuple[Any, ...]]:
        return Counter(
            (
                event,
                attributes.get("discord.command.name"),
                attributes.get("discord.command.type"),
                attributes.get("discord.outcome"),
                attributes.get("error.type"),
            )
            for event, attributes, _ in self.entries
        )

    def of(self, event: str) -> list[dict[str, AttributeValue]]:
        return [attributes for name, attributes, _ in self.entries if name == event]


@pytest.fixture
def kept(observed: Observed) -> Iterator[Kept]:
    kept = Kept()
    observed.telemetry.history = kept
    api.record_into(partial(CustomTelemetry, observed.telemetry, CATALOGUES, references=REFERENCES))
    yield kept
    api.record_into(None)


class Panel(discord.ui.View):
    @discord.ui.button(label="skip")
    async def skip(self, interaction: discord.Interaction, _: object) -> None:
        await interaction.response.send_message("skipped")

    @discord.ui.button(label="crash")
    async def crash(self, interaction: discord.Interaction, _: object) -> None:
        raise LookupError


class Feedback(discord.ui.Modal, title="Feedback"):
    text: Any = discord.ui.TextInput(label="text", custom_id="text")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message("thanks")


def full_bot(**options: Any) -> Any:
    bot = make_bot(**options)

    @bot.tree.command()
    async def play(interaction: discord.Interaction, song: str = "") -> None:
        """Play."""
        await interaction.response.send_message("playing", view=Panel())

    @play.autocomplete("song")
    async def songs(_: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=current, value=current)]

    @bot.tree.command()
    async def feedback(interaction: discord.Interaction) -> None:
        """Ask."""
        await interaction.response.send_modal(Feedback())

    @bot.tree.command()
    @app_commands.check(lambda _: False)
    async def forbidden(interaction: discord.Interaction) -> None:
        """Never."""

    @bot.tree.context_menu()
    async def poke(interaction: discord.Interaction, user: discord.User) -> None:
        await interaction.response.send_message("poked")

    @bot.hybrid_command()
    async def both(ctx: commands.Context[Any]) -> None:
        """Either way."""
        await ctx.send("here")

    @bot.command()
    async def broken(ctx: commands.Context[Any]) -> None:
        raise KeyError

    return bot


def test_each_piece_of_work_is_told_once_and_rightly(
    observed: Observed, kept: Kept, simulator: BackgroundSimulator
) -> None:
    bot = full_bot()

    async def main() -> None:
        async with running(bot, simulator):
            assert await (await simulator.autocomplete("play", "song", "abba")).choices()
            message = await (await simulator.slash("play")).response()
            await (await simulator.click(message, "skip")).acknowledged()
            await simulator.click(message, "crash")
            asked = await simulator.slash("feedback")
            await asked.modal()
            await (await simulator.submit_modal(asked, {"text": "fine"})).acknowledged()
            await simulator.slash("forbidden")
            (user, *_) = simulator.world.users.values()
            await (await simulator.context_menu("user", "Poke", user)).acknowledged()
            await (await simulator.slash("both")).acknowledged()
            await (await simulator.say("!both")).reply()
            await simulator.say("!broken")
            await simulator.say("!nothing")
            joined = await simulator.join_guild()
            await simulator.leave_guild(joined)
            await until(lambda: len(kept.entries) == 14)
            await simulator.settle()

    asyncio.run(main())
    assert kept.counts() == {
        ("discord.autocomplete", "play", None, "ok", None): 1,
        ("discord.command", "play", "slash", "ok", None): 1,
        ("discord.component", "Panel.skip", None, "ok", None): 1,
        ("discord.component", "Panel.crash", None, "error", "LookupError"): 1,
        ("discord.command", "feedback", "slash", "ok", None): 1,
        ("discord.modal", "Feedback", None, "ok", None): 1,
        ("discord.command", "forbidden", "slash", "rejected", "CheckFailure"): 1,
        ("discord.command", "Poke", "user", "ok", None): 1,
        ("discord.command", "both", "slash", "ok", None): 1,
        ("discord.command", "both", "prefix", "ok", None): 1,
        ("discord.command", "broken", "prefix", "error", "KeyError"): 1,
        ("discord.command", "_OTHER", "prefix", "rejected", "CommandNotFound"): 1,
        ("discord.guild.join", None, None, None, None): 1,
        ("discord.guild.leave", None, None, None, None): 1,
    }
    interactions = len(simulator.ledger.interactions_now())
    prefix = sum(1 for _, attributes, _ in kept.entries if attributes.get("discord.command.type") == "prefix")
    changes = sum(simulator.ledger.guild_counts().values())
    assert (interactions, prefix, changes) == (9, 3, 2)
    assert all(duration is not None for event, _, duration in kept.entries if "guild" not in event)
    assert CURRENT_WORK.get() is None


def test_ids_are_those_of_where_it_happened_and_a_direct_message_has_no_guild(observed: Observed, kept: Kept) -> None:
    with BackgroundSimulator(shards=2, guilds=4) as simulator:
        from discord_simulator import redirect

        async def main() -> None:
            bot = full_bot(kind=commands.AutoShardedBot, shard_count=2)
            async with running(bot, simulator, 2):
                for guild in simulator.world.guilds.values():
                    member = guild.people[0]
                    channel = guild.text_channel
                    await (await simulator.slash("play", guild=guild, user=member)).acknowledged()
                    await (await simulator.say("!both", channel=channel, user=member)).reply()
                somebody = next(iter(simulator.world.users.values()))
                alone = simulator.world.dm_channel(somebody)
                await (await simulator.slash("play", channel=alone)).acknowledged()
                await until(lambda: len(kept.entries) == 9)
                told = kept.entries.pop()[1]
                assert (told["discord.channel.id"], told["discord.user.id"]) == (str(alone.id), str(somebody.id))
                assert told.keys().isdisjoint(("discord.guild.id", "discord.shard.id"))

        with redirect(simulator.url):
            asyncio.run(main())
        told = {
            (a["discord.guild.id"], a["discord.user.id"], a["discord.shard.id"], a["discord.command.type"])
            for a in kept.of("discord.command")
        }
        assert told == {
            (str(guild.id), str(guild.people[0].user.id), guild.shard_id(2), kind)
            for guild in simulator.world.guilds.values()
            for kind in ("slash", "prefix")
        }


def test_what_is_sampled_out_or_not_traced_at_all_is_in_history(
    observed: Observed, kept: Kept, simulator: BackgroundSimulator
) -> None:
    observed.telemetry.rates.override({"discord.command": 0.0})
    bot = full_bot()

    async def main() -> None:
        async with running(bot, simulator):
            await (await simulator.slash("both")).acknowledged()
            await (await simulator.say("!both")).reply()
            await until(lambda: len(kept.entries) == 2)
            observed.telemetry.tracing = None
            await (await simulator.slash("both")).acknowledged()
            await (await simulator.say("!both")).reply()
            await until(lambda: len(kept.entries) == 4)

    asyncio.run(main())
    assert observed.spans("command both") == []
    assert [a["discord.command.type"] for a in kept.of("discord.command")] == ["slash", "prefix"] * 2


def test_the_guilds_of_ready_are_no_joins_and_nobody_is_told_while_history_is_off(
    observed: Observed, kept: Kept, simulator: BackgroundSimulator
) -> None:
    bot = full_bot()

    async def main() -> None:
        async with running(bot, simulator):
            await simulator.settle()
            assert kept.entries == []
            observed.telemetry.history = None
            await (await simulator.slash("both")).acknowledged()
            await simulator.join_guild()
            await simulator.settle()

    asyncio.run(main())
    assert kept.entries == []


def test_the_bots_own_events_have_the_place_of_the_work_that_they_are_recorded_in(
    observed: Observed, kept: Kept, simulator: BackgroundSimulator
) -> None:
    bot = make_bot()
    later: list[asyncio.Task[None]] = []

    @bot.hybrid_command()
    async def play(ctx: commands.Context[Any]) -> None:
        """Play."""
        argus_otel.record("song.played", title="So What")
        argus_otel.record("song.moved", guild=1, channel=2)
        argus_otel.record("song.given", user=ctx.guild.owner, channel=ctx.channel)

        async def after() -> None:
            argus_otel.record("song.meanwhile")
            await done.wait()
            argus_otel.record("song.ended")

        later.append(asyncio.create_task(after()))
        await asyncio.sleep(0)
        await ctx.send("playing")

    async def main() -> None:
        nonlocal done
        done = asyncio.Event()
        async with running(bot, simulator):
            await (await simulator.slash("play")).acknowledged()
            await (await simulator.say("!play")).reply()
            await until(lambda: len(kept.of("discord.command")) == 2)
            done.set()
            await asyncio.gather(*later)
            argus_otel.record("song.outside", guild=7)

    done = asyncio.Event()
    asyncio.run(main())
    ids = ("discord.guild.id", "discord.channel.id", "discord.user.id", "discord.shard.id")
    slash, prefix = ({name: a[name] for name in ids} for a in kept.of("discord.command"))
    for number, work in enumerate((slash, prefix)):
        assert kept.of("song.played")[number] == {"title": "So What", **work}
        assert kept.of("song.meanwhile")[number] == work
        moved = {"discord.guild.id": "1", "discord.channel.id": "2", "discord.user.id": work["discord.user.id"]}
        assert kept.of("song.moved")[number] == moved
        assert kept.of("song.given")[number]["discord.guild.id"] == work["discord.guild.id"]
    assert kept.of("song.ended") == [{}, {}]
    assert kept.of("song.outside") == [{"discord.guild.id": "7"}]


def test_the_events_that_queries_name_are_in_the_catalogue() -> None:
    names = {event.name for catalogue in CATALOGUES for event in catalogue.events}
    assert names.issuperset((COMMAND, GUILD_JOIN, GUILD_LEAVE))
