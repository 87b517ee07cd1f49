"""python -m discord_simulator, in a process of its own."""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import re
import signal
import subprocess
import sys
import urllib.request

import pytest
from simulated_bots import everything
from test_simulator_events import until

from discord_simulator import hurry, redirect
from discord_simulator.__main__ import main

COMMAND = [sys.executable, "-m", "discord_simulator"]


def read(url):
    with urllib.request.urlopen(url, timeout=5) as response:
        return json.load(response)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT for one child there")
def test_a_bot_in_this_process_and_users_in_that():
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", "--guilds", "2", "--load", "100", "--prefix", "!ping"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        found = re.match(
            r"A simulated Discord is at (http://127\.0\.0\.1:\d+) \(token: (.+)\)", process.stdout.readline()
        )
        url, token = found.groups()
        assert f"discord-simulator run --url {url} bot.py" in process.stdout.readline()

        async def scenario():
            bot = everything()
            hurry(bot)
            with redirect(url):
                task = asyncio.create_task(bot.start(token))
                await until(lambda: bot.counted.events.get("INTERACTION_CREATE", 0) > 10, timeout=10)
                ledger = await asyncio.to_thread(read, f"{url}/_simulator/ledger")
                await bot.close()
                await task
            assert ledger["sessions"] == {"0 identify": 1}
            assert any(row["acknowledged"] for row in ledger["interactions"])

        asyncio.run(scenario())
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
        assert process.returncode == 0, err
        assert json.loads(out[out.index("{") :])["events"]["READY"] == 1
        assert not err
    finally:
        process.kill()
        process.communicate()


def test_help_teaches(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    out = capsys.readouterr().out
    for word in (
        "discord-simulator run",
        "DISCORD_SIMULATOR_URL",
        "redirect(",
        "--load RATE",
        "/_simulator/ledger",
        "Ctrl-C",
    ):
        assert word in out


def test_the_version_is_that_of_the_distribution(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"discord-simulator {importlib.metadata.version('discord-simulator')}\n"


def test_bad_arguments_are_explained(capsys):
    assert main(["--shards", "0"]) == 1
    assert "shards must be at least 1" in capsys.readouterr().err
