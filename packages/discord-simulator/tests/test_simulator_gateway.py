"""The gateway: sessions, resuming, closing, compression, shards, and nonsense."""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
import math
import zlib

import aiohttp
import discord
import pytest
from discord.ext import commands
from simulated_bots import everything
from test_simulator_events import listen, until

from discord_simulator import NotConnectedError, Simulator


def test_reconnect_and_resume_lose_nothing(run_bot):
    async def scenario():
        async with Simulator() as sim:
            bot = everything()
            heard = listen(bot, "message", "resumed", "disconnect")
            async with run_bot(sim, bot):
                await sim.ask_reconnect()
                for number in range(5):
                    await sim.say(f"while away {number}", user=sim.guild().people[1])
                await sim.ready()
                await until(lambda: sum(name == "message" for name, _ in heard) == 5)
                await until(lambda: "resumed" in [name for name, _ in heard])
                assert [a[0].content for name, a in heard if name == "message"] == [f"while away {n}" for n in range(5)]
                assert sim.ledger.session_counts() == {(0, "identify"): 1, (0, "resume"): 1}
                assert sim.ledger.close_counts() == {(0, 4000, "bot"): 1}
                assert sim.ledger.received_event_counts() == {(0, k): n for k, n in bot.counted.events.items()}

    asyncio.run(scenario())


@pytest.mark.parametrize("reset", [True, False])
def test_a_dropped_connection_is_resumed_and_counted_once(run_bot, reset):
    async def scenario():
        async with Simulator() as sim:
            bot = everything()
            async with run_bot(sim, bot):
                for number in range(50):
                    await sim.say(f"{number}", user=sim.guild().people[1])
                # Written, but the reset overtakes what the bot has not read yet.
                await sim.drop_gateway(reset=reset)
                await until(lambda: sim.ledger.session_counts().get((0, "resume")) == 1, timeout=10)
                await sim.ready()
                await until(lambda: bot.counted.events.get("MESSAGE_CREATE") == 50)
                await until(lambda: bot.counted.events.get("RESUMED") == 1)
                assert sim.ledger.received_event_counts() == {(0, k): n for k, n in bot.counted.events.items()}
                assert sim.ledger.event_counts()["MESSAGE_CREATE"] >= 50
                assert sim.ledger.close_counts() == {(0, 1006, "simulator"): 1}

    asyncio.run(scenario())


def test_a_shard_that_is_cut_off_stays_away_until_it_may_return(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()) as bot:
            await sim.cut_off(0, reset=False)
            await sim.say("still there", user=sim.guild().people[1])
            await until(lambda: bot.counted.events.get("MESSAGE_CREATE") == 1)
            await sim.cut_off(0)
            await until(lambda: sim.ledger.close_counts().get((0, 1006, "simulator"), 0) >= 3, timeout=20)
            assert len(sim.ledger.sessions) == 1
            with pytest.raises(NotConnectedError):
                await sim.cut_off(0)
            await sim.let_return(0)
            await until(lambda: bot.counted.events.get("RESUMED") == 1, timeout=20)

    asyncio.run(scenario())


def test_a_revoked_token_opens_nothing(serve):
    async def scenario():
        async with Simulator() as sim:
            old = sim.token
            bot = everything()
            async with serve(sim, bot) as task:
                await sim.ready()
                await sim.revoke_token()
                with pytest.raises(discord.ConnectionClosed) as caught:
                    await asyncio.wait_for(task, 5)
                assert caught.value.code == 4004
            async with aiohttp.ClientSession() as session:
                for token, status in ((old, 401), (sim.token, 200)):
                    headers = {"Authorization": f"Bot {token}"}
                    async with session.get(f"{sim.url}/api/v10/users/@me", headers=headers) as response:
                        assert response.status == status

    asyncio.run(scenario())


