"""Voice: the voice gateway, IP discovery, packets, moves, kicks, and close codes."""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
import struct

import aiohttp
import discord
import pytest
from test_simulator_events import until

from discord_simulator import BackgroundSimulator, NotConnectedError, Simulator, hurry, redirect

needs_voice = pytest.mark.skipif(
    not (discord.voice_client.has_nacl and getattr(discord.voice_client, "has_dave", True)),
    reason="pip install 'discord.py[voice]'",
)


def lounge(sim):
    return next(channel for channel in sim.guild().channels.values() if channel.type == 2)


@contextlib.asynccontextmanager
async def expected(sim, run_bot):
    """Have a bot ask for a channel, and leave it to the test to come to the voice server."""
    bot = discord.Client(intents=discord.Intents.all())
    async with run_bot(sim, bot):
        channel = bot.get_channel(lounge(sim).id)
        await channel.guild.change_voice_state(channel=channel)
        await until(lambda: sim.ledger.event_counts().get("VOICE_SERVER_UPDATE") == 1)
        yield sim.state.voice.session(channel.guild.id)


@contextlib.asynccontextmanager
async def dial(sim, path="/voice/", version=8):
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{sim.url}{path}?v={version}") as ws:
        hello = await ws.receive_json(timeout=3)
        assert (hello["op"], hello["d"]["v"]) == (8, version)
        yield ws


def identify(session, **changes):
    data = {"server_id": str(session.guild_id), "user_id": "1", "session_id": session.id, "token": session.token}
    return {"op": 0, "d": data | changes}


async def closed_with(ws):
    while True:
        message = await ws.receive(timeout=3)
        if message.type is aiohttp.WSMsgType.CLOSE:
            return message.data


SELECT = {"op": 1, "d": {"protocol": "udp", "data": {"address": "127.0.0.1", "port": 1, "mode": "xsalsa20_poly1305"}}}


@pytest.mark.parametrize("path", ["/voice/", "/voice:443/"])
def test_the_handshake_and_ip_discovery(run_bot, path):
    async def scenario():
        async with Simulator() as sim, expected(sim, run_bot) as session, dial(sim, path) as ws:
            await ws.send_json(identify(session))
            ready = (await ws.receive_json(timeout=3))["d"]
            assert ready["ssrc"] == session.ssrc
            loop = asyncio.get_running_loop()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                udp.setblocking(False)
                await loop.sock_connect(udp, (ready["ip"], ready["port"]))
                await loop.sock_sendall(udp, struct.pack(">HHI66x", 1, 70, ready["ssrc"]))
                answer = await asyncio.wait_for(loop.sock_recv(udp, 100), 3)
                kind, length, ssrc, address, port = struct.unpack(">HHI64sH", answer)
                assert (kind, length, ssrc) == (2, 70, session.ssrc)
                assert (address.rstrip(b"\0").decode(), port) == udp.getsockname()
                for who in (session.ssrc, session.ssrc, 77):
                    await loop.sock_sendall(udp, struct.pack(">BBHII", 0x80, 0x78, 1, 2, who) + b"audio")
                await loop.sock_sendall(udp, b"nonsense")
                await until(lambda: sim.ledger.voice.strays == 2)
            assert sim.ledger.voice.packet_counts() == {session.ssrc: 2}
            with pytest.raises(TimeoutError):
                await sim.voice_ready(timeout=0.05)
            await ws.send_json(SELECT)
            description = await ws.receive_json(timeout=3)
            assert (description["op"], description["seq"], description["d"]["mode"]) == (4, 1, "xsalsa20_poly1305")
            assert len(description["d"]["secret_key"]) == 32
            assert await sim.voice_ready() is lounge(sim)
            await ws.send_json({"op": 5, "d": {"speaking": 1, "delay": 0, "ssrc": session.ssrc}})
            await until(lambda: [(e.ssrc, e.speaking) for e in sim.ledger.voice.speaking] == [(session.ssrc, 1)])
            assert sim.ledger.summary()["voice"] == {
                "sessions": {"identify": 1},
                "closes": {},
                "heartbeats": 0,
                "packets": 2,
            }

    asyncio.run(scenario())


