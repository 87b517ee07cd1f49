"""Pointing discord.py at a simulator, and nowhere else."""

from __future__ import annotations

import discord
import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import HTTPClient, Route

from discord_simulator import redirect


def test_it_is_undone():
    before = (Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY)
    with redirect("http://127.0.0.1:1234/") as redirected:
        assert Route.BASE == "http://127.0.0.1:1234/api/v10"
        assert Route("GET", "/users/@me").url == "http://127.0.0.1:1234/api/v10/users/@me"
        assert yarl.URL("ws://127.0.0.1:1234/") == DiscordWebSocket.DEFAULT_GATEWAY
        with redirect("http://[::1]:99"):
            assert Route.BASE == "http://[::1]:99/api/v10"
        assert Route.BASE == "http://127.0.0.1:1234/api/v10"
        redirected.undo()
        assert before == (Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY)
    assert before == (Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "http://192.168.0.1:80",
        "http://0.0.0.0:80",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "http://user:password@127.0.0.1",
        "https://127.0.0.1",
        "http://127.0.0.1/api/v10",
        "http://",
        "",
    ],
)
def test_a_token_is_sent_nowhere_else(url):
    before = Route.BASE
    with pytest.raises(ValueError, match=r"not on this machine|expected something like"):
        redirect(url)
    assert before == Route.BASE


def test_localhost_by_name():
    with redirect("http://localhost:1"):
        assert Route.BASE == "http://localhost:1/api/v10"
    assert Route.BASE.startswith("https://discord.com")
    assert discord.__version__


def dialled(url):
    """Return what discord.py's own ``ws_connect`` is asked for, when it is asked for ``url``."""
    asked = []

    class Session:
        async def ws_connect(self, url, **_):
            asked.append(url)

    client = HTTPClient.__new__(HTTPClient)
    client._HTTPClient__session = Session()
    client.proxy = client.proxy_auth = None
    client.user_agent = ""
    coroutine = client.ws_connect(url, compress=15)
    with pytest.raises(StopIteration):
        coroutine.send(None)
    return asked[0]


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("wss://127.0.0.1:99/voice:443/?v=8", "ws://127.0.0.1:99/voice:443/?v=8"),
        ("wss://127.0.0.1:99/voice/?v=4", "ws://127.0.0.1:99/voice/?v=4"),
        ("ws://127.0.0.1:99/", "ws://127.0.0.1:99/"),
        ("wss://gateway.discord.gg/", "wss://gateway.discord.gg/"),
        ("wss://127.0.0.1.example.com/?v=8", "wss://127.0.0.1.example.com/?v=8"),
    ],
)
def test_a_voice_server_of_this_machine_and_no_other_is_dialled_without_tls(url, plain):
    assert dialled(url) == url
    with redirect("http://127.0.0.1:99"):
        assert dialled(url) == plain
    assert dialled(url) == url


def test_who_wrapped_dialling_since_keeps_it():
    before = HTTPClient.ws_connect
    try:
        with redirect("http://127.0.0.1:99"):
            ours = HTTPClient.ws_connect

            def theirs(self, url, **options):
                return ours(self, url, **options)

            HTTPClient.ws_connect = theirs
        assert HTTPClient.ws_connect is theirs
        assert dialled("wss://gateway.discord.gg/") == "wss://gateway.discord.gg/"
    finally:
        HTTPClient.ws_connect = before
    assert HTTPClient.ws_connect is not ours
