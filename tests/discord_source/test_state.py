"""Guilds, joins and leaves, caches and commands, read while the event loop changes them."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any

import discord
import pytest
from discord import app_commands
from discord.ext import commands

from discord_simulator import BackgroundSimulator, redirect

from .conftest import Observed, let_go, make_bot, running, until

COUNT = "discord.guild.count"
UNAVAILABLE = "discord.guild.unavailable"
CHANGES = "discord.guild.changes"
COMMANDS = "discord.command.registered"

CACHES = "discord.cache.objects"


def in_world(simulator: BackgroundSimulator) -> int:
    """Return how many guilds the bot is in, as Discord sees it."""
    return sum(guild.joined for guild in simulator.world.guilds.values())


def out_of_order(simulator: BackgroundSimulator) -> int:
    """Return how many of them Discord cannot serve."""
    return sum(guild.joined and guild.unavailable for guild in simulator.world.guilds.values())


def agree(observed: Observed, simulator: BackgroundSimulator) -> bool:
    """Whether our guilds and their changes are the simulator's."""
    changes = simulator.ledger.guild_counts()
    return (
        observed.values(COUNT) == {(): in_world(simulator)}
        and observed.values(UNAVAILABLE) == {(): out_of_order(simulator)}
        and observed.values(CHANGES)
        == {(change,): changes[change] for change in ("join", "leave") if change in changes}
    )


def changes_told(observed: Observed) -> list[tuple[str, dict[str, Any]]]:
    """Return the events of guilds: (join or leave, attributes)."""
    events = [record for record in observed.events() if record.event_name.startswith("discord.guild.")]
    return [
        (
            record.event_name.removeprefix("discord.guild."),
            {k: v for k, v in record.attributes.items() if k != "event.name"},
        )
        for record in events
    ]


def kinds() -> list[Any]:
    return [
        pytest.param(lambda **options: make_bot(**options), 1, id="Bot"),
        pytest.param(lambda **options: make_bot(commands.AutoShardedBot, shard_count=2, **options), 2, id="two shards"),
    ]


# -- guilds


@pytest.mark.parametrize(("make", "shards"), kinds())
def test_guilds_that_come_and_go(observed: Observed, make: Any, shards: int) -> None:
    with BackgroundSimulator(shards=shards, guilds=4) as simulator, redirect(simulator.url):

        async def main() -> None:
            away, other, *_ = simulator.world.guilds.values()
            away.unavailable = True  # since before the bot starts
            client = make()
            async with running(client, simulator, shards):
                await until(lambda: agree(observed, simulator))
                assert observed.values(COUNT) == {(): 4}
                assert observed.values(UNAVAILABLE) == {(): 1}
                assert observed.values(CHANGES) == {}  # those of READY are no joins
                await simulator.end_outage(away)
                await until(lambda: agree(observed, simulator))
                await simulator.begin_outage(other)
                await until(lambda: agree(observed, simulator))
                assert observed.values(UNAVAILABLE) == {(): 1}
                assert observed.values(CHANGES) == {}
                joined = await simulator.join_guild()
                await until(lambda: agree(observed, simulator))
                assert observed.values(COUNT) == {(): 5}
                await simulator.begin_outage(joined)
                await until(lambda: agree(observed, simulator))
                await simulator.leave_guild(joined)  # while it is unavailable
                await simulator.leave_guild(other)
                await until(lambda: agree(observed, simulator))
                assert observed.values(COUNT) == {(): 3} == {(): len(client.guilds)}
                assert observed.values(UNAVAILABLE) == {(): 0}
                await simulator.join_guild(other)  # and back
                await until(lambda: agree(observed, simulator))
                assert observed.values(CHANGES) == {("join",): 2, ("leave",): 2}
                events = changes_told(observed)
                assert [name for name, _ in events] == ["join", "leave", "leave", "join"]
                assert events[0][1] == {
                    "discord.guild.id": str(joined.id),
                    "discord.guild.name": joined.name,
                    "discord.guild.member_count": len(joined.members),
                    "discord.shard.id": joined.shard_id(shards),
                }
                assert events[0][1] == events[1][1]

        asyncio.run(main())


