"""Members of guilds, sizes of guilds, installations, and privileged intents, as the simulator knows them."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import discord
import pytest
from discord.ext import commands

from argus_otel.sources.discord.attributes import GUILD_SIZE
from argus_otel.sources.discord.catalogue import CATALOGUE
from argus_otel.sources.discord.guilds import Guilds
from discord_simulator import BackgroundSimulator, redirect

from .conftest import Observed, make_bot, running, until

MEMBERS = "discord.guild.members"
SIZES = "discord.guild.sizes"
INSTALLS = "discord.application.installs"
INTENTS = "discord.intent.privileged"
MEMBER_EVENTS = {"GUILD_MEMBER_ADD", "GUILD_MEMBER_REMOVE"}


def in_world(simulator: BackgroundSimulator) -> int:
    """Return the members of the bot's guilds, as Discord sees them."""
    return sum(len(guild.members) for guild in simulator.world.guilds.values() if guild.joined)


def sized(observed: Observed) -> dict[str, float]:
    """Return the classes of guilds that are not empty."""
    return {size: count for (size,), count in observed.values(SIZES).items() if count}


@pytest.mark.parametrize(
    ("make", "shards"),
    [
        pytest.param(lambda: make_bot(), 1, id="Bot"),
        pytest.param(lambda: make_bot(chunk_guilds_at_startup=False), 1, id="not chunked"),
        pytest.param(lambda: make_bot(commands.AutoShardedBot, shard_count=2), 2, id="two shards"),
    ],
)
def test_members_come_and_go_with_guilds_and_by_themselves(observed: Observed, make: Any, shards: int) -> None:
    with BackgroundSimulator(shards=shards, guilds=4, members=5) as simulator, redirect(simulator.url):

        async def main() -> None:
            bot = make()
            async with running(bot, simulator, shards):

                async def agree() -> None:
                    await until(lambda: observed.values(MEMBERS) == {(): in_world(simulator)})
                    await until(lambda: None not in [guild.member_count for guild in bot.guilds])
                    assert sum(guild.member_count for guild in bot.guilds) == in_world(simulator)

                await agree()
                assert sized(observed) == {"1-9": 4}
                guild = next(iter(simulator.world.guilds.values()))
                people = [await simulator.join_member(guild=guild) for _ in range(5)]
                await agree()
                assert sized(observed) == {"1-9": 3, "10-99": 1}
                await simulator.leave_member(people.pop().user, guild=guild)
                await agree()
                joined = await simulator.join_guild()
                await agree()
                await simulator.begin_outage(joined)  # its members are still reached
                await agree()
                await simulator.leave_guild(joined)
                await simulator.leave_guild(guild)
                await agree()
                assert sized(observed) == {"1-9": 3}
                await simulator.invalidate_session(shard_id=0)
                await until(lambda: observed.values("discord.gateway.events")["READY",] == shards + 1)
                await agree()

        asyncio.run(main())


def test_a_new_session_keeps_the_members_until_they_are_sent_anew() -> None:
    guilds = Guilds()
    guilds.reset(0, (1, 2, 3), (1, 2, 3))
    assert guilds.members is None
    for guild_id, members in ((1, 5), (2, 50), (3, 500)):
        guilds.add(0, guild_id, unavailable=False, members=members)
    assert guilds.members == 555
    guilds.reset(0, (2, 3), (2, 3))
    assert guilds.members == 550
    guilds.add(0, 2, unavailable=False, members=60)
    guilds.add(0, 3, unavailable=True)  # without a number, as Discord sends one that is unavailable
    assert guilds.members == 560
    assert [guilds.by_class[size] for size in ("1-9", "10-99", "100-999")] == [0, 1, 1]


@pytest.mark.parametrize("wrong", [None, "7", -1, 2.5, True, [7]])
def test_a_number_of_members_that_is_none_changes_nothing(wrong: Any) -> None:
    guilds = Guilds()
    guilds.add(0, 1, unavailable=False, members=7)
    guilds.add(0, 1, unavailable=False, members=wrong)
    guilds.set_members(0, 99, 7)  # unknown
    guilds.change_members(0, 99, 1)
    assert guilds.members == 7