@pytest.mark.parametrize(("version", "beat", "answer"), [(4, 12, 12), (8, {"t": 12, "seq_ack": 3}, {"t": 12})])
def test_heartbeats_of_old_and_new_clients(run_bot, version, beat, answer):
    async def scenario():
        async with Simulator() as sim, expected(sim, run_bot), dial(sim, version=version) as ws:
            await ws.send_json({"op": 3, "d": beat})
            ack = await ws.receive_json(timeout=3)
            assert (ack["op"], ack["d"]) == (6, answer)
            sim.voice_heartbeat_ack_delay = 0.05
            await ws.send_json({"op": 3, "d": beat})
            await ws.receive_json(timeout=3)
            sim.voice_heartbeat_ack_delay = math.inf
            await ws.send_json({"op": 3, "d": beat})
            await until(lambda: len(sim.ledger.voice.heartbeats) == 3)
            entries = sim.ledger.voice.heartbeats
            assert [entry.ack_delay for entry in entries] == [0.0, 0.05, None]
            assert {entry.seq_ack for entry in entries} == {3 if version == 8 else None}
            with pytest.raises(ValueError, match="negative"):
                sim.voice_heartbeat_ack_delay = -1

    asyncio.run(scenario())


def test_resuming_sends_again_what_was_not_had(run_bot):
    async def scenario():
        async with Simulator() as sim, expected(sim, run_bot) as session:
            async with dial(sim) as ws:
                await ws.send_json(identify(session))
                await ws.receive_json(timeout=3)
                await ws.send_json(SELECT)
                first = await ws.receive_json(timeout=3)
                closing = asyncio.create_task(sim.close_voice(4015))
                assert await closed_with(ws) == 4015
            await closing
            for had, again in ((0, [first]), (first["seq"], [])):
                async with dial(sim) as ws:
                    resume = identify(session, seq_ack=had)
                    await ws.send_json(resume | {"op": 7})
                    assert [await ws.receive_json(timeout=3) for _ in again] == again
                    assert (await ws.receive_json(timeout=3))["op"] == 9
            assert sim.ledger.voice.session_counts() == {"identify": 1, "resume": 2}
            assert sim.ledger.voice.close_counts()[4015, "simulator"] == 1

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (["no json"], 4002),
        ([[]], 4002),
        ([{"op": 0, "d": None}], 4002),
        ([{"op": 99, "d": {}}], 4001),
        ([SELECT], 4003),
        ([{"op": 5, "d": {}}], 4003),
        ([{"token": "wrong"}], 4004),
        ([{"session_id": "wrong"}], 4006),
        ([{"server_id": "1"}], 4006),
        ([{}, {}], 4005),
        ([{}, SELECT | {"d": {"protocol": "webrtc"}}], 4012),
        ([{}, SELECT | {"d": SELECT["d"] | {"data": {"mode": "rot13"}}}], 4016),
    ],
)
def test_what_a_client_is_closed_for(run_bot, messages, code):
    async def scenario():
        async with Simulator() as sim, expected(sim, run_bot) as session, dial(sim) as ws:
            for message in messages:
                if isinstance(message, str):
                    await ws.send_str(message)
                elif isinstance(message, list) or "op" in message:
                    await ws.send_json(message)
                else:
                    await ws.send_json(identify(session, **message))
            assert await closed_with(ws) == code
            await until(lambda: sim.ledger.voice.close_counts() == {(code, "simulator"): 1})

    asyncio.run(scenario())