@pytest.mark.parametrize(("make", "shards"), kinds())
def test_guilds_over_resumes_and_new_sessions(observed: Observed, make: Any, shards: int) -> None:
    with BackgroundSimulator(shards=shards, guilds=4) as simulator, redirect(simulator.url):
        resumed = "discord.gateway.events"

        async def main() -> None:
            first, second, third, fourth = simulator.world.guilds.values()
            assert first.shard_id(shards) == third.shard_id(shards) == 0
            client = make()
            async with running(client, simulator, shards):
                await until(lambda: agree(observed, simulator))
                await simulator.ask_reconnect(shard_id=0)
                await simulator.leave_guild(first)  # sent on RESUME
                await until(lambda: observed.values(resumed).get(("RESUMED",)) == 1)
                assert agree(observed, simulator)
                assert observed.values(COUNT) == {(): 3}
                # While there is no session, no event is sent: READY has the new state.
                third.joined = False
                fourth.unavailable = shards == 1  # of shard 0 too, if there is no other
                await simulator.invalidate_session(shard_id=0)
                await until(lambda: observed.values(resumed)["READY",] == shards + 1)
                await until(lambda: agree(observed, simulator))
                assert observed.values(COUNT) == {(): 2}
                if shards > 1:  # where discord.py's cache still has it
                    assert len(client.guilds) == 3
                assert [name for name, _ in changes_told(observed)] == ["leave"]
                await simulator.join_guild()
                await until(lambda: agree(observed, simulator))
                del second

        asyncio.run(main())


def test_a_guild_that_is_joined_while_those_of_ready_still_come_in_is_a_join(observed: Observed) -> None:
    with BackgroundSimulator(guilds=2) as simulator, redirect(simulator.url):

        async def main() -> None:
            bot = make_bot()
            told: list[str] = []

            @bot.event
            async def on_guild_join(_: object) -> None:
                told.append("join")

            async with running(bot, simulator):
                bot._connection.guild_ready_timeout = 1.0
                await simulator.invalidate_session()
                await until(lambda: observed.values("discord.gateway.events")["READY",] == 2)
                await simulator.ready()
                assert bot._connection._ready_task is not None  # still waits for guilds
                await simulator.join_guild()
                await until(lambda: bot._connection._ready_task is None)
                assert told == []  # discord.py takes it for one of them
                assert agree(observed, simulator)
                assert observed.values(CHANGES) == {("join",): 1}

        asyncio.run(main())


@pytest.mark.parametrize(("make", "shards"), kinds())
def test_guilds_of_a_client_that_runs_already(make: Any, shards: int) -> None:
    observed = Observed()
    with BackgroundSimulator(shards=shards, guilds=4) as simulator, redirect(simulator.url):

        async def main() -> None:
            away, other, *_ = simulator.world.guilds.values()
            away.unavailable = True
            client = make()
            async with running(client, simulator, shards):
                originals = {
                    event: client._connection.parsers[event] for event in ("READY", "GUILD_CREATE", "GUILD_DELETE")
                }
                await until(lambda: len([guild for guild in client.guilds if not guild.unavailable]) == 3)
                for _ in range(3):  # hooks that are put in again count once
                    observed.source.install()
                    assert agree(observed, simulator)
                    observed.source.uninstall()
                    observed.source.install()
                await simulator.end_outage(away)
                await simulator.leave_guild(other)
                await simulator.join_guild()
                await until(lambda: agree(observed, simulator))
                before = observed.values(CHANGES)
                observed.source.uninstall()
                assert observed.values(COUNT) == {}
                assert {event: client._connection.parsers[event] for event in originals} == originals
                await simulator.leave_guild(away)
                await until(lambda: len(client.guilds) == 3)
                assert observed.values(CHANGES) == before
                observed.source.install()
                assert observed.values(COUNT) == {(): 3} == {(): in_world(simulator)}
                observed.source.uninstall()

        asyncio.run(main())
    assert observed.faults() == {}