@pytest.mark.parametrize("resumable", [True, False])
def test_invalid_session(run_bot, resumable):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()) as bot:
            await sim.invalidate_session(resumable=resumable)
            kind = "resume" if resumable else "identify"
            await until(lambda: sim.ledger.session_counts().get((0, kind)) == (1 if resumable else 2))
            await sim.ready()
            await until(lambda: bot.counted.events.get("RESUMED" if resumable else "READY") == (1 if resumable else 2))

    asyncio.run(scenario())


def test_resuming_a_forgotten_session_is_refused(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()):
            await sim.close_gateway(4000, resumable=False)
            await until(lambda: sim.ledger.session_counts().get((0, "identify")) == 2)
            await sim.ready()
            assert [(entry.kind, entry.accepted) for entry in sim.ledger.sessions] == [
                ("identify", True),
                ("resume", False),
                ("identify", True),
            ]
            assert {entry.shard_id for entry in sim.ledger.sessions} == {0}
            assert sim.ledger.close_counts() == {(0, 4000, "simulator"): 1, (0, 1000, "bot"): 1}

    asyncio.run(scenario())


@pytest.mark.parametrize("code", [4000, 4001, 4007, 4009, 1000])
def test_close_codes_after_which_a_bot_comes_back(run_bot, code):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()):
            await sim.close_gateway(code)
            await until(lambda: len(sim.ledger.sessions) == 2)
            await sim.ready()
            assert sim.ledger.close_counts() == {(0, code, "simulator"): 1}

    asyncio.run(scenario())


@pytest.mark.parametrize("code", [4004, 4010, 4011, 4012, 4013, 4014])
def test_close_codes_after_which_it_does_not(serve, code):
    async def scenario():
        async with Simulator() as sim, serve(sim, everything()) as task:
            await sim.ready()
            await sim.close_gateway(code, reason="as you deserve")
            expected = discord.PrivilegedIntentsRequired if code == 4014 else discord.ConnectionClosed
            with pytest.raises(expected) as caught:
                await asyncio.wait_for(task, 5)
            if code != 4014:
                assert caught.value.code == code
            assert sim.ledger.close_counts() == {(0, code, "simulator"): 1}

    asyncio.run(scenario())


class ZlibContext:
    """What discord.py uses where zstandard is missing; it defines it only there."""

    COMPRESSION_TYPE = "zlib-stream"

    def __init__(self):
        self.buffer = bytearray()
        self.context = zlib.decompressobj()

    def decompress(self, data, /):
        self.buffer.extend(data)
        if data[-4:] != b"\x00\x00\xff\xff":
            return None
        message, self.buffer = self.context.decompress(self.buffer), bytearray()
        return message.decode()


@pytest.mark.parametrize("compression", ["zstd-stream", "zlib-stream", "refused", "none"])
def test_transport_compression(run_bot, monkeypatch, compression):
    if compression == "zstd-stream":
        pytest.importorskip("zstandard")
    elif compression == "zlib-stream" and hasattr(discord.utils, "_ActiveDecompressionContext"):
        monkeypatch.setattr(discord.utils, "_ActiveDecompressionContext", ZlibContext)
    elif compression == "none":
        connect = discord.gateway.DiscordWebSocket.from_client
        asked_by = "compress" if "compress" in inspect.signature(connect).parameters else "zlib"
        plain = functools.partial(connect, **{asked_by: False})
        monkeypatch.setattr(discord.gateway.DiscordWebSocket, "from_client", plain)

    async def scenario():
        async with Simulator(compress=compression != "refused", members=300) as sim:
            bot = everything()
            heard = listen(bot, "message")
            async with run_bot(sim, bot):
                for size in (1, 1000, 100_000):
                    await sim.say("x" * size, user=sim.guild().people[1])
                await until(lambda: len(heard) == 3)
                assert [len(a[0].content) for _, a in heard] == [1, 1000, 100_000]
                await sim.ask_reconnect()
                await sim.say("again", user=sim.guild().people[1])
                await until(lambda: len(heard) == 4)

    asyncio.run(scenario())