def test_there_is_nothing_to_do_it_to():
    async def scenario():
        async with Simulator() as sim:
            for act in (sim.close_voice, sim.drop_voice, sim.disconnect_bot):
                with pytest.raises(NotConnectedError, match="no voice connection"):
                    await act()
            with pytest.raises(NotConnectedError, match="no voice connection"):
                await sim.move_bot(lounge(sim))
            async with aiohttp.ClientSession() as http, http.get(f"{sim.url}/voice/") as answer:
                assert answer.status == 400

    asyncio.run(scenario())
    with pytest.raises(ValueError, match="voice_heartbeat_interval"):
        Simulator(voice_heartbeat_interval=0)


@contextlib.asynccontextmanager
async def connected(sim):
    """Run a bot that has a voice connection, for as long as the block lasts."""
    with redirect(sim.url):
        bot = discord.Client(intents=discord.Intents.all())
        hurry(bot)
        task = asyncio.create_task(bot.start(sim.token))
        await sim.ready()
        await bot.wait_until_ready()
        yield bot, await bot.get_channel(lounge(sim).id).connect(timeout=10)
        await bot.close()
        await task


@needs_voice
@pytest.mark.parametrize("who", ["a moderator", "the bot"])
def test_a_bot_is_moved_and_speaks_on(who):
    async def scenario():
        with BackgroundSimulator() as sim:
            elsewhere = sim.world.add_channel(sim.guild(), "Elsewhere", 2)
            async with connected(sim) as (bot, voice):
                first = voice.ssrc
                voice.send_audio_packet(b"here", encode=False)
                await until(lambda: sim.ledger.voice.packets == 1)
                await asyncio.sleep(0.2)  # discord.py's reader rests once a second datagram has come
                if who == "the bot":
                    await voice.move_to(bot.get_channel(elsewhere.id), timeout=10)
                else:
                    await sim.move_bot(elsewhere)
                assert await sim.voice_ready() is elsewhere
                await until(voice.is_connected)
                assert voice.channel.id == elsewhere.id
                voice.send_audio_packet(b"there", encode=False)
                await until(lambda: sim.ledger.voice.packets == 2)
                assert sim.ledger.voice.packet_counts() == {first: 1, voice.ssrc: 1}
            await sim.voice_disconnected()
            assert {code for code, _ in sim.ledger.voice.close_counts()} == {4014, 1000}

    asyncio.run(scenario())


@needs_voice
def test_muting_itself_does_not_end_its_connection():
    async def scenario():
        with BackgroundSimulator() as sim:
            async with connected(sim) as (bot, voice):
                channel = bot.get_channel(lounge(sim).id)
                await channel.guild.change_voice_state(channel=channel, self_mute=True)
                await until(lambda: channel.guild.me.voice is not None and channel.guild.me.voice.self_mute)
                assert voice.is_connected()
                assert sim.ledger.event_counts()["VOICE_SERVER_UPDATE"] == 1

    asyncio.run(scenario())


@needs_voice
def test_packets_arrive_as_they_were_sent():
    """The key, the mode and the header are right: what was encrypted can be decrypted."""
    import nacl.secret

    async def scenario():
        with BackgroundSimulator() as sim:
            packets = []
            receive = sim.state.voice._udp.datagram_received
            sim.state.voice._udp.datagram_received = lambda data, addr: (packets.append(data), receive(data, addr))
            async with connected(sim) as (_, voice):
                session = sim.state.voice.session(sim.guild().id)
                voice.send_audio_packet(b"a song", encode=False)
                await until(lambda: sim.ledger.voice.packets == 1)
                packet = packets[-1]
                nonce, key = packet[-4:] + bytes(20), bytes(session.secret_key)
                if voice.mode == "aead_xchacha20_poly1305_rtpsize":
                    said = nacl.secret.Aead(key).decrypt(packet[12:-4], packet[:12], nonce)
                else:
                    assert voice.mode == "xsalsa20_poly1305_lite"
                    said = nacl.secret.SecretBox(key).decrypt(packet[12:-4], nonce)
                assert said == b"a song"

    asyncio.run(scenario())
