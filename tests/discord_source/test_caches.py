"""discord.py's caches: their lengths, and what their objects take, against Python's own count of memory."""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
import weakref
from typing import Any

import discord
import pytest

from argus_otel.sources.discord import caches
from argus_otel.sources.discord.catalogue import CACHE_OBJECTS
from argus_otel.sources.discord.footprints import footprint, some_of
from discord_simulator import BackgroundSimulator, redirect

from .conftest import Observed, let_go, make_bot, running, until

OBJECTS = "discord.cache.objects"
MEMORY = "discord.cache.memory"


def test_caches_are_as_large_as_those_of_discord_py(observed: Observed) -> None:
    with BackgroundSimulator(guilds=2, members=5) as simulator, redirect(simulator.url):

        async def main() -> None:
            bot = make_bot()
            async with running(bot, simulator):
                guild = simulator.guild()
                emoji = {"id": "77", "name": "wave", "roles": [], "require_colons": True, "managed": False}
                sticker = {
                    "id": "78", "name": "hi", "tags": "wave", "type": 2, "format_type": 1, "description": "",
                    "available": True, "guild_id": str(guild.id),
                }  # fmt: skip
                update: dict[str, Any] = {"guild_id": str(guild.id)}
                await simulator.dispatch("GUILD_EMOJIS_UPDATE", update | {"emojis": [emoji]}, guild_id=guild.id)
                await simulator.dispatch("GUILD_STICKERS_UPDATE", update | {"stickers": [sticker]}, guild_id=guild.id)
                await simulator.say("one")
                await simulator.say("two", channel=simulator.world.dm_channel(guild.people[0].user))
                await bot.get_user(guild.people[0].user.id).create_dm()
                await until(lambda: len(bot.cached_messages) == 2)
                assert observed.values(OBJECTS) == {
                    ("users",): len(bot.users),
                    ("members",): sum(len(each.members) for each in bot.guilds),
                    ("messages",): 2,
                    ("channels",): sum(len(each.channels) for each in bot.guilds),
                    ("threads",): 0,
                    ("roles",): sum(len(each.roles) for each in bot.guilds),
                    ("voice_states",): 0,
                    ("emojis",): 1,
                    ("stickers",): 1,
                    ("private_channels",): 1,
                }
                assert len(bot.users) == 11  # the bot and five people of each guild
                assert observed.values(OBJECTS)["members",] == 12
                memory = observed.values(MEMORY)
                assert {name for (name,) in memory} == {
                    *("users", "members", "messages", "channels", "roles", "emojis", "stickers", "private_channels")
                }
                assert all(200 < bytes_ < 50_000 for bytes_ in memory.values()), memory

        asyncio.run(main())


def test_a_cache_is_measured_as_soon_as_it_has_an_object(observed: Observed, simulator: BackgroundSimulator) -> None:
    async def main() -> None:
        bot = make_bot()
        async with running(bot, simulator):
            assert ("messages",) not in observed.values(MEMORY)
            await simulator.say("one")
            await until(lambda: bot.cached_messages)
            assert observed.values(MEMORY)["messages",] > 500

    asyncio.run(main())


def test_a_message_cache_that_is_off_is_empty(observed: Observed, simulator: BackgroundSimulator) -> None:
    async def main() -> None:
        async with running(make_bot(max_messages=None), simulator):
            await simulator.say("one")
            assert observed.values(OBJECTS)["messages",] == 0
            assert ("messages",) not in observed.values(MEMORY)

    asyncio.run(main())


def test_guilds_are_counted_some_at_a_time(observed: Observed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "_GUILDS_AT_ONCE", 2)
    monkeypatch.setattr(caches, "_SECONDS", 0.0)
    with BackgroundSimulator(guilds=5, members=5) as simulator, redirect(simulator.url):

        async def main() -> None:
            bot = make_bot()
            async with running(bot, simulator):
                for _ in range(2):
                    assert ("members",) not in observed.values(OBJECTS)
                assert observed.values(OBJECTS)["members",] == 30
                assert observed.values(OBJECTS)["members",] == 30  # of the last complete count
                await simulator.leave_guild(list(simulator.world.guilds.values())[-1])
                await until(lambda: len(bot.guilds) == 4)
                await until(lambda: observed.values(OBJECTS)["members",] == 24)

        asyncio.run(main())


def test_a_collection_takes_no_longer_in_100_000_guilds(observed: Observed, simulator: BackgroundSimulator) -> None:
    async def main() -> None:
        bot = make_bot()
        async with running(bot, simulator):
            state = bot._connection
            known = state._guilds
            state._guilds = {
                number: discord.Guild(data={"id": number}, state=state)  # type: ignore[typeddict-item]
                for number in range(100_000)
            }
            gc.collect()
            times: list[float] = []
            for _ in range(21):
                started = time.thread_time()  # other processes may take the processor meanwhile
                observed.telemetry.points(CACHE_OBJECTS)
                times.append(time.thread_time() - started)
            state._guilds = known
            assert sorted(times)[10] < 0.005, times

    asyncio.run(main())


