"""A bot without a redirection: it talks to https://discord.com and wss://gateway.discord.gg.

Both are on this machine, in a network of the test's own, behind certificates of an authority that the bot trusts
because its environment says so. Nothing in the bot's process is redirected or replaced but what our hooks replace.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from . import namespace
from .inside_discord import NAMES

CALLBACK = "/interactions/{webhook_id}/{webhook_token}/callback"
MESSAGES = "/channels/{channel_id}/messages"


@pytest.fixture(scope="module", params=["instrument", "run"])
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the simulator, the endpoint and an OTLP receiver saw of the bot."""
    if reason := namespace.refused():
        pytest.skip(reason)
    program = (sys.executable, "-m", "tests.launch.inside_discord", str(tmp_path_factory.mktemp("tls")), request.param)
    inside = subprocess.run(
        namespace.command(NAMES, *program),
        cwd=namespace.ROOT,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert inside.returncode == 0, inside.stderr
    found: dict[str, Any] = json.loads(inside.stdout)
    assert "rows" in found, f"the bot did not come up:\n{found['output']}"
    return found


class TestDiscordItself:
    def test_metrics_agree_with_what_crossed_the_wire(self, seen: dict[str, Any]) -> None:
        assert [row for row in seen["rows"] if row[2] != row[3]] == []
        assert {subject for subject, *_ in seen["rows"]} >= {
            "gateway events",
            "gateway sessions",
            "interactions",
            "acknowledged",
            "commands",
            "REST responses",
            "REST rate limits",
        }

    def test_it_logged_in_and_synced_its_commands(self, seen: dict[str, Any]) -> None:
        answered = {(method, template): status for method, template, status, _ in seen["rest"]}
        assert answered["GET", "/users/@me"] == 200
        (synced,) = seen["synced"]
        assert synced.startswith("/applications/")
        assert "discord-simulator" not in seen["output"]
        assert seen["exit code"] == 0

    def test_each_interaction_was_acknowledged_and_followed_up(self, seen: dict[str, Any]) -> None:
        assert seen["acknowledged"] == [True] * 4
        assert ["POST", CALLBACK, 204, 4] in seen["rest"] or ["POST", CALLBACK, 200, 4] in seen["rest"]
        for child in (f"POST {CALLBACK}", "POST /webhooks/{webhook_id}/{webhook_token}"):
            assert ["command search", child] in seen["spans"]
        for root in ("command play", "component PlayerView.skip", "command volume", "command latency"):
            assert [None, root] in seen["spans"]

    def test_a_rate_limited_message_was_sent_again(self, seen: dict[str, Any]) -> None:
        assert ["POST", MESSAGES, 429, 1] in seen["rest"]
        assert ["POST", MESSAGES, 200, 1] in seen["rest"]
        assert seen["spans"].count(["command volume", f"POST {MESSAGES}"]) == 1

    def test_it_resumed_where_discord_said(self, seen: dict[str, Any]) -> None:
        assert sorted(seen["sessions"]) == [[0, "identify", 1], [0, "resume", 1]]
        assert [0, 4000, "bot", 1] in seen["closes"]
        assert seen["events"].count("discord.gateway.session") == 2

    def test_its_server_is_discord(self, seen: dict[str, Any]) -> None:
        assert seen["servers"] == ["discord.com"]
        assert seen["span servers"] == ["discord.com"]

    def test_no_token_leaves(self, seen: dict[str, Any]) -> None:
        assert seen["secrets"] == 4
        assert seen["leaks"] == []
