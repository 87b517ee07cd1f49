"""Pointing discord.py at a simulator, and nowhere else."""

from __future__ import annotations

import discord
import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from argus_otel.simulator import redirect


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