def test_two_shards(run_bot):
    async def scenario():
        async with Simulator(shards=2, guilds=4) as sim:
            bot = everything(kind=commands.AutoShardedBot)
            async with run_bot(sim, bot):
                assert bot.shard_count == 2
                assert {guild.id: guild.shard_id for guild in bot.guilds} == {
                    guild.id: guild.shard_id(2) for guild in sim.world.guilds.values()
                }
                assert sim.ledger.session_counts() == {(0, "identify"): 1, (1, "identify"): 1}
                for guild in sim.world.guilds.values():
                    said = await sim.say("!ping", guild=guild)
                    assert (await said.reply()).content == "pong"
                assert sim.ledger.shard_event_counts()[0, "MESSAGE_CREATE"] == 4
                assert sim.ledger.shard_event_counts()[1, "MESSAGE_CREATE"] == 4
                await sim.ask_reconnect(shard_id=1)
                await until(lambda: sim.ledger.session_counts().get((1, "resume")) == 1)
                await sim.ready()
                assert (0, "resume") not in sim.ledger.session_counts()
                said = await sim.say("!ping", guild=list(sim.world.guilds)[1])
                assert (await said.reply()).content == "pong"

    asyncio.run(scenario())


def test_member_chunks(run_bot):
    async def scenario():
        async with Simulator(guilds=1, members=2500) as sim:
            bot = everything()
            async with run_bot(sim, bot):
                guild = bot.guilds[0]
                assert guild.chunked
                assert guild.member_count == 2501
                assert sim.ledger.event_counts()["GUILD_MEMBERS_CHUNK"] == 3
                found = await guild.query_members("user24", limit=100)
                assert len(found) == 100
                assert all(member.name.startswith("user24") for member in found)
                found = await guild.query_members(user_ids=[found[0].id, 1])
                assert len(found) == 1
                assert [entry.name for entry in sim.ledger.commands] == ["REQUEST_GUILD_MEMBERS"] * 3

    asyncio.run(scenario())


def test_presence_and_voice_state_are_recorded(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()) as bot:
            await bot.change_presence(activity=discord.Game("chess"))
            voice = bot.guilds[0].voice_channels[0]
            await bot.guilds[0].change_voice_state(channel=voice)
            await until(lambda: len(sim.ledger.commands) == 2)
            presence, state = sim.ledger.commands
            assert presence.name == "PRESENCE_UPDATE"
            assert presence.data["activities"][0]["name"] == "chess"
            assert (state.name, state.data["channel_id"]) == ("VOICE_STATE_UPDATE", voice.id)
            assert sim.ledger.command_counts() == {(0, "PRESENCE_UPDATE"): 1, (0, "VOICE_STATE_UPDATE"): 1}

    asyncio.run(scenario())


def test_heartbeats_and_late_acknowledgements(run_bot):
    async def scenario():
        sim = Simulator(heartbeat_interval=0.4, heartbeat_ack_delay=0.2)
        async with sim, run_bot(sim, everything()) as bot:
            await until(lambda: len([beat for beat in sim.ledger.heartbeats if beat.ack_delay]) >= 3)
            assert 0.2 <= bot.latency < 0.36
            assert {beat.shard_id for beat in sim.ledger.heartbeats} == {0}
            before = len(sim.ledger.heartbeats)
            await sim.ask_heartbeat()
            await until(lambda: len(sim.ledger.heartbeats) > before)
            sim.heartbeat_ack_delay = math.inf
            await until(lambda: [beat.ack_delay for beat in sim.ledger.heartbeats[-2:]] == [None, None])
            with pytest.raises(ValueError, match="negative"):
                sim.heartbeat_ack_delay = -1

    asyncio.run(scenario())


def test_malformed_frames_are_sent_as_they_are(serve):
    async def scenario():
        async with Simulator() as sim, serve(sim, everything()) as task:
            await sim.ready()
            await sim.send_raw('{"op": 11, "d": null, "s": null, "t": null}')
            await sim.send_raw('{"op": 99, "d": {}}')
            await sim.say("still there", user=sim.guild().people[1])
            assert sim.ledger.raw_frames == 2
            await sim.send_raw("{")
            with pytest.raises(ValueError, match=r"JSON|Expecting|unexpected"):
                await asyncio.wait_for(task, 5)

    asyncio.run(scenario())


