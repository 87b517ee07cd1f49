"""A real bot of two shards in a process of its own: the calls stop when it does not work."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from discord_simulator import BackgroundSimulator
from tests.launch.conftest import REDIRECTED, Bot, Start

from .conftest import Monitor

BOT = Path(__file__).with_name("bot.py")
SECRET = "s3cret-token"

# Five of the bot's minutes, and what a loaded machine adds.
_LATE = 2.0


@pytest.fixture
def simulator() -> Iterator[BackgroundSimulator]:
    with BackgroundSimulator(heartbeat_interval=0.3) as simulator:
        yield simulator


@pytest.fixture
def bot(start: Start, monitor: Monitor) -> Bot:
    url = f"{monitor.url}/{SECRET}?status={{status}}&msg={{message}}&ping={{latency}}&shards={{shards}}&c={{cluster}}"
    bot = start(REDIRECTED, str(BOT), settings={"ARGUS_HEARTBEAT_URL": url, "ARGUS_DISCORD_CLUSTER_ID": "7"})
    monitor.wait_for(3, timeout=20)
    return bot


def test_the_url_is_called_with_the_state_of_the_bot(bot: Bot, monitor: Monitor) -> None:
    path = monitor.paths[-1]
    assert path.startswith(f"/{SECRET}?status=up&msg=2%20of%202%20checks%20ready&ping=")
    assert path.endswith("&shards=2&c=7")
    assert path.partition("ping=")[2].partition("&")[0].isdigit()
    assert f"endpoint {bot.url}, heartbeat\n" in bot.output
    assert SECRET not in bot.output
    assert SECRET not in bot.get("/status")
    # Nothing is called at the end: a deployment is no outage that the monitor is told of.
    bot.end()
    assert monitor.is_silent_for(1.0)


def test_the_calls_stop_while_the_event_loop_is_blocked(
    bot: Bot, monitor: Monitor, simulator: BackgroundSimulator
) -> None:
    simulator.run(simulator.say, "!block 5")
    time.sleep(1.0)
    assert monitor.is_silent_for(3.0)
    monitor.wait_for(2)


def test_the_calls_stop_when_a_gateway_stays_silent(bot: Bot, monitor: Monitor, simulator: BackgroundSimulator) -> None:
    simulator.heartbeat_ack_delay = math.inf
    time.sleep(_LATE)
    assert monitor.is_silent_for(1.5)
    assert "no heartbeat is acknowledged" in bot.get("/status")
    assert simulator.ledger.close_counts() == {}  # discord.py has not noticed yet


def test_the_calls_stop_when_a_shard_loses_its_connection_for_good(
    bot: Bot, monitor: Monitor, simulator: BackgroundSimulator
) -> None:
    simulator.run(simulator.stop)
    time.sleep(_LATE)
    assert monitor.is_silent_for(1.5)
    assert "no session" in bot.get("/status")


def test_the_calls_stop_when_the_token_is_revoked(bot: Bot, monitor: Monitor, simulator: BackgroundSimulator) -> None:
    simulator.run(simulator.close_gateway, 4004)
    time.sleep(_LATE)
    assert monitor.is_silent_for(1.5)
    assert "closed with 4004" in bot.output
    assert "nothing that is observed runs" in bot.get("/status")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_each_forked_cluster_calls_for_itself(monitor: Monitor, simulator: BackgroundSimulator, tmp_path: Path) -> None:
    program = tmp_path / "clusters.py"
    program.write_text(
        """
import os
from argus_otel.heartbeat import Heartbeat
import argus_otel
argus_otel.instrument(endpoint=False)
import discord
Heartbeat.interval, Heartbeat.retry = 0.3, 0.1
children = []
for number in (0, 1):
    child = os.fork()
    if not child:
        client = discord.AutoShardedClient(shard_ids=[number], shard_count=2, intents=discord.Intents.default())
        client.run(os.environ["DISCORD_TOKEN"], log_handler=None)
        os._exit(0)
    children.append(child)
os.waitpid(children[1], 0)
import time
time.sleep(60)
"""
    )
    url = f"{monitor.url}/{SECRET}?msg={{message}}&c={{cluster}}"
    bot = Bot.started(simulator, REDIRECTED, str(program), settings={"ARGUS_HEARTBEAT_URL": url})
    try:
        simulator.run(simulator.ready, None, 30.0)
        monitor.wait_for(6, timeout=20)
        # Two processes of one shard each, at the pace of two.
        assert set(monitor.paths) == {f"/{SECRET}?msg=1%20of%201%20checks%20ready&c={shard}" for shard in (0, 1)}
        before, began = len(monitor.calls), time.monotonic()
        monitor.wait_for(12, timeout=20)
        took = time.monotonic() - began
        assert (len(monitor.calls) - before) / took > 1.3 / 0.3
    finally:
        os.killpg(bot.process.pid, signal.SIGKILL)
        bot.end()
