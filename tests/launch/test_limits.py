"""Bots with few resources: few descriptors, little memory, no threads."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.error
from typing import Any

import pytest

from discord_simulator import BackgroundSimulator

from .conftest import RUN, Bot, Start, free_port
from .test_failures import TELLING

BASH = shutil.which("bash") or ""

limits = pytest.mark.skipif(not BASH or sys.platform != "linux", reason="no shell that sets such limits")


def limited(limit: str) -> list[str]:
    """The command that starts a bot under a limit of `ulimit`."""
    return [BASH, "-c", f'ulimit {limit} && exec "$@"', "bash", *RUN]


def works(simulator: BackgroundSimulator) -> None:
    """Assert that the bot answers."""
    assert simulator.run(simulator.run(simulator.say, "!ping").reply).content == "pong"


def probed(bot: Bot) -> dict[str, Any]:
    """Ask whether it is alive; a machine that is busy may say that it is not."""
    try:
        return json.loads(bot.get("/healthz"))
    except urllib.error.HTTPError as refusal:
        with refusal:
            return json.loads(refusal.read())


@limits
def test_with_forty_descriptors_and_a_hundred_clients_the_bot_works_and_its_endpoint_answers(
    simulator: BackgroundSimulator, start: Start
) -> None:
    bot = start(limited("-n 40"), TELLING)
    works(simulator)
    port = int(bot.url.rpartition(":")[2])
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
            client.sendall(b"GET /healthz HTTP/1.1\r\n")
        for _ in range(5):
            works(simulator)
            assert "alive" in probed(bot)
    assert "discord_gateway_events_total" in bot.get("/metrics")
    assert bot.end() == 0


@limits
def test_with_400_mb_of_address_space_everything_works(simulator: BackgroundSimulator, start: Start) -> None:
    # Otherwise glibc may reserve the remaining memory for unused arenas, and no thread gets a stack.
    bot = start(limited("-v 409600"), TELLING, settings={"MALLOC_ARENA_MAX": "2"})
    works(simulator)
    assert "discord_gateway_events_total" in bot.get("/metrics")
    parts: dict[str, Any] = json.loads(bot.get("/status"))["parts"]
    assert {name for name, part in parts.items() if part["state"] == "failed"} == set()
    assert bot.end() == 0


NO_THREADS = """
import json, sys, threading
import argus_otel
from argus_otel.runtime import runtime

def refuse(*_, **__):
    raise RuntimeError("can't start new thread")

for name in ("_start_new_thread", "_start_joinable_thread"):  # the one of Python 3.13
    if hasattr(threading, name):
        setattr(threading, name, refuse)
argus_otel.instrument()
import discord
discord.Client(intents=discord.Intents.default())
print(json.dumps(runtime().status()["parts"]))
"""


def test_without_threads_the_parts_that_need_one_say_so_and_hooks_are_in_place() -> None:
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARGUS_", "OTEL_"))}
    environment = {**kept, "ARGUS_ENDPOINT_PORT": str(port), "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    ran = subprocess.run(
        [sys.executable, "-c", NO_THREADS], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    parts: dict[str, Any] = json.loads(ran.stdout)
    assert parts["endpoint"]["state"] == "failed"
    assert "thread" in parts["endpoint"]["detail"]
    hooks = [part["state"] for name, part in parts.items() if name.startswith("hook:")]
    assert len(hooks) > 20
    assert set(hooks) == {"ok"}