@pytest.mark.alone
def test_peer_fault_13_500_000_cached_users_slow_neither_a_scrape_nor_the_loop(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    class Cached:
        """Stands for a user, as far as a cache is concerned."""

        __slots__ = ("__weakref__",)

    def fastest_scrape() -> float:
        def scrape() -> float:
            started = time.perf_counter()
            observed.reader.get_metrics_data()
            return time.perf_counter() - started

        return min(scrape() for _ in range(20))

    async def main() -> None:
        bot = make_bot()
        async with running(bot, simulator):
            before = fastest_scrape()
            users = [Cached() for _ in range(500_000)]
            bot._connection._users.update(enumerate(users))
            bot._connection._messages.extend([None] * 1000)
            assert observed.values(OBJECTS)["users",] == len(bot.users)
            assert len(bot.users) > 500_000
            # To copy or to walk them takes milliseconds, on whichever thread, and Python runs but one at a time.
            assert fastest_scrape() < before + 0.001
            bot._connection._messages.clear()
            for number in range(len(users)):
                del bot._connection._users[number]

    asyncio.run(main())


# -- memory


@pytest.mark.parametrize("members", [200, 2000])
def test_estimates_are_near_what_python_has_allocated(
    observed: Observed, simulator: BackgroundSimulator, members: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caches, "_MEASURED_EVERY", 0.0)

    async def main() -> None:
        bot = make_bot()
        async with running(bot, simulator):
            guild = bot.guilds[0]
            before = observed.values(MEMORY)
            people: list[Any] = [
                {
                    "user": {
                        "id": str(10**17 + number), "username": f"person number {number}", "discriminator": "0",
                        "avatar": f"{number:032x}", "global_name": f"Person {number}", "bot": False,
                    },
                    "nick": f"Nick {number}", "roles": [str(10**16 + number)], "flags": 0,
                    "joined_at": "2026-01-02T03:04:05.678901+00:00",
                }
                for number in range(members)
            ]  # fmt: skip
            gc.collect()
            tracemalloc.start()
            try:
                for person in people:
                    guild._add_member(discord.Member(data=person, guild=guild, state=bot._connection))
                del person
                gc.collect()
                # Texts came with the payload, before.
                texts = sum(_texts(person) for person in people)
                allocated = tracemalloc.get_traced_memory()[0] + texts
            finally:
                tracemalloc.stop()
            after = observed.values(MEMORY)
            estimated = sum(after[name,] - before[name,] for name in ("users", "members"))
            assert estimated == pytest.approx(allocated, rel=0.25), (estimated, allocated)

    asyncio.run(main())


def _texts(person: dict[str, Any]) -> int:
    return sum(
        text.__sizeof__()
        for text in (*person["user"].values(), person["nick"])
        if isinstance(text, str) and text != "0"
    )


def test_what_belongs_to_another_cache_is_not_counted(observed: Observed, simulator: BackgroundSimulator) -> None:
    async def main() -> None:
        bot = make_bot()
        async with running(bot, simulator):
            await simulator.say("hello")
            await until(lambda: bot.cached_messages)
            message = bot.cached_messages[0]
            small = footprint(message)
            message.guild._members.update(dict.fromkeys(range(10_000), message.author))  # a guild of another size
            assert footprint(message) == small < 5_000
            message.embeds = [discord.Embed(description="a long text " * 500)]
            assert footprint(message) > small + 6_000
            for number in range(10_000):
                del message.guild._members[number]

    asyncio.run(main())


def test_a_large_object_is_measured_in_part() -> None:
    class Large:
        __slots__ = ("numbers", "texts", "itself")

    large: Any = Large()
    large.numbers = [[number] for number in range(1_000_000)]
    large.texts = dict.fromkeys(range(1_000_000), "text")
    large.itself = [large]
    started = time.perf_counter()
    assert footprint(large) > 8_000_000
    assert time.perf_counter() - started < 0.02


def test_objects_come_from_a_cache_s_middle() -> None:
    assert some_of(dict.fromkeys(range(100), "x"), 3) == ["x"] * 3
    assert some_of([*range(100)], 3) == [48, 49, 50]
    assert some_of([*range(10_000)], 3) == [1000, 1001, 1002]
    assert some_of([], 3) == []


def test_a_client_is_not_kept_alive(observed: Observed, simulator: BackgroundSimulator) -> None:
    ended: list[weakref.ref[Any]] = []

    async def main() -> None:
        bot = make_bot()
        async with running(bot, simulator):
            assert observed.values(OBJECTS)
            assert observed.values(MEMORY)
        assert observed.values(OBJECTS) == observed.values(MEMORY) == {}
        ended.extend((weakref.ref(bot), weakref.ref(bot._connection)))

    asyncio.run(main())
    assert len(ended) == 2
    asyncio.run(let_go(ended))
