"""Gateway events, sessions, disconnects, latency and shards, of every kind of client, instrumented early or late."""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
import weakref
from collections import Counter
from typing import Any

import discord
import pytest
from discord.ext import commands

from discord_simulator import BackgroundSimulator, hurry, redirect

from .conftest import Observed, hidden, late_to_learn, let_go, make_bot, running, until

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
def test_peer_fault_07_every_kind_of_client_has_its_shards(observed: Observed, make: Any, shards: int) -> None:
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
                    "discord.shard.count",
                    "discord.guild.count",
                    "discord.cache.objects",
                ):
                    readings[name] = observed.values(name)
                readings["ready"] = observed.telemetry.health.checks()
                readings["guilds"] = len(client.guilds)
                readings["users"] = len(client.users)

        asyncio.run(main())
        agree(observed, simulator)
        assert all(0 < value < 1 and math.isfinite(value) for value in readings["discord.gateway.latency"].values())
        assert readings["discord.shard.up"] == {(number,): 1 for number in range(shards)}
        assert readings["discord.shard.count"] == {(): shards}
        assert readings["discord.guild.count"] == {(): readings["guilds"]}
        assert readings["discord.cache.objects"]["users",] == readings["users"]
        assert [check.ready for check in readings["ready"]] == [True] * shards
        assert observed.values("discord.gateway.sessions") == {(number, "identify"): 1 for number in range(shards)}
        assert observed.values("discord.shard.up") == {(number,): 0 for number in range(shards)}
        assert observed.values("discord.shard.count") == {}


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

    asyncio.run(main())
    asyncio.run(let_go(ended))


def test_uninstalling_puts_every_original_back() -> None:
    observed = Observed()
    patches = _targets(observed)
    before = dict(patches())
    for _ in range(3):
        observed.source.install()
        observed.source.install()
        during = dict(patches())
        assert all(during[target] is not function for target, function in before.items())
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