def test_every_size_has_a_class() -> None:
    guilds = Guilds()
    for number in range(8):
        guilds.add(0, number, unavailable=False, members=10**number)
    guilds.add(0, 99, unavailable=False, members=0)
    assert guilds.by_class == dict(zip(GUILD_SIZE.values, (2, 1, 1, 1, 1, 3), strict=True))


def test_without_the_members_intent_the_number_is_that_of_the_session(observed: Observed) -> None:
    with BackgroundSimulator(guilds=2, members=5) as simulator, redirect(simulator.url):

        async def main() -> None:
            bot = commands.Bot("!", intents=discord.Intents.default())
            async with running(bot, simulator):
                at_first = in_world(simulator)
                await until(lambda: observed.values(MEMBERS) == {(): at_first})
                await simulator.join_member()
                await simulator.typing()
                await until(lambda: observed.values("discord.gateway.events").get(("TYPING_START",)) == 1)
                assert not MEMBER_EVENTS & {kind for (kind,) in observed.values("discord.gateway.events")}
                assert observed.values(MEMBERS) == {(): at_first} == {(): sum(g.member_count or 0 for g in bot.guilds)}
                assert observed.values(INTENTS) == {("members",): 0, ("presences",): 0, ("message_content",): 0}

        asyncio.run(main())


def test_several_clients_are_summed_and_one_that_starts_late_has_what_discord_py_has(observed: Observed) -> None:
    with BackgroundSimulator(guilds=3, members=5) as simulator, redirect(simulator.url):

        async def main() -> None:
            first, second = make_bot(), discord.Client(intents=discord.Intents.default())
            async with running(first, simulator):
                async with running(second, simulator):
                    await until(lambda: observed.values(MEMBERS) == {(): 2 * in_world(simulator)})
                    assert sized(observed) == {"1-9": 6}
                    assert observed.values(INTENTS) == {("members",): 1, ("presences",): 1, ("message_content",): 1}
                    # One application, whatever the number of its clients.
                    assert observed.values(INSTALLS) == {("guild_install",): 3, ("user_install",): 0}
                assert observed.values(MEMBERS) == {(): in_world(simulator)}
                observed.source.uninstall()
                assert observed.values(MEMBERS) == observed.values(SIZES) == {}
                observed.source.install()
                assert observed.values(MEMBERS) == {(): in_world(simulator)}
                assert observed.values(INSTALLS)["guild_install",] == 3
            assert observed.values(MEMBERS) == observed.values(INSTALLS) == observed.values(INTENTS) == {}

        asyncio.run(main())


def test_installations_are_those_of_the_last_answer(observed: Observed) -> None:
    with BackgroundSimulator(guilds=3) as simulator, redirect(simulator.url):
        simulator.world.user_installs.update(range(70))

        async def main() -> None:
            bot = make_bot()
            async with running(bot, simulator):
                assert observed.values(INSTALLS) == {("guild_install",): 3, ("user_install",): 70}
                simulator.world.user_installs.add(70)
                asked = len(simulator.ledger.rest_now())
                assert observed.values(INSTALLS)["user_install",] == 70
                assert len(simulator.ledger.rest_now()) == asked  # no request of ours
                await bot.application_info()
                assert observed.values(INSTALLS)["user_install",] == 71

        asyncio.run(main())


def test_members_cost_a_collection_the_same_in_100_000_guilds(observed: Observed) -> None:
    with BackgroundSimulator(guilds=2) as simulator, redirect(simulator.url):

        def fastest(name: str) -> float:
            metric = next(metric for metric in CATALOGUE.metrics if metric.name == name)
            best = 1.0
            for _ in range(20):
                started = time.perf_counter()
                observed.telemetry.points(metric)
                best = min(best, time.perf_counter() - started)
            return best

        async def main() -> None:
            bot = make_bot()
            async with running(bot, simulator):
                guilds: Any = observed.source._parts.guild_changes.of(bot._connection)  # type: ignore[union-attr]
                for number in range(100_000):
                    guilds.add(0, number, unavailable=False, members=number)
                for name in (MEMBERS, SIZES, "discord.guild.count"):
                    assert fastest(name) < 0.0005

        asyncio.run(main())
