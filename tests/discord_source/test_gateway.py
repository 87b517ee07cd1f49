"""Gateway events, sessions, disconnects, latency and shards, of every kind of client, however late we came."""

from __future__ import annotations

import asyncio
import gc
import math
import weakref
from collections import Counter
from typing import Any

import discord
import pytest
from discord.ext import commands

from argus_otel.simulator import BackgroundSimulator, redirect

from .conftest import Observed, make_bot, running, until

EVENTS = "discord.gateway.events"


def agreed(observed: Observed, simulator: BackgroundSimulator) -> bool:
    """Whether the last event that was written has been read."""
    ours = sum(observed.values(EVENTS).values())
    return ours == sum(simulator.ledger.received_event_counts().values())


def agree(observed: Observed, simulator: BackgroundSimulator) -> None:
    """Assert that our counts of events are the simulator's."""
    by_type: Counter[str] = Counter()
    by_shard: Counter[int] = Counter()
    for (shard, event), count in simulator.ledger.received_event_counts().items():
        by_type[event] += count
        by_shard[shard] += count
    ours = {key[0]: value for key, value in observed.values(EVENTS).items() if value}
    assert ours == by_type
    assert {key[0]: value for key, value in observed.values("discord.shard.events").items()} == by_shard


def clients() -> list[Any]:
    return [
        pytest.param(lambda: discord.Client(intents=discord.Intents.all()), 1, id="Client"),
        pytest.param(make_bot, 1, id="Bot"),
        pytest.param(
            lambda: discord.AutoShardedClient(intents=discord.Intents.all(), shard_count=2), 2, id="AutoShardedClient"
        ),
        pytest.param(lambda: make_bot(commands.AutoShardedBot, shard_count=2), 2, id="AutoShardedBot"),
    ]


@pytest.mark.parametrize(("make", "shards"), clients())
def test_every_kind_of_client_has_its_shards(observed: Observed, make: Any, shards: int) -> None:
    with BackgroundSimulator(shards=shards, guilds=4) as simulator, redirect(simulator.url):
        readings: dict[str, Any] = {}

        async def main() -> None:
            client = make()
            assert observed.telemetry.health.checks() == []
            async with running(client, simulator, shards):
                for _ in range(20):
                    await simulator.typing()
                await until(lambda: observed.values(EVENTS).get(("TYPING_START",)) == 20)
                await until(lambda: len(observed.values("discord.gateway.latency")) == shards)
                for name in (
                    "discord.gateway.latency",
                    "discord.shard.up",
                    "discord.guild.count",
                    "discord.user.cached",
                ):
                    readings[name] = observed.values(name)
                readings["ready"] = observed.telemetry.health.checks()
                readings["guilds"] = len(client.guilds)
                readings["users"] = len(client.users)

        asyncio.run(main())
        agree(observed, simulator)
        assert all(0 < value < 1 and math.isfinite(value) for value in readings["discord.gateway.latency"].values())
        assert readings["discord.shard.up"] == {(number,): 1 for number in range(shards)}
        assert readings["discord.guild.count"] == {(): readings["guilds"]}
        assert readings["discord.user.cached"] == {(): readings["users"]}
        assert [check.ready for check in readings["ready"]] == [True] * shards
        assert observed.values("discord.gateway.sessions") == {(number, "identify"): 1 for number in range(shards)}
        assert observed.values("discord.shard.up") == {(number,): 0 for number in range(shards)}


@pytest.mark.parametrize("sharded", [False, True])
def test_reconnects_resumes_and_closes(observed: Observed, sharded: bool) -> None:
    shards = 2 if sharded else 1
    with BackgroundSimulator(shards=shards, guilds=4) as simulator, redirect(simulator.url):

        async def main() -> None:
            client = make_bot(commands.AutoShardedBot, shard_count=2) if sharded else make_bot()

            async def at_once(*_: object, **__: object) -> None:
                pass

            client.before_identify_hook = at_once
            sessions = simulator.ledger.session_counts

            async with running(client, simulator, shards):
                await simulator.ask_reconnect(shard_id=0)
                await until(lambda: sessions().get((0, "resume")) == 1)
                await until(lambda: observed.values(EVENTS).get(("RESUMED",)) == 1)
                await simulator.close_gateway(4000, shard_id=0)
                await until(lambda: sessions().get((0, "resume")) == 2)
                await until(lambda: observed.values(EVENTS).get(("RESUMED",)) == 2)
                await simulator.drop_gateway(shard_id=0)
                await until(lambda: observed.values(EVENTS).get(("RESUMED",)) == 3, timeout=15)
                await simulator.invalidate_session(resumable=False, shard_id=0)
                await until(lambda: sessions().get((0, "identify")) == 2, timeout=15)
                await until(lambda: observed.values(EVENTS)["READY",] == shards + 1)
                await until(lambda: observed.values("discord.shard.up")[0,] == 1)
                await simulator.ready(shards)  # its guilds follow READY
                await until(lambda: agreed(observed, simulator))

        asyncio.run(main())
        agree(observed, simulator)
        simulator.run(simulator.disconnected)
        expected = {(shard, kind): number for (shard, kind), number in simulator.ledger.session_counts().items()}
        assert observed.values("discord.gateway.sessions") == expected
        disconnects = observed.values("discord.gateway.disconnects")
        assert sum(disconnects.values()) == len(simulator.ledger.closes)
        assert disconnects[0, 1006] == 1  # dropped
        names = Counter(record.event_name for record in observed.events())
        assert names["discord.gateway.session"] == sum(expected.values())
        assert names["discord.gateway.disconnect"] == sum(disconnects.values())