def test_somebody_who_wraps_the_parsers_too_is_let_be_and_each_join_counts_once(simulator: BackgroundSimulator) -> None:
    observed = Observed()

    async def main() -> None:
        bot = make_bot()
        async with running(bot, simulator):
            observed.source.install()
            ours = bot._connection.parsers["GUILD_CREATE"]
            seen: list[Any] = []

            def theirs(data: Any) -> None:
                seen.append(data)
                ours(data)

            bot._connection.parsers["GUILD_CREATE"] = theirs
            observed.source.uninstall()
            assert bot._connection.parsers["GUILD_CREATE"] is theirs
            silent = await simulator.join_guild()
            await until(lambda: bot.get_guild(silent.id))
            assert changes_told(observed) == []
            observed.source.install()
            await simulator.join_guild()
            await until(lambda: observed.values(COUNT) == {(): in_world(simulator)})
            assert observed.values(CHANGES) == {("join",): 1}
            assert len(seen) == 2
            assert len(changes_told(observed)) == 1

    asyncio.run(main())
    observed.source.uninstall()
    assert observed.faults() == {}


def test_without_the_guilds_intent_nothing_is_said_of_outages(observed: Observed) -> None:
    with BackgroundSimulator(guilds=3) as simulator, redirect(simulator.url):

        async def main() -> None:
            async with running(discord.Client(intents=discord.Intents(guild_messages=True)), simulator):
                assert observed.values(COUNT) == {(): 3}
                assert observed.values(UNAVAILABLE) == {}

        asyncio.run(main())


def test_several_clients_are_summed_and_one_that_has_ended_is_left_out(observed: Observed) -> None:
    with BackgroundSimulator(guilds=3) as simulator, redirect(simulator.url):

        async def main() -> None:
            first, second = make_bot(), discord.Client(intents=discord.Intents.all())
            async with running(first, simulator):
                alone = {name: observed.values(name) for name in (COUNT, CACHES, COMMANDS)}
                async with running(second, simulator):
                    await until(lambda: observed.values(UNAVAILABLE) == {(): 0})
                    assert observed.values(COUNT) == {(): 6}
                    both = observed.values(CACHES)
                    assert both["users",] == len(first.users) + len(second.users)
                    assert both["channels",] == 2 * alone[CACHES]["channels",]
                    assert observed.values(COMMANDS) == alone[COMMANDS]  # a Client without a tree has none
                    assert observed.values("discord.extension.count") == {(): 0}
                assert {name: observed.values(name) for name in alone} == alone
            assert observed.values(COUNT) == {}

        asyncio.run(main())


def test_guilds_do_not_keep_a_client_alive(observed: Observed, simulator: BackgroundSimulator) -> None:
    ended: list[weakref.ref[Any]] = []

    async def main() -> None:
        bot = make_bot()
        async with running(bot, simulator):
            await simulator.leave_guild(await simulator.join_guild())
            await until(lambda: len(changes_told(observed)) == 2)
        ended.extend((weakref.ref(bot), weakref.ref(bot._connection)))

    asyncio.run(main())
    assert len(ended) == 2
    asyncio.run(let_go(ended))


# -- commands


