"""Voice: connections, latency, packets, joining and its ends, against the voice server's ledger."""

from __future__ import annotations

import asyncio
import logging
import math
import time
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import discord
import pytest
from aiohttp import web

from argus_otel.sources.discord.voice import HOOK, Voice, _is_late
from argus_otel.telemetry import State
from discord_simulator import BackgroundSimulator, Channel, redirect
from discord_simulator.connection import Connection

from .conftest import Observed, broken, hidden, late_to_learn, let_go, make_bot, running, until

_MISSING = [
    package
    for package, there in (
        ("PyNaCl", discord.voice_client.has_nacl),
        ("davey", getattr(discord.voice_client, "has_dave", True)),  # discord.py 2.7 on
    )
    if not there
]
needs_voice = pytest.mark.skipif(bool(_MISSING), reason=f"pip install 'discord.py[voice]' (no {', '.join(_MISSING)})")

CONNECTIONS = "discord.voice.connections"
LATENCY = "discord.voice.latency"
PACKETS = "discord.voice.packets"
CONNECTING = "discord.voice.connect.duration"
DISCONNECTS = "discord.voice.disconnects"

# What a player adds when its source is exhausted.
SILENCE = 5


class Song(discord.AudioSource):
    """So many packets that are Opus already."""

    def __init__(self, packets: int) -> None:
        self.left = packets

    def is_opus(self) -> bool:
        return True

    def read(self) -> bytes:
        self.left -= 1
        return b"\xfc\xff\xfe" * 20 if self.left >= 0 else b""


@pytest.fixture
def simulator() -> Iterator[BackgroundSimulator]:
    with BackgroundSimulator(voice_heartbeat_interval=0.1) as simulator, redirect(simulator.url):
        for guild in simulator.world.guilds.values():
            simulator.world.add_channel(guild, "Elsewhere", 2)
        yield simulator


def voice_channels(simulator: BackgroundSimulator, number: int = 0) -> list[Channel]:
    """Return the voice channels of a guild."""
    guild = list(simulator.world.guilds.values())[number]
    return [channel for channel in guild.channels.values() if channel.type == 2]


@asynccontextmanager
async def joined(simulator: BackgroundSimulator, **options: Any) -> AsyncIterator[tuple[Any, Any]]:
    """Run a bot that is in a voice channel."""
    bot = make_bot()
    async with running(bot, simulator):
        voice = await bot.get_channel(voice_channels(simulator)[0].id).connect(timeout=10, **options)
        yield bot, voice


async def play(voice: Any, packets: int) -> None:
    """Play a song to its end."""
    ended = asyncio.get_running_loop().create_future()
    loop = ended.get_loop()
    voice.play(Song(packets), after=lambda error: loop.call_soon_threadsafe(ended.set_result, error))
    assert await asyncio.wait_for(ended, 30) is None


def closes(simulator: BackgroundSimulator) -> dict[tuple[int], int]:
    """Return the voice server's closes as our counter has them."""
    counts: dict[tuple[int], int] = {}
    for (code, _), count in simulator.ledger.voice.close_counts().items():
        counts[code,] = counts.get((code,), 0) + count
    return counts