@pytest.mark.parametrize("compress", [True, False])
def test_any_message_within_the_compression_stream_whole_and_not(compress, serve):
    async def scenario():
        async with Simulator(compress=compress) as sim, serve(sim, everything()) as task:
            await sim.ready()
            await sim.send_message('{"op": 99, "d": {}}')
            await sim.ask_heartbeat()
            while len(sim.ledger.heartbeats_now()) < 2:
                await asyncio.sleep(0.01)
            assert sim.ledger.raw_frames == 1
            assert not task.done()
            await sim.send_message('{"op": 99, "d": {}}', cut=5)
            await sim.send_message('{"op": 99, "d": {}}')
            await asyncio.wait([task], timeout=5)
            assert task.exception() is not None  # of JSON or of the stream, whichever notices

    asyncio.run(scenario())


async def talk(sim, *messages):
    """Say something to a gateway and return what it says until it closes, and with which code."""
    async with aiohttp.ClientSession() as session, session.ws_connect(sim.gateway_url) as ws:
        for message in messages:
            await ws.send_str(message if isinstance(message, str) else json.dumps(message))
        said = [json.loads(frame.data) async for frame in ws if frame.type is aiohttp.WSMsgType.TEXT]
        return said, ws.close_code


def test_a_bot_that_breaks_the_protocol_is_shown_the_door():
    async def scenario():
        async with Simulator() as sim:
            identify = {"op": 2, "d": {"token": sim.token, "intents": 0}}
            for messages, code in (
                (["nonsense"], 4002),
                (["[]"], 4002),
                ([{"op": 2, "d": None}], 4002),
                ([{"op": 2, "d": {"token": sim.token}}], 4002),
                ([{"op": 42}], 4001),
                ([{"d": 42}], 4001),
                ([{"op": 3, "d": {}}], 4003),
                ([{"op": 2, "d": {"token": "other", "intents": 0}}], 4004),
                ([identify, identify], 4005),
                ([{"op": 2, "d": {"token": sim.token, "intents": 0, "shard": [2, 2]}}], 4010),
                ([{"op": 6, "d": {}}], 4002),
            ):
                said, closed_with = await talk(sim, *messages)
                assert said[0]["op"] == 10
                assert closed_with == code, messages
            async with aiohttp.ClientSession() as session:
                for query in ("encoding=etf", "compress=brotli"):
                    with pytest.raises(aiohttp.WSServerHandshakeError):
                        await session.ws_connect(f"{sim.gateway_url}?{query}")

    asyncio.run(scenario())


def test_a_shard_that_is_away_is_told_later(run_bot):
    async def scenario():
        async with Simulator() as sim, run_bot(sim, everything()):
            await sim.ask_reconnect()
            with pytest.raises(NotConnectedError, match="no open connection"):
                await sim.send_raw("{}")
            with pytest.raises(NotConnectedError, match="shard 7"):
                await sim.ask_reconnect(7)
            await sim.ready()

    asyncio.run(scenario())


def test_how_a_bot_leaves_is_recorded_before_it_can_know():
    async def scenario():
        async with Simulator() as sim, aiohttp.ClientSession() as session:
            identify = json.dumps({"op": 2, "d": {"token": sim.token, "intents": 0}})
            for code, expected in ((1000, 1000), (4000, 4000), (None, 1006)):
                ws = await session.ws_connect(sim.gateway_url)
                await ws.send_str(identify)
                await sim.ready()
                if code is None:
                    ws._response.connection.transport.abort()
                    await until(lambda: (0, 1006, "bot") in sim.ledger.close_counts())
                else:
                    await ws.close(code=code)
                    assert ws.close_code == code
                assert sim.ledger.close_counts()[0, expected, "bot"] == 1
                # Only 1000 and 1001 end the session.
                assert len(sim.state.gateway._current) == (0 if code == 1000 else 1)

    asyncio.run(scenario())
