"""The example of a bot that tells of changes, under `argus-otel run`: a simulated Discord, and a real service."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from discord_simulator import BackgroundSimulator
from lab.processes import Part, free_port, wait_until

ROOT = Path(__file__).parents[2]
FILE = """\
defaults: {{interval: 1s, timeout: 5s, retries: 0, confirm: {{down: 1, up: 1, every: 1s}}}}
checks:
  shop: {{http: '{url}', service: shop}}
  nobody: {{http: 'http://127.0.0.1:9/'}}
"""


class Shop(ThreadingHTTPServer):
    """A service that can be broken."""

    works = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/health"


class _Handler(BaseHTTPRequestHandler):
    server: Shop

    def do_GET(self) -> None:
        self.send_response(200 if self.server.works else 503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        pass


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop(("127.0.0.1", 0), _Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@contextmanager
def status_bot(simulator: BackgroundSimulator, directory: Path, channel: int) -> Iterator[Part]:
    """Run the example until the block ends."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "ARGUS_"))}
    part = Part("status bot", directory / "bot.log")
    part.launch(
        [sys.executable, "-m", "argus_otel", "run", str(ROOT / "examples" / "checks" / "status_bot.py")],
        {
            **bare,
            "DISCORD_TOKEN": simulator.token,
            "DISCORD_SIMULATOR_URL": simulator.url,
            "STATUS_CHANNEL": str(channel),
            "ARGUS_CHECKS_FILE": str(directory / "checks.yaml"),
            "ARGUS_ENDPOINT_PORT": str(free_port()),
        },
    )
    try:
        yield part
    finally:
        part.stop()


def test_changes_are_posted_and_status_is_answered(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "checks.yaml").write_text(FILE.format(url=shop.url))
    with BackgroundSimulator() as simulator:
        channel = next(iter(simulator.world.guilds.values())).text_channel
        with status_bot(simulator, tmp_path, channel.id) as bot:

            def posted() -> list[str]:
                bodies = (
                    entry.body for entry in simulator.ledger.rest if entry.path == f"/channels/{channel.id}/messages"
                )
                return [body["content"] for body in bodies if isinstance(body, dict)]

            def told(*words: str) -> bool:
                return any(all(word in line for word in words) for line in posted())

            # The first change may come while the bot still logs in.
            bot.wait_until(
                lambda: told("🔴", "**nobody** is down", "refused"), "has told of what was down from the start"
            )
            simulator.run(simulator.ready, timeout=30)
            shop.works = False
            bot.wait_until(lambda: told("🔴", "**shop** is down", "503"), "has told of the failure")
            handle = simulator.run(simulator.slash, "status")
            answer = simulator.run(handle.acknowledged).content
            assert answer.splitlines()[0].startswith("🔴")
            assert "**shop** is down: status is 503, not 2xx" in answer
            shop.works = True
            bot.wait_until(lambda: told("🟢", "**shop** is up"), "has told of the recovery")
            assert not told("**nobody** is up")
            assert len([line for line in posted() if "shop" in line]) == 2  # that it was up at first is no news
        assert "Traceback" not in bot.printed()
    wait_until(lambda: not bot.running, "the bot has ended")


LATE = """
import asyncio, os
import discord
from discord.ext import commands

bot = commands.Bot("!", intents=discord.Intents.default())

@bot.event
async def setup_hook():
    from argus_otel import checks

    @checks.check("own", every=1, retries=0)
    async def own():
        assert asyncio.get_running_loop() is bot.loop

    @checks.on("status_changed")
    async def tell(change):
        print("told", change.check, change.after.value, asyncio.get_running_loop() is bot.loop, flush=True)

    checks.start()

bot.run(os.environ["DISCORD_TOKEN"])
"""


def test_a_bot_that_starts_its_checks_late_has_its_coroutines_on_its_own_loop(tmp_path: Path) -> None:
    (tmp_path / "late.py").write_text(LATE)
    part = Part("late bot", tmp_path / "bot.log")
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "ARGUS_"))}
    with BackgroundSimulator() as simulator:
        given = {"DISCORD_TOKEN": simulator.token, "DISCORD_SIMULATOR_URL": simulator.url, "ARGUS_ENDPOINT_PORT": "0"}
        part.launch([sys.executable, "-m", "argus_otel", "run", str(tmp_path / "late.py")], {**bare, **given})
        try:
            part.wait_until(lambda: "told own" in part.printed(), "has told of its check")
        finally:
            part.stop()
    assert "told own up True" in part.printed()