@needs_voice
def test_a_life_in_voice(observed: Observed, simulator: BackgroundSimulator) -> None:
    ledger = simulator.ledger.voice
    lounge, elsewhere = voice_channels(simulator)

    async def main() -> None:
        bot = make_bot()
        async with running(bot, simulator):
            assert observed.values(CONNECTIONS) == {(): 0}
            assert observed.values(LATENCY) == {}
            voice = await bot.get_channel(lounge.id).connect(timeout=10)
            assert observed.values(CONNECTIONS) == {(): 1}
            await play(voice, 20)
            await until(lambda: ledger.packets == 20 + SILENCE)
            assert observed.values(PACKETS) == {(): ledger.packets}

            await simulator.move_bot(elsewhere)
            assert await simulator.voice_ready() is elsewhere
            await until(voice.is_connected)
            assert observed.values(CONNECTIONS) == {(): 1}
            await play(voice, 10)
            await until(lambda: ledger.packets == 30 + 2 * SILENCE)

            closing = asyncio.create_task(simulator.close_voice(4006))
            await until(lambda: observed.values(CONNECTIONS) == {(): 0})  # while discord.py still says that it is
            await closing
            await simulator.voice_ready()
            await until(lambda: observed.values(CONNECTIONS) == {(): 1})
            await play(voice, 10)
            await until(lambda: ledger.packets == 40 + 3 * SILENCE)

            await simulator.disconnect_bot()
            # Of the voice connection's end and the gateway's word, either may come first. discord.py would hold the
            # latter, where it comes second, against a connection that was begun in between.
            await until(lambda: bot.voice_clients == [] and bot.get_guild(lounge.guild_id).me.voice is None)
            assert observed.values(CONNECTIONS) == {(): 0}
            assert observed.values(LATENCY) == {}

            again = await bot.get_channel(lounge.id).connect(timeout=10)
            assert observed.values(CONNECTIONS) == {(): 1}
            await play(again, 10)
            await until(lambda: ledger.packets == 50 + 4 * SILENCE)
            await again.disconnect()
            assert observed.values(CONNECTIONS) == {(): 0}

    asyncio.run(main())
    simulator.run(simulator.voice_disconnected)
    assert observed.values(PACKETS) == {(): ledger.packets}
    assert ledger.strays == 0
    assert len(ledger.packet_counts()) == 4  # each stay has its own source
    assert observed.counts(CONNECTING) == {(None,): 2}
    assert observed.values(DISCONNECTS) == closes(simulator) == {(4014,): 2, (4006,): 1, (1000,): 1}
    ends = [record for record in observed.events() if record.event_name == "discord.voice.disconnect"]
    assert sorted(record.attributes["discord.close.code"] for record in ends) == [1000, 4006, 4014, 4014]
    assert {record.attributes["discord.guild.id"] for record in ends} == {str(lounge.guild_id)}