def test_a_client_that_runs_already_is_found(simulator: BackgroundSimulator) -> None:
    observed = Observed()

    async def main() -> None:
        bot = make_bot()

        @bot.tree.command()
        async def ping(interaction: discord.Interaction) -> None:
            """Ping."""
            await interaction.response.send_message("pong")

        async with running(bot, simulator):
            await simulator.typing()
            observed.source.install()
            for _ in range(5):
                await simulator.typing()
            await (await simulator.slash("ping")).acknowledged()
            await until(lambda: observed.spans("command ping"))
            assert observed.values("discord.shard.up") == {(0,): 1}
            assert observed.values(EVENTS)["TYPING_START",] in (5, 6)
            observed.source.uninstall()
            before = observed.values(EVENTS)
            await simulator.typing()
            await (await simulator.slash("ping")).acknowledged()
            await asyncio.sleep(0.1)
            assert observed.values(EVENTS) == before
            assert len(observed.spans("command ping")) == 1
            observed.source.install()
            await (await simulator.slash("ping")).acknowledged()
            await until(lambda: len(observed.spans("command ping")) == 2)

    asyncio.run(main())
    observed.source.uninstall()
    assert observed.faults() == {}


@pytest.mark.parametrize("moment", ["before it is made", "after it is made", "when it has logged in"])
def test_a_client_is_observed_whenever_it_was_made(simulator: BackgroundSimulator, moment: str) -> None:
    observed = Observed()
    if moment == "before it is made":
        observed.source.install()
    bot = make_bot()
    if moment == "after it is made":
        observed.source.install()
    if moment == "when it has logged in":

        async def setup_hook() -> None:
            observed.source.install()
            await bot.tree.sync()

        bot.setup_hook = setup_hook

    @bot.tree.command()
    async def ping(interaction: discord.Interaction) -> None:
        """Ping."""
        await interaction.response.send_message("pong")

    async def main() -> None:
        async with running(bot, simulator):
            await (await simulator.slash("ping")).acknowledged()
            await until(lambda: observed.spans("command ping"))
            await until(lambda: agreed(observed, simulator))

    try:
        asyncio.run(main())
        agree(observed, simulator)
    finally:
        observed.source.uninstall()
    assert observed.faults() == {}


def test_a_client_that_has_ended_is_not_kept_alive(observed: Observed, simulator: BackgroundSimulator) -> None:
    ended: list[weakref.ref[Any]] = []

    async def main() -> None:
        bot = make_bot()

        @bot.tree.command()
        async def ping(interaction: discord.Interaction) -> None:
            """Ping."""
            await interaction.response.send_message("pong")

        async with running(bot, simulator):
            await (await simulator.slash("ping")).acknowledged()
            ended.append(weakref.ref(bot.ws))
        ended.append(weakref.ref(bot))

    def gone() -> bool:
        gc.collect()
        return [reference() for reference in ended] == [None, None]

    async def wait() -> None:
        await until(gone)  # discord.py's heartbeat thread has the connection until it is told to stop and does

    asyncio.run(main())
    asyncio.run(wait())


def test_uninstalling_puts_every_original_back() -> None:
    observed = Observed()
    patches = _targets(observed)
    before = dict(patches())
    for _ in range(3):
        observed.source.install()
        observed.source.install()
        during = dict(patches())
        assert all(during[place] is not function for place, function in before.items())
        observed.source.uninstall()
        observed.source.uninstall()
        assert dict(patches()) == before


def test_a_wrapper_of_somebody_else_stays_and_ours_beneath_it_is_silent(simulator: BackgroundSimulator) -> None:
    observed = Observed()
    observed.source.install()
    ours = discord.http.HTTPClient.request
    calls: list[str] = []

    async def theirs(self: Any, route: Any, **kwargs: Any) -> Any:
        calls.append(route.path)
        return await ours(self, route, **kwargs)

    discord.http.HTTPClient.request = theirs  # type: ignore[method-assign, assignment]
    try:
        observed.source.uninstall()
        assert discord.http.HTTPClient.request is theirs

        async def main() -> None:
            async with running(make_bot(), simulator):
                pass

        asyncio.run(main())
        assert calls
        assert observed.counts("discord.rest.duration") == {}
        observed.source.install()
        calls.clear()
        asyncio.run(main())
        counted = sum(observed.counts("discord.rest.duration").values())
        assert counted == len(calls) > 0
    finally:
        discord.http.HTTPClient.request = ours  # type: ignore[method-assign]
        observed.source.uninstall()


def _targets(observed: Observed) -> Any:
    from argus_otel.sources.discord.patches import resolve

    observed.source.install()
    patches = [patch for patch in observed.source._parts.patches() if patch.hook != "hybrid commands"]  # type: ignore[union-attr]
    observed.source.uninstall()

    def read() -> Any:
        return (((patch.module, patch.target), resolve(patch)[2]) for patch in patches)

    return read