def test_commands_by_type(observed: Observed, simulator: BackgroundSimulator) -> None:
    class Admin(app_commands.Group):
        @app_commands.command()
        async def commands(self, _: discord.Interaction) -> None:
            """A subcommand with the name of a method of a group."""

    async def main() -> None:
        bot = make_bot()
        guilds = [discord.Object(guild.id) for guild in simulator.world.guilds.values()]

        @bot.tree.command()
        async def everywhere(_: discord.Interaction) -> None:
            """A global command, and a copy of it in a guild."""

        @bot.tree.command(guilds=guilds)
        async def here(_: discord.Interaction) -> None:
            """A command of several guilds."""

        @bot.tree.context_menu()
        async def greet(_: discord.Interaction, __: discord.User) -> None: ...

        @bot.tree.context_menu(guilds=guilds)
        async def quote(_: discord.Interaction, __: discord.Message) -> None: ...

        group = app_commands.Group(name="playlist", description="A group in a group.")
        nested = app_commands.Group(name="of", description="The inner one.", parent=group)
        nested.command(name="user", description="Two levels down.")(_nothing)
        bot.tree.add_command(group)
        bot.tree.add_command(Admin(name="admin", description="A group."))

        @bot.command(aliases=["p", "pp"])
        async def ping(_: commands.Context[Any]) -> None: ...

        @bot.group(aliases=["s"])
        async def settings(_: commands.Context[Any]) -> None: ...

        @settings.command(aliases=["x", "y"])
        async def show(_: commands.Context[Any]) -> None: ...

        @bot.hybrid_command()
        async def both(_: commands.Context[Any]) -> None:
            """A hybrid command."""

        async with running(bot, simulator):
            bot.tree.copy_global_to(guild=guilds[0])
            # everywhere, here, playlist, of, user, admin, commands, both; ping, settings, show, both, help
            expected = {("slash",): 8, ("user",): 1, ("message",): 1, ("prefix",): 5}
            assert observed.values(COMMANDS) == expected
            assert expected["prefix",] == len(set(bot.walk_commands()))
            bot.remove_command("both")  # the guild keeps its copy
            assert observed.values(COMMANDS) == expected | {("prefix",): 4}
            bot.tree.remove_command("both", guild=guilds[0])
            assert observed.values(COMMANDS) == expected | {("slash",): 7, ("prefix",): 4}

    asyncio.run(main())


async def _nothing(_: discord.Interaction) -> None:
    """Do nothing."""


def test_a_client_has_the_commands_of_its_tree_and_no_prefix_commands(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    async def main() -> None:
        client = discord.Client(intents=discord.Intents.all())
        tree = app_commands.CommandTree(client)
        tree.command(name="ping", description="Ping.")(_nothing)
        async with running(client, simulator):
            assert observed.values(COMMANDS) == {("slash",): 1, ("user",): 0, ("message",): 0}
            assert observed.values("discord.extension.count") == {}

    asyncio.run(main())


# -- reading from another thread


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Let threads change places as often as can be."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("hasty_threads")
def test_reading_while_the_loop_changes_everything_loses_no_point(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    names = (COUNT, UNAVAILABLE, CACHES, COMMANDS, "discord.extension.count", "discord.shard.up")
    readings = dict.fromkeys(names, 0)
    missing: list[str] = []
    ended = threading.Event()

    def collect() -> None:
        metrics = {metric.name: metric for metric in _metrics()}
        while not ended.is_set():
            for name in names:
                readings[name] += 1
                if not observed.telemetry.points(metrics[name]):
                    missing.append(name)

    async def main() -> None:
        bot = make_bot()
        guild = discord.Object(simulator.guild().id)
        many = [app_commands.Command(name=f"c{n}", description=".", callback=_nothing) for n in range(90)]
        async with running(bot, simulator):
            collector = threading.Thread(target=collect)
            collector.start()
            try:
                joined = [await simulator.join_guild() for _ in range(3)]
                deadline = time.monotonic() + 2
                while time.monotonic() < deadline:
                    for command in many:
                        bot.tree.add_command(command)
                        bot.tree.add_command(command, guild=guild)
                        bot.all_commands[command.name] = bot.all_commands["help"]
                    await simulator.begin_outage(joined[0])
                    await simulator.end_outage(joined[0])
                    await simulator.leave_guild(joined.pop())
                    joined.insert(0, await simulator.join_guild())
                    for command in many:
                        bot.tree.remove_command(command.name)
                        bot.tree.remove_command(command.name, guild=guild)
                        del bot.all_commands[command.name]
            finally:
                ended.set()
                collector.join()
            await until(lambda: agree(observed, simulator))

    asyncio.run(main())
    assert missing == []
    assert min(readings.values()) > 20


def _metrics() -> tuple[Any, ...]:
    from argus_otel.sources.discord.catalogue import CATALOGUE

    return CATALOGUE.metrics