@needs_voice
def test_latency_is_the_acknowledgements_delay_on_the_slowest_connection(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    async def main() -> None:
        simulator.voice_heartbeat_ack_delay = math.inf
        async with joined(simulator) as (bot, voice):
            assert observed.values(LATENCY) == {}
            await until(lambda: len(simulator.ledger.voice.heartbeats) >= 2)
            assert observed.values(LATENCY) == {}
            assert math.isinf(voice.latency)
            # No longer than the interval, or discord.py holds the acknowledgement against a later heartbeat.
            simulator.voice_heartbeat_ack_delay = 0.08
            await until(lambda: any(entry.ack_delay == 0.08 for entry in simulator.ledger.voice.heartbeats))
            await until(lambda: observed.values(LATENCY))
            simulator.voice_heartbeat_ack_delay = math.inf
            other = await bot.get_channel(voice_channels(simulator, 1)[0].id).connect(timeout=10)
            assert observed.values(CONNECTIONS) == {(): 2}
            assert math.isinf(other.latency)
            (value,) = observed.values(LATENCY).values()
            assert value >= 0.08  # of the one that has had an acknowledgement
            simulator.voice_heartbeat_ack_delay = 0.08
            await until(lambda: math.isfinite(other.latency))
            (value,) = observed.values(LATENCY).values()
            assert value >= 0.08
            readings = []
            for _ in range(10):
                await asyncio.sleep(0.1)
                readings.append(observed.values(LATENCY)[()])
            # A busy machine adds to it now and then; nothing takes away.
            assert min(readings) == pytest.approx(0.08, abs=0.005)

    asyncio.run(main())
    assert observed.values(LATENCY) == {}


@needs_voice
def test_latency_is_that_of_the_heartbeat_also_where_its_thread_comes_late(
    observed: Observed, simulator: BackgroundSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # discord.py up to 2.7.1 notes the sending on that thread, after an acknowledgement that is quicker.
    monkeypatch.setattr(asyncio, "run_coroutine_threadsafe", late_to_learn(asyncio.run_coroutine_threadsafe))
    interval, delay = 0.5, 0.05
    simulator.state.voice.heartbeat_interval = interval
    readings: list[float] = []

    async def main() -> None:
        simulator.voice_heartbeat_ack_delay = delay
        async with joined(simulator):
            for number in range(2, 6):
                await until(
                    lambda number=number: (
                        sum(e.ack_delay is not None for e in simulator.ledger.voice.heartbeats) > number
                    )
                )
                readings.extend(observed.values(LATENCY).values())

    asyncio.run(main())
    assert len(readings) == 4
    assert all(delay <= reading < interval - 0.2 for reading in readings), readings


@needs_voice
def test_players_of_several_guilds_at_once(observed: Observed, simulator: BackgroundSimulator) -> None:
    async def main() -> None:
        bot = make_bot()
        async with running(bot, simulator):
            voices = [
                await bot.get_channel(voice_channels(simulator, number)[0].id).connect(timeout=10)
                for number in range(3)
            ]
            assert observed.values(CONNECTIONS) == {(): 3}
            await asyncio.gather(*(play(voice, 50) for voice in voices))
            await until(lambda: simulator.ledger.voice.packets == 3 * (50 + SILENCE))
            assert observed.values(PACKETS) == {(): 3 * (50 + SILENCE)}

    asyncio.run(main())
    assert set(simulator.ledger.voice.packet_counts().values()) == {50 + SILENCE}
    assert observed.values(CONNECTIONS) == {(): 0}


@needs_voice
def test_a_packet_that_the_network_refuses_is_not_counted(observed: Observed, simulator: BackgroundSimulator) -> None:
    async def main() -> None:
        async with joined(simulator) as (_, voice):
            voice.send_audio_packet(b"sent", encode=False)
            await until(lambda: simulator.ledger.voice.packets == 1)
            voice._connection.socket.close()
            voice.send_audio_packet(b"dropped by discord.py, which says nothing", encode=False)
            assert observed.values(PACKETS) == {(): 1}

    asyncio.run(main())


@needs_voice
def test_joining_that_fails(observed: Observed, simulator: BackgroundSimulator, monkeypatch: Any) -> None:
    async def main() -> None:
        bot = make_bot()
        async with running(bot, simulator):
            channel = bot.get_channel(voice_channels(simulator)[0].id)

            async def nobody_answers(_: object) -> None:
                pass

            monkeypatch.setattr(simulator.state.gateway, "on_voice_state", nobody_answers)
            with pytest.raises(asyncio.TimeoutError):
                await channel.connect(timeout=0.2)
            assert observed.values(CONNECTIONS) == {(): 0}

    # discord.py waits as long as the joining may take for the gateway's word that it has left, and then goes on.
    asyncio.run(main())
    assert observed.counts(CONNECTING) == {("TimeoutError",): 1}
    (duration,) = observed.sums(CONNECTING).values()
    assert 0.2 <= duration < 2


@needs_voice
def test_joining_is_a_span_of_the_command_that_does_it(observed: Observed, simulator: BackgroundSimulator) -> None:
    lounge = voice_channels(simulator)[0]

    async def main() -> None:
        bot = make_bot()

        @bot.tree.command()
        async def summon(interaction: discord.Interaction) -> None:
            """Join."""
            await bot.get_channel(lounge.id).connect(timeout=10)
            await interaction.response.send_message("here")

        async with running(bot, simulator):
            await (await simulator.slash("summon")).acknowledged()
            await until(lambda: observed.spans("command summon"))

    asyncio.run(main())
    command, span = observed.span("command summon"), observed.span("voice connect")
    assert span.parent is not None
    assert (span.parent.span_id, span.kind.name) == (command.context.span_id, "CLIENT")
    assert dict(span.attributes or {}) == {
        "discord.guild.id": str(lounge.guild_id),
        "discord.channel.id": str(lounge.id),
    }
    assert command.start_time <= span.start_time <= span.end_time <= command.end_time
    (point,) = observed.points(CONNECTING).values()
    assert [exemplar.span_id for exemplar in point.exemplars] == [span.context.span_id]


@needs_voice
def test_joining_outside_of_traced_work_is_a_trace_of_its_own(
    observed: Observed, simulator: BackgroundSimulator
) -> None:
    async def main() -> None:
        async with joined(simulator):
            pass

    asyncio.run(main())
    assert observed.span("voice connect").parent is None
    assert observed.counts(CONNECTING) == {(None,): 1}


@needs_voice
@pytest.mark.parametrize("code", [1006, 4000, 4009])
def test_every_end_is_counted_once(observed: Observed, simulator: BackgroundSimulator, code: int) -> None:
    async def main() -> None:
        async with joined(simulator) as (_, voice):
            await (simulator.drop_voice() if code == 1006 else simulator.close_voice(code))
            await simulator.voice_ready()  # discord.py comes back
            await until(voice.is_connected)

    asyncio.run(main())
    simulator.run(simulator.voice_disconnected)
    assert observed.values(DISCONNECTS) == closes(simulator) == {(code,): 1, (1000,): 1}


@needs_voice
def test_where_both_sides_close_at_once_the_others_word_stands(
    observed: Observed, simulator: BackgroundSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with joined(simulator) as (_, voice):

            async def not_an_echo(self: Connection, _: int | None) -> None:
                await self.close(4014)

            monkeypatch.setattr(Connection, "ended_by_bot", not_an_echo)
            await voice.disconnect()
            monkeypatch.undo()

    asyncio.run(main())
    assert observed.values(DISCONNECTS) == closes(simulator) == {(4014,): 1}


@needs_voice
def test_voice_that_runs_already_is_found_and_let_go(simulator: BackgroundSimulator) -> None:
    observed = Observed()

    async def main() -> None:
        async with joined(simulator) as (_, voice):
            voice.send_audio_packet(b"before", encode=False)
            observed.source.install()
            assert observed.values(CONNECTIONS) == {(): 1}
            voice.send_audio_packet(b"during", encode=False)
            assert observed.values(PACKETS) == {(): 1}
            await until(lambda: observed.values(LATENCY))
            observed.source.uninstall()
            voice.send_audio_packet(b"after", encode=False)
            assert observed.values(PACKETS) == {(): 1}
            assert observed.values(CONNECTIONS) == observed.values(LATENCY) == {}
            await until(lambda: simulator.ledger.voice.packets == 3)

    asyncio.run(main())
    assert observed.values(DISCONNECTS) == {}
    assert observed.faults() == {}


@needs_voice
def test_hooks_that_could_not_be_taken_out_let_everything_through(
    simulator: BackgroundSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    observed = Observed()
    observed.source.install()

    def wrap(owner: Any, name: str) -> None:
        ours = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *args, **kwargs: ours(*args, **kwargs))

    wrap(discord.voice_state.VoiceConnectionState, "send_packet")
    wrap(discord.voice_client.VoiceClient, "connect")
    wrap(discord.gateway.DiscordVoiceWebSocket, "close")
    observed.source.uninstall()

    async def main() -> None:
        async with joined(simulator) as (_, voice):
            voice.send_audio_packet(b"sent", encode=False)
            await until(lambda: simulator.ledger.voice.packets == 1)

    try:
        asyncio.run(main())
        assert observed.values(PACKETS) == {(): 0}
        assert observed.counts(CONNECTING) == observed.values(DISCONNECTS) == {}
        assert observed.spans("voice connect") == []
    finally:
        monkeypatch.undo()
        observed.source.install()
        observed.source.uninstall()


@needs_voice
def test_no_voice_client_is_kept_alive(observed: Observed, simulator: BackgroundSimulator) -> None:
    async def come_and_go(bot: Any) -> list[weakref.ref[Any]]:
        voice = await bot.get_channel(voice_channels(simulator)[0].id).connect(timeout=10)
        await play(voice, 1)
        gone = [weakref.ref(voice), weakref.ref(voice.ws)]
        # discord.py's reader waits for its socket for up to 30 s, and holds the client as long.
        reader = voice._connection._socket_reader
        reader.stop()
        where = (voice._connection.ip, voice._connection.port)
        simulator.loop.call_soon_threadsafe(simulator.state.voice._udp._transport.sendto, b"wake up", where)
        await until(lambda: not reader.is_alive())
        await voice.disconnect()
        return gone

    async def main() -> None:
        bot = make_bot()
        async with running(bot, simulator):
            gone = [ref for _ in range(3) for ref in await come_and_go(bot)]
            assert gone
            await let_go(gone)

    asyncio.run(main())


async def plays_a_song(simulator: BackgroundSimulator) -> None:
    """Assert that all of a song arrives."""
    async with joined(simulator) as (_, voice):
        await play(voice, 3)
        await until(lambda: simulator.ledger.voice.packets == 3 + SILENCE)


BODIES = ["_begin", "_end", "_sent", "_count_disconnect"]


@needs_voice
@pytest.mark.parametrize("body", BODIES)
def test_a_hook_that_raises(
    simulator: BackgroundSimulator, body: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Voice, body, broken(body))
    observed = Observed()
    observed.source.install()
    try:
        with caplog.at_level(logging.WARNING, "argus_otel"):
            asyncio.run(plays_a_song(simulator))
    finally:
        observed.source.uninstall()
    assert observed.faults() == {HOOK: f"RuntimeError: {body} is broken"}
    assert sum("is broken" in record.getMessage() for record in caplog.records) == 1


TARGETS = [
    ("discord.voice_client", "VoiceClient.connect"),
    ("discord.voice_state", "VoiceConnectionState.send_packet"),
    ("discord.gateway", "DiscordVoiceWebSocket.close"),
    ("discord.gateway", "VoiceKeepAliveHandler.get_payload"),
    ("discord.gateway", "DiscordVoiceWebSocket.send_heartbeat"),
    ("discord.gateway", "VoiceKeepAliveHandler.ack"),
]


@needs_voice
@pytest.mark.parametrize(("module", "target"), TARGETS)
def test_a_target_that_is_absent(simulator: BackgroundSimulator, module: str, target: str) -> None:
    observed = Observed()
    with hidden(module, target):
        observed.source.install()
    try:
        asyncio.run(plays_a_song(simulator))
    finally:
        absent = [n for n, part in observed.telemetry.health.parts("hook:").items() if part.state is State.ABSENT]
        observed.source.uninstall()
    (name,) = absent
    assert name.endswith(target)
    assert observed.faults() == {}


def test_without_the_voice_extra_nothing_raises(observed: Observed, simulator: BackgroundSimulator) -> None:
    hooks = observed.telemetry.health.parts(f"hook:{HOOK} ")
    assert {part.state for part in hooks.values()} == {State.OK}
    assert len(hooks) == len(TARGETS)

    async def main() -> None:
        bot = make_bot()
        async with running(bot, simulator):
            channel = bot.get_channel(voice_channels(simulator)[0].id)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(discord.voice_client, "has_nacl", False)
                with pytest.raises(RuntimeError, match="PyNaCl"):
                    await channel.connect()
            assert observed.values(CONNECTIONS) == {(): 0}

    asyncio.run(main())
    assert observed.values(PACKETS) == {(): 0}


# -- audio that is late


class Stalling(Song):
    """A song of which some packets are slow to come."""

    def __init__(self, packets: int, stalls: dict[int, float]) -> None:
        super().__init__(packets)
        self.stalls = stalls

    def read(self) -> bytes:
        time.sleep(self.stalls.get(self.left, 0.0))
        return super().read()


LATE = "discord.voice.packets.late"


# What a busy machine may make late, of some dozens of packets. A stall of a second is 50.
BUSY = 25


@needs_voice
def test_packets_are_late_while_a_source_stalls(observed: Observed, simulator: BackgroundSimulator) -> None:
    async def late_in(voice: Any, source: Song) -> float:
        before = observed.values(LATE)[()]
        ended = asyncio.get_running_loop().create_future()
        loop = ended.get_loop()
        voice.play(source, after=lambda error: loop.call_soon_threadsafe(ended.set_result, error))
        assert await asyncio.wait_for(ended, 30) is None
        return observed.values(LATE)[()] - before

    async def main() -> None:
        async with joined(simulator) as (_, voice):
            assert observed.values(LATE) == {(): 0}
            # Slow to begin, and slow to end: neither leaves a gap.
            assert await late_in(voice, Stalling(20, {20: 1.0, 0: 1.0})) < BUSY
            # A second at one packet: 50 are behind by then, and the player catches up at once.
            assert await late_in(voice, Stalling(80, {70: 1.0})) > 40
            # Always too slow, by 20 ms each time.
            assert await late_in(voice, Stalling(60, dict.fromkeys(range(61), 0.04))) > 40

    asyncio.run(main())


@needs_voice
def test_a_pause_is_no_late_audio(observed: Observed, simulator: BackgroundSimulator) -> None:
    async def main() -> None:
        async with joined(simulator) as (_, voice):
            voice.play(Song(1000))
            await asyncio.sleep(0.1)
            voice.pause()
            await asyncio.sleep(1.0)
            voice.resume()
            await asyncio.sleep(0.1)
            voice.source = Song(1000)
            await asyncio.sleep(0.1)
            voice.stop()
            assert observed.values(PACKETS)[()] > 10
            assert observed.values(LATE)[()] < BUSY

    asyncio.run(main())


@pytest.mark.parametrize(
    ("packet", "at", "late"),
    [
        (0, 9.0, False),  # the first, whenever it comes
        (1, 0.04, False),  # discord.py sends the second 40 ms after it
        (1, 0.079, False),
        (1, 0.081, True),
        (49, 1.039, False),
        (49, 1.041, True),
    ],
)
def test_late_is_more_than_40_ms_behind_the_player_s_schedule(
    monkeypatch: pytest.MonkeyPatch, packet: int, at: float, late: bool
) -> None:
    player = discord.player.AudioPlayer(Song(1), None)  # type: ignore[arg-type]
    player._start, player.loops = 100.0, packet
    monkeypatch.setattr(time, "perf_counter", lambda: 100.0 + at)
    assert _is_late(player) is late
    player._resumed.clear()
    assert _is_late(player) is False


# -- libraries with a voice protocol of their own


class Lavalink:
    """What Wavelink wants of a Lavalink server: https://lavalink.dev/api. It plays nothing."""

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []
        app = web.Application()
        app.router.add_get("/v4/websocket", self._websocket)
        app.router.add_get("/v4/info", self._info)
        app.router.add_patch("/v4/sessions/{session}/players/{guild}", self._update)
        app.router.add_delete("/v4/sessions/{session}/players/{guild}", self._destroy)
        self._runner = web.AppRunner(app)
        self.url = ""

    async def __aenter__(self) -> Lavalink:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _websocket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": "ready", "resumed": False, "sessionId": "session"})
        async for _ in socket:
            pass
        return socket

    async def _info(self, _: web.Request) -> web.Response:
        version = {"semver": "4.1.0", "major": 4, "minor": 1, "patch": 0, "preRelease": None, "build": None}
        return web.json_response({"version": version, "plugins": [], "sourceManagers": [], "filters": []})

    async def _update(self, request: web.Request) -> web.Response:
        self.updates.append(await request.json())
        return web.json_response({"guildId": request.match_info["guild"], "track": None, "volume": 100})

    async def _destroy(self, _: web.Request) -> web.Response:
        return web.Response(status=204)


def test_a_player_of_wavelink_is_a_voice_connection(observed: Observed, simulator: BackgroundSimulator) -> None:
    wavelink: Any = pytest.importorskip("wavelink", reason="pip install wavelink")

    async def main() -> None:
        bot = make_bot()
        async with Lavalink() as lavalink, running(bot, simulator):
            node = wavelink.Node(uri=lavalink.url, password="-", identifier="one")
            await wavelink.Pool.connect(nodes=[node], client=bot)
            try:
                await until(lambda: node.status is wavelink.NodeStatus.CONNECTED)
                assert observed.values(CONNECTIONS) == {(): 0}
                channel = bot.get_channel(voice_channels(simulator)[0].id)
                player = await channel.connect(cls=wavelink.Player, timeout=10)
                assert lavalink.updates
                assert observed.values(CONNECTIONS) == {(): 1}
                assert observed.values(LATENCY) == {}  # Lavalink has the connection
                await player.disconnect()
                await until(lambda: observed.values(CONNECTIONS) == {(): 0})
            finally:
                await wavelink.Pool.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("told", "up"),
    [
        ({}, 1),
        ({"is_connected": lambda _: True}, 1),
        ({"is_connected": lambda _: False}, 0),
        ({"is_connected": False}, 0),
        ({"connected": property(lambda _: False)}, 0),
        ({"connected": True}, 1),
        ({"is_connected": "yes"}, 1),  # nothing that can be understood
    ],
)
def test_other_protocols_are_believed(
    observed: Observed, simulator: BackgroundSimulator, told: dict[str, Any], up: int
) -> None:
    async def connect(self: Any, **_: Any) -> None:
        await self.channel.guild.change_voice_state(channel=self.channel)

    async def disconnect(self: Any, *, force: bool) -> None:
        await self.channel.guild.change_voice_state(channel=None)
        self.cleanup()

    async def ignore(_: Any, __: Any) -> None:
        pass

    kind = type(
        "Player",
        (discord.VoiceProtocol,),
        {
            "connect": connect,
            "disconnect": disconnect,
            "on_voice_server_update": ignore,
            "on_voice_state_update": ignore,
            **told,
        },
    )

    async def main() -> None:
        bot = make_bot()
        async with running(bot, simulator):
            player = await bot.get_channel(voice_channels(simulator)[0].id).connect(cls=kind)
            assert observed.values(CONNECTIONS) == {(): up}
            assert observed.values(LATENCY) == {}
            await player.disconnect(force=True)
            assert observed.values(CONNECTIONS) == {(): 0}

    asyncio.run(main())