@pytest.mark.parametrize(
    "target",
    ["KeepAliveHandler.ack", "GatewayRatelimiter.block", "DiscordWebSocket.identify", "DiscordWebSocket.resume"],
)
def test_what_cannot_be_taken_out_of_the_gateway_is_silent(
    simulator: BackgroundSimulator, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    observed = Observed()
    observed.source.install()
    owner, name = target.split(".")
    owner = getattr(discord.gateway, owner)
    ours = getattr(owner, name)
    monkeypatch.setattr(owner, name, lambda *arguments: ours(*arguments))
    observed.source.uninstall()

    async def main() -> None:
        bot = make_bot()
        async with running(bot, simulator):
            await until(lambda: math.isfinite(bot.latency))
            limiter = bot.ws._rate_limiter
            limiter.remaining, limiter.window, limiter.per = 0, time.time(), 0.1
            await bot.change_presence()

    asyncio.run(main())
    assert observed.counts(HEARTBEATS) == {}
    assert observed.counts("discord.gateway.ratelimit.wait") == {}
    assert observed.values("discord.gateway.sessions") == {}
    assert observed.faults() == {}


def _targets(observed: Observed) -> Any:
    from argus_otel.sources.discord.patches import resolve

    observed.source.install()
    patches = [patch for patch in observed.source._parts.patches() if patch.hook != "hybrid commands"]  # type: ignore[union-attr]
    observed.source.uninstall()

    def read() -> Any:
        return (((patch.module, patch.target), resolve(patch)[2]) for patch in patches)

    return read


# -- how connections end


async def _resumed(simulator: BackgroundSimulator, act: Any) -> None:
    """Do something to shard 0's connection, and wait until the bot has resumed or begun a session."""
    before = len(simulator.ledger.sessions)
    await act
    await until(lambda: len(simulator.ledger.sessions) > before, timeout=20)


async def _zombie(simulator: BackgroundSimulator) -> None:
    simulator.heartbeat_ack_delay = math.inf
    before = len(simulator.ledger.sessions)
    await until(lambda: len(simulator.ledger.sessions) > before, timeout=20)
    simulator.heartbeat_ack_delay = 0


async def _quiet(observed: Observed, simulator: BackgroundSimulator, shards: int) -> None:
    """Wait until every shard is up and has read all data: TCP resets a connection that is closed with data unread."""
    ready = observed.telemetry.health.checks
    await until(lambda: [check.ready for check in ready()] == [True] * shards, timeout=20)
    await simulator.ready(shards)
    await until(lambda: agreed(observed, simulator))


ENDINGS: dict[str, Any] = {
    "the bot closes": None,
    "the server closes with 4000": lambda sim: _resumed(sim, sim.close_gateway(4000, shard_id=0)),
    "the server closes with 4009, and forgets the session": lambda sim: _resumed(
        sim, sim.close_gateway(4009, resumable=False, shard_id=0)
    ),
    "the server closes with 4000, and hangs up": lambda sim: _resumed(
        sim, sim.close_gateway(4000, hang_up=True, shard_id=0)
    ),
    "the server closes with 1000, and hangs up": lambda sim: _resumed(
        sim, sim.close_gateway(1000, hang_up=True, shard_id=0)
    ),
    "the server closes with 1000": lambda sim: _resumed(sim, sim.close_gateway(1000, shard_id=0)),
    "the server closes with 1001": lambda sim: _resumed(sim, sim.close_gateway(1001, shard_id=0)),
    "the server closes with 4004, for good": lambda sim: sim.close_gateway(4004, shard_id=0),
    "the server asks to reconnect": lambda sim: _resumed(sim, sim.ask_reconnect(shard_id=0)),
    "the session is invalid": lambda sim: _resumed(sim, sim.invalidate_session(shard_id=0)),
    "the session is invalid, but can be resumed": lambda sim: _resumed(
        sim, sim.invalidate_session(resumable=True, shard_id=0)
    ),
    "TCP is reset": lambda sim: _resumed(sim, sim.drop_gateway(shard_id=0)),
    "the stream ends": lambda sim: _resumed(sim, sim.drop_gateway(reset=False, shard_id=0)),
    "nothing comes any more": _zombie,
}


@pytest.mark.parametrize("sharded", [False, True], ids=["one shard", "two shards"])
@pytest.mark.parametrize(
    "ending",
    # A shard that waits half a second for a heartbeat's answer takes a starved one for lost, and connects once more.
    [pytest.param(name, marks=pytest.mark.alone if ENDINGS[name] is _zombie else ()) for name in ENDINGS],
)
def test_close_codes_and_sessions_are_those_of_the_wire(observed: Observed, ending: str, sharded: bool) -> None:
    shards = 2 if sharded else 1
    silent = ending == "nothing comes any more"
    options: dict[str, Any] = {"heartbeat_timeout": 0.5} if silent else {}
    interval = {"heartbeat_interval": 0.1} if silent else {}
    with BackgroundSimulator(shards=shards, guilds=4, **interval) as simulator, redirect(simulator.url):

        async def main() -> None:
            client = make_bot(commands.AutoShardedBot, shard_count=2, **options) if sharded else make_bot(**options)
            with contextlib.suppress(discord.ConnectionClosed):  # after 4004
                async with running(client, simulator, shards):
                    if ENDINGS[ending] is not None:
                        await ENDINGS[ending](simulator)
                        if "for good" in ending:
                            await until(client.is_closed)
                        else:
                            await _quiet(observed, simulator, shards)

        asyncio.run(main())
        simulator.run(simulator.disconnected)
        expected: Counter[tuple[int, int]] = Counter()
        for (shard_id, code, _), count in simulator.ledger.close_counts().items():
            expected[shard_id, code] += count
        assert observed.values("discord.gateway.disconnects") == expected
        again = ending != "the bot closes" and "for good" not in ending
        assert sum(expected.values()) >= shards + again
        assert observed.values("discord.gateway.sessions") == simulator.ledger.session_counts()


def test_a_client_that_is_one_shard_of_several_has_its_own_number(observed: Observed) -> None:
    with BackgroundSimulator(shards=4, guilds=8) as simulator, redirect(simulator.url):
        readings: dict[str, Any] = {}

        async def main() -> None:
            client = make_bot(shard_id=3, shard_count=4)
            async with running(client, simulator, 1):
                await _resumed(simulator, simulator.drop_gateway(shard_id=3))
                await _quiet(observed, simulator, 1)
                readings["up"] = observed.values("discord.shard.up")
                readings["of"] = observed.values("discord.shard.count")
                readings["guilds"] = observed.values("discord.guild.count")
                readings["checks"] = [check.name for check in observed.telemetry.health.checks()]

        asyncio.run(main())
        simulator.run(simulator.disconnected)
        assert readings == {"up": {(3,): 1}, "of": {(): 4}, "guilds": {(): 2}, "checks": ["shard 3"]}
        closes = {(shard, code): count for (shard, code, _), count in simulator.ledger.close_counts().items()}
        assert observed.values("discord.gateway.disconnects") == closes
        assert closes[3, 1006] == 1


def test_a_connection_that_is_given_up_while_it_is_open_is_counted_when_it_is_closed(observed: Observed) -> None:
    with BackgroundSimulator(shards=2, guilds=2, heartbeat_interval=0.2) as simulator, redirect(simulator.url):

        async def main() -> None:
            # Longer than discord.py's 5 s between two attempts to launch a shard, so that there are two connections.
            bot = make_bot(commands.AutoShardedBot, shard_count=2, shard_connect_timeout=0.3, heartbeat_timeout=6.0)
            hurry(bot)
            held = _hold(bot)
            task = asyncio.create_task(bot.start(simulator.token))
            await until(lambda: len(simulator.ledger.heartbeats) > 2)
            held.set()
            await asyncio.sleep(0.5)
            assert observed.values("discord.gateway.disconnects") == {}
            await until(lambda: len(observed.telemetry.health.checks()) == 2, timeout=20)
            await until(lambda: simulator.ledger.closes, timeout=20)
            await _quiet(observed, simulator, 2)
            await until(lambda: observed.values("discord.gateway.disconnects") == {(0, 4000): 1})
            await bot.close()
            await asyncio.wait([task])

        asyncio.run(main())
        simulator.run(simulator.disconnected)
        # The first had not said yet which shard it was.
        assert simulator.ledger.close_counts() == {(-1, 4000, "bot"): 1, (0, 1000, "bot"): 1, (1, 1000, "bot"): 1}
        assert observed.values("discord.gateway.disconnects") == {(0, 4000): 1, (0, 1000): 1, (1, 1000): 1}


@pytest.mark.parametrize("sharded", [False, True], ids=["one shard", "two shards"])
def test_a_connection_that_dies_before_it_has_identified_is_counted(observed: Observed, sharded: bool) -> None:
    shards = 2 if sharded else 1
    with BackgroundSimulator(shards=shards, guilds=2) as simulator, redirect(simulator.url):

        async def main() -> None:
            bot = make_bot(commands.AutoShardedBot, shard_count=2) if sharded else make_bot()
            async with running(bot, simulator, shards):
                held = _hold(bot)
                await simulator.invalidate_session(shard_id=0)
                await until(lambda: len(simulator.ledger.heartbeats) == shards + 1)
                _abort(observed, 0)
                await until(lambda: len(simulator.ledger.closes) == 2)
                held.set()
                await until(lambda: observed.values("discord.gateway.disconnects").get((0, 1006)) == 1)
                await _quiet(observed, simulator, shards)

        asyncio.run(main())
        simulator.run(simulator.disconnected)
        assert [entry.code for entry in simulator.ledger.closes].count(1006) == 1
        ended = observed.values("discord.gateway.disconnects")
        assert ended[0, 1006] == 1
        assert sum(ended.values()) == len(simulator.ledger.closes)


def test_the_end_of_a_client_that_does_not_reconnect_is_counted(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    async def main() -> None:
        bot = make_bot()
        held = _hold(bot)
        task = asyncio.create_task(bot.start(simulator.token, reconnect=False))
        await until(lambda: simulator.ledger.heartbeats)
        _abort(observed, 0)
        held.set()
        with pytest.raises(OSError, match="closing transport"):
            await task

    asyncio.run(main())
    simulator.run(simulator.disconnected)
    assert simulator.ledger.close_counts() == {(-1, 1006, "bot"): 1}
    assert observed.values("discord.gateway.disconnects") == {(0, 1006): 1}


def test_a_shard_that_cannot_be_launched_at_once_is_counted(observed: Observed) -> None:
    with BackgroundSimulator(shards=2, guilds=2) as simulator, redirect(simulator.url):

        async def main() -> None:
            bot = make_bot(commands.AutoShardedBot, shard_count=2)
            hurry(bot)
            held = _hold(bot)
            task = asyncio.create_task(bot.start(simulator.token))
            await until(lambda: simulator.ledger.heartbeats)
            _abort(observed, 0)
            held.set()
            await until(lambda: observed.values("discord.gateway.disconnects") == {(0, 1006): 1}, timeout=20)
            await simulator.ready(2)
            await until(lambda: len(bot.shards) == 2)  # discord.py goes on launching shards of a bot that is closed
            await bot.close()
            await asyncio.wait([task])

        asyncio.run(main())


def _abort(observed: Observed, shard_id: int) -> None:
    """Break the network of a connection."""
    (shard,) = [each for each in observed.source._parts.registry.open_shards() if each.id == shard_id]  # type: ignore[union-attr]
    shard.ws.socket._response.connection.transport.abort()
    shard.ws._keep_alive.stop()  # or its thread would outlive the event loop


# -- faults of other code that must not become faults of the hooks


def _hold(client: Any) -> asyncio.Event:
    """Let a client that has connected not identify before the event is set."""
    held = asyncio.Event()

    async def hold(*_: object, **__: object) -> None:
        await held.wait()

    client.before_identify_hook = hold
    return held


def test_peer_fault_09_the_first_shard_connect_is_no_reconnect(observed: Observed) -> None:
    with BackgroundSimulator(shards=2, guilds=4) as simulator, redirect(simulator.url):

        async def main() -> None:
            async with running(make_bot(commands.AutoShardedBot, shard_count=2), simulator, 2):
                assert observed.values("discord.gateway.sessions") == {(0, "identify"): 1, (1, "identify"): 1}
                assert observed.values("discord.gateway.disconnects") == {}

        asyncio.run(main())


def test_peer_fault_08_a_member_of_a_cluster_is_not_degraded_for_the_shards_of_others(observed: Observed) -> None:
    with BackgroundSimulator(shards=8, guilds=16) as simulator, redirect(simulator.url):

        async def main() -> None:
            bot = make_bot(commands.AutoShardedBot, shard_ids=[2, 5], shard_count=8)
            async with running(bot, simulator, 2):
                await until(lambda: len(observed.values("discord.gateway.latency")) == 2)
                assert observed.values("discord.shard.up") == {(2,): 1, (5,): 1}
                assert observed.values("discord.shard.count") == {(): 8}
                checks = observed.telemetry.health.checks()
                assert [(check.name, check.ready) for check in checks] == [("shard 2", True), ("shard 5", True)]
                assert observed.values("discord.guild.count") == {(): 4}
                held = _hold(bot)
                await simulator.invalidate_session(shard_id=5)
                await until(lambda: observed.values("discord.gateway.disconnects"))
                assert [check.ready for check in observed.telemetry.health.checks()] == [True, False]
                assert observed.values("discord.shard.up") == {(2,): 1, (5,): 0}
                held.set()
                await until(lambda: observed.values("discord.shard.up") == {(2,): 1, (5,): 1})

        asyncio.run(main())


def test_peer_fault_09_latency_is_absent_before_the_first_acknowledgement_and_never_infinite(
    observed: Observed,
) -> None:
    with BackgroundSimulator() as simulator, redirect(simulator.url):
        simulator.heartbeat_ack_delay = math.inf

        async def main() -> None:
            bot = make_bot()
            async with running(bot, simulator):
                assert bot.latency == math.inf
                assert observed.values("discord.gateway.latency") == {}
                assert observed.telemetry.health.sections()["shards"] == [{"id": 0, "up": True, "latency": None}]
                simulator.heartbeat_ack_delay = 0
                await simulator.ask_heartbeat()
                await until(lambda: math.isfinite(bot.latency))
                (latency,) = observed.values("discord.gateway.latency").values()
                assert {(): latency} == observed.sums(HEARTBEATS)  # the only one that was acknowledged
                assert observed.telemetry.health.sections()["shards"] == [{"id": 0, "up": True, "latency": latency}]

        asyncio.run(main())


def _latencies(observed: Observed) -> dict[int, float]:
    return {shard: value for (shard,), value in observed.values("discord.gateway.latency").items()}


def test_latency_is_that_of_the_heartbeat_also_where_its_thread_comes_late(
    observed: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    # discord.py up to 2.7.1 notes the sending on that thread, after an acknowledgement that is quicker.
    monkeypatch.setattr(asyncio, "run_coroutine_threadsafe", late_to_learn(asyncio.run_coroutine_threadsafe))
    interval, delay = 0.5, 0.05
    with BackgroundSimulator(shards=2, guilds=2, heartbeat_interval=interval) as simulator, redirect(simulator.url):
        simulator.heartbeat_ack_delay = delay
        readings: list[float] = []

        async def main() -> None:
            bot = make_bot(commands.AutoShardedBot, shard_count=2)
            async with running(bot, simulator, 2):
                for number in range(2, 8):
                    await until(lambda number=number: observed.counts(HEARTBEATS).get((), 0) >= 2 * number)
                    found = _latencies(observed)
                    assert found.keys() == {0, 1}
                    readings.extend(found.values())
                    shards: Any = observed.telemetry.health.sections()["shards"]
                    readings.extend(shard["latency"] for shard in shards)

        asyncio.run(main())
    assert all(delay <= reading < interval - 0.2 for reading in readings), readings


def test_an_acknowledgement_that_is_lost_leaves_the_latency_right(observed: Observed) -> None:
    interval, delay = 0.5, 0.05
    with BackgroundSimulator(heartbeat_interval=interval) as simulator, redirect(simulator.url):
        simulator.heartbeat_ack_delay = math.inf

        async def main() -> None:
            async with running(make_bot(), simulator):
                await until(lambda: len(simulator.ledger.heartbeats) >= 3)
                assert _latencies(observed) == {}
                simulator.heartbeat_ack_delay = delay
                for number in range(1, 4):
                    await until(lambda number=number: observed.counts(HEARTBEATS).get((), 0) >= number)
                    (latency,) = _latencies(observed).values()
                    assert delay <= latency < interval

        asyncio.run(main())


@pytest.mark.alone
def test_latency_is_never_an_interval_while_two_threads_keep_the_processor_busy(observed: Observed) -> None:
    interval = 0.5
    with BackgroundSimulator(heartbeat_interval=interval) as simulator, redirect(simulator.url):
        ended = threading.Event()
        readings: list[float] = []

        def work() -> None:
            while not ended.is_set():
                sum(range(1000))

        async def main() -> None:
            async with running(make_bot(), simulator):
                threads = [threading.Thread(target=work) for _ in range(2)]
                for thread in threads:
                    thread.start()
                try:
                    for number in range(2, 22):
                        await until(lambda number=number: observed.counts(HEARTBEATS).get((), 0) >= number)
                        readings.extend(_latencies(observed).values())
                finally:
                    ended.set()
                    for thread in threads:
                        thread.join()

        asyncio.run(main())
    assert len(readings) == 20
    assert max(readings) < 0.8 * interval


def test_latency_is_discord_pys_own_where_heartbeats_are_not_seen(simulator: BackgroundSimulator) -> None:
    observed = Observed()

    async def main() -> None:
        bot = make_bot()
        async with running(bot, simulator):
            await until(lambda: math.isfinite(bot.latency))
            assert observed.values("discord.gateway.latency") == {(0,): bot.latency}

    with hidden("discord.gateway", "KeepAliveHandler.ack"):
        observed.source.install()
        try:
            asyncio.run(main())
        finally:
            observed.source.uninstall()


def test_latency_of_a_connection_that_is_older_than_we_is_discord_pys_own_until_the_next_heartbeat(
    simulator: BackgroundSimulator,
) -> None:
    observed = Observed()

    async def main() -> None:
        bot = make_bot()
        async with running(bot, simulator):
            await until(lambda: math.isfinite(bot.latency))
            observed.source.install()
            assert observed.values("discord.gateway.latency") == {(0,): bot.latency}
            await simulator.ask_heartbeat()
            await until(lambda: observed.counts(HEARTBEATS))
            (latency,) = observed.values("discord.gateway.latency").values()
            assert {(): latency} == observed.sums(HEARTBEATS)

    try:
        asyncio.run(main())
    finally:
        observed.source.uninstall()


def test_two_clients_with_a_shard_of_one_number_have_one_point(observed: Observed) -> None:
    with BackgroundSimulator() as simulator, redirect(simulator.url):

        async def main() -> None:
            first, second = make_bot(), make_bot()
            async with running(first, simulator):
                async with running(second, simulator):
                    await until(lambda: math.isfinite(first.latency) and math.isfinite(second.latency))
                    simulator.heartbeat_ack_delay = 0.1
                    await simulator.ask_heartbeat()  # of the second: it was the last to come
                    await until(lambda: observed.values("discord.gateway.latency")[0,] >= 0.1)
                    assert first.latency < 0.1
                    assert observed.values("discord.shard.up") == {(0,): 1}
                    assert observed.values("discord.shard.ratelimited") == {(0,): 0}
                    first.ws._rate_limiter.remaining, first.ws._rate_limiter.window = 0, time.time()
                    assert observed.values("discord.shard.ratelimited") == {(0,): 1}
                    held = _hold(second)
                    simulator.heartbeat_ack_delay = math.inf
                    await simulator.invalidate_session()  # the second's: it was the last to come
                    await until(lambda: observed.values("discord.shard.up") == {(0,): 0})
                    assert first.ws.open
                    held.set()
                    await until(lambda: observed.values("discord.shard.up") == {(0,): 1})
                    assert second.latency == math.inf  # no acknowledgement yet
                    assert observed.values("discord.gateway.latency")[0,] < 0.1
                assert second.is_closed()
                assert observed.values("discord.shard.up") == {(0,): 1}

        asyncio.run(main())
        assert observed.values("discord.shard.up") == {(0,): 0}


def test_a_connection_that_waits_for_its_session_is_not_up_by_that_of_another_client(observed: Observed) -> None:
    with BackgroundSimulator() as simulator, redirect(simulator.url):

        async def main() -> None:
            first, second = make_bot(), make_bot()
            async with running(second, simulator):
                held = _hold(first)
                task = asyncio.create_task(first.start(simulator.token))
                await until(lambda: observed.values("discord.shard.up") == {(0,): 0})
                assert first.ws is None
                await _resumed(simulator, simulator.ask_reconnect())
                await until(lambda: observed.values(EVENTS).get(("RESUMED",)) == 1)
                assert observed.values("discord.shard.up") == {(0,): 0}
                held.set()
                await until(lambda: observed.values("discord.shard.up") == {(0,): 1})
                await first.close()
                await asyncio.wait([task])

        asyncio.run(main())


def test_instrumenting_twice_from_inside_counts_no_disconnect(simulator: BackgroundSimulator) -> None:
    observed = Observed()

    async def main() -> None:
        bot = make_bot()
        async with running(bot, simulator):
            for _ in range(3):
                observed.source.install()
            assert [len(listeners) for listeners in bot._listeners.values()] == [1] * 3
            assert observed.values("discord.gateway.disconnects") == {}
            assert observed.values("discord.shard.up") == {(0,): 1}
            observed.source.uninstall()
            observed.source.install()

    asyncio.run(main())
    simulator.run(simulator.disconnected)
    ((_, code, _),) = simulator.ledger.close_counts()
    assert observed.values("discord.gateway.disconnects") == {(0, code): 1}
    observed.source.uninstall()
    assert observed.faults() == {}


# -- heartbeats and the send limit

HEARTBEATS = "discord.gateway.heartbeat.duration"


def _acknowledged(simulator: BackgroundSimulator) -> int:
    return sum(entry.ack_delay is not None for entry in simulator.ledger.heartbeats_now())


@pytest.mark.parametrize("delay", [0.0, 0.3])
def test_each_acknowledged_heartbeat_is_timed_once(observed: Observed, delay: float) -> None:
    # A delay that is longer than the interval: several are under way at once, where discord.py's own figure is wrong.
    with BackgroundSimulator(shards=2, guilds=2, heartbeat_interval=0.1) as simulator, redirect(simulator.url):
        simulator.heartbeat_ack_delay = delay

        async def main() -> None:
            bot = make_bot(commands.AutoShardedBot, shard_count=2)
            async with running(bot, simulator, 2):
                await simulator.ask_heartbeat()
                await until(lambda: _acknowledged(simulator) >= 20)
                simulator.heartbeat_ack_delay = math.inf  # an unacknowledged heartbeat has no duration
                await asyncio.sleep(delay + 0.3)
                if delay:
                    assert all(shard.latency < delay for shard in bot.shards.values())

        asyncio.run(main())
        (point,) = observed.points(HEARTBEATS).values()
        assert point.count == _acknowledged(simulator)
        assert len(simulator.ledger.heartbeats) > point.count
        below = sum(n for edge, n in zip(point.explicit_bounds, point.bucket_counts, strict=False) if edge <= delay)
        assert below == 0
        assert delay <= point.sum / point.count < delay + 0.1


def test_a_heartbeat_is_timed_from_when_it_is_sent_however_long_the_loop_was_blocked(observed: Observed) -> None:
    with BackgroundSimulator(heartbeat_interval=0.2) as simulator, redirect(simulator.url):

        async def main() -> None:
            async with running(make_bot(), simulator):
                await until(lambda: observed.counts(HEARTBEATS))
                time.sleep(0.5)
                before = len(simulator.ledger.heartbeats)
                await until(lambda: observed.counts(HEARTBEATS)[()] > before)

        asyncio.run(main())
        (point,) = observed.points(HEARTBEATS).values()
        assert point.sum < 0.25


def test_only_messages_that_wait_for_the_send_limit_are_timed(observed: Observed) -> None:
    with BackgroundSimulator(heartbeat_interval=0.05) as simulator, redirect(simulator.url):

        async def main() -> None:
            bot = make_bot()
            async with running(bot, simulator):
                limiter = bot.ws._rate_limiter
                limiter.max = limiter.remaining = 3
                limiter.per = 0.5
                for _ in range(3):
                    await bot.change_presence()
                assert observed.counts("discord.gateway.ratelimit.wait") == {}
                assert observed.values("discord.shard.ratelimited") == {(0,): 1}
                beats = len(simulator.ledger.heartbeats)
                await asyncio.gather(bot.change_presence(), bot.change_presence())
                assert len(simulator.ledger.heartbeats) > beats  # they do not wait
                await until(lambda: observed.values("discord.shard.ratelimited") == {(0,): 0})
                await bot.change_presence()

        asyncio.run(main())
        assert simulator.ledger.command_counts() == {(0, "PRESENCE_UPDATE"): 6}
        # The second stood behind the first for its lock.
        assert observed.counts("discord.gateway.ratelimit.wait") == {(): 2}
        assert 0.8 < observed.sums("discord.gateway.ratelimit.wait")[()] < 1.5
