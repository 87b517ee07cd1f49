"""A simulator that speaks https and wss."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import ssl
import subprocess
import sys
import urllib.request

import aiohttp
import discord
import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route
from test_simulator_main import COMMAND

from discord_simulator import Simulator, hurry, redirect
from discord_simulator.__main__ import main

trustme = pytest.importorskip("trustme")


@pytest.fixture
def authority():
    return trustme.CA()


@pytest.fixture
def certificate(authority, tmp_path):
    """A certificate for this machine, with its key in the same file."""
    path = tmp_path / "server.pem"
    path.write_bytes(authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.bytes())
    return path


def test_a_bot_over_tls(authority, certificate, monkeypatch):
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    async def scenario():
        async with Simulator(certificate=certificate) as sim:
            assert sim.url == f"https://127.0.0.1:{sim.port}"
            assert sim.gateway_url == f"wss://127.0.0.1:{sim.port}/"
            monkeypatch.setattr(Route, "BASE", sim.api_url)
            monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(sim.gateway_url))
            bot = discord.Client(intents=discord.Intents.all())
            bot.http.connector = aiohttp.TCPConnector(ssl=trusting)  # an option of Client's since discord.py 2.5
            hurry(bot)
            task = asyncio.create_task(bot.start(sim.token))
            await sim.ready()
            await sim.ask_reconnect()
            while (0, "resume") not in sim.ledger.session_counts():
                await asyncio.sleep(0.01)
            await bot.close()
            await task
            await sim.disconnected()
            assert sim.ledger.rest_counts()["GET", "/users/@me", 200] == 1
            assert sim.ledger.session_counts() == {(0, "identify"): 1, (0, "resume"): 1}

    asyncio.run(scenario())


def test_who_does_not_trust_it_is_not_served(certificate):
    async def scenario():
        async with Simulator(certificate=certificate) as sim, aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await session.get(f"{sim.url}/_simulator/health")
            with pytest.raises(aiohttp.ClientError):
                await session.get(f"http://127.0.0.1:{sim.port}/_simulator/health")

    asyncio.run(scenario())


def test_the_gateway_by_another_name():
    async def scenario():
        async with Simulator(gateway_url="wss://gateway.discord.gg/") as sim, aiohttp.ClientSession() as session:
            headers = {"Authorization": f"Bot {sim.token}"}
            async with session.get(f"{sim.api_url}/gateway/bot", headers=headers) as response:
                assert (await response.json())["url"] == "wss://gateway.discord.gg/"
            async with session.ws_connect(f"ws://127.0.0.1:{sim.port}/?v=10") as ws:
                assert (await ws.receive_json())["op"] == 10
                await ws.send_json({"op": 2, "d": {"token": sim.token, "intents": 0, "properties": {}}})
                ready = await ws.receive_json()
            assert ready["d"]["resume_gateway_url"] == "wss://gateway.discord.gg/"

    asyncio.run(scenario())


def test_redirect_wants_a_simulator_without_certificate(certificate):
    async def scenario():
        async with Simulator(certificate=certificate) as sim:
            with pytest.raises(ValueError, match="expected something like"):
                redirect(sim.url)

    asyncio.run(scenario())


def test_a_certificate_that_is_none(tmp_path, capsys):
    (tmp_path / "empty.pem").touch()
    with pytest.raises(ValueError, match=r"empty\.pem with the key in"):
        Simulator(certificate=tmp_path / "empty.pem")
    assert main(["--certificate", str(tmp_path / "absent.pem")]) == 1
    assert "absent.pem" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT for one child there")
def test_in_a_process_of_its_own(authority, certificate, tmp_path):
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", "--certificate", str(certificate), "--gateway-url", "wss://gateway.discord.gg/"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        url = re.match(r"A simulated Discord is at (https://127\.0\.0\.1:\d+) ", process.stdout.readline())[1]
        assert "SSL_CERT_FILE" in process.stdout.readline()
        context = ssl.create_default_context(cafile=tmp_path / "authority.pem")
        with urllib.request.urlopen(f"{url}/api/v10/gateway", timeout=5, context=context) as response:
            assert json.load(response) == {"url": "wss://gateway.discord.gg/"}
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()
