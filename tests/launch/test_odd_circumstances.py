"""Under attack and in odd circumstances, the bot continues, and ends in time with its own exit code."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from argus_otel.sources.discord.catalogue import COMMAND_DURATION
from argus_otel.telemetry.catalogue import HOOK_ERRORS
from discord_simulator import BackgroundSimulator
from tests.otel.receivers import silent_endpoint

from .conftest import REDIRECTED, RUN, Bot, Receiver, Start, until

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a process that is terminated there exports nothing")

ODD = str(Path(__file__).with_name("odd_bot.py"))
SOON = {
    "OTEL_METRIC_EXPORT_INTERVAL": "300",
    "OTEL_BSP_SCHEDULE_DELAY": "200",
    "OTEL_BLRP_SCHEDULE_DELAY": "200",
    "ARGUS_SHUTDOWN_TIMEOUT": "2",
}


@pytest.fixture
def silence() -> Iterator[str]:
    yield from silent_endpoint()


def ping(simulator: BackgroundSimulator, times: int = 1) -> None:
    for _ in range(times):
        assert simulator.run(simulator.run(simulator.say, "!ping").reply).content == "pong"


def parts_of(bot: Bot) -> dict[str, Any]:
    return json.loads(bot.get("/status"))["parts"]


def commands(bot: Bot) -> dict[tuple[object, ...], float]:
    """Return how many commands of each name have been counted."""
    spread = bot.metrics().spread(COMMAND_DURATION, COMMAND_DURATION.attributes[0])
    return {name: buckets.count for name, buckets in spread.items()}


# -- the end


@pytest.mark.parametrize(
    ("endpoint", "protocol", "how"),
    [
        ("silent", "http/protobuf", signal.SIGTERM),
        ("silent", "grpc", signal.SIGTERM),
        ("http://no-such-name.invalid:4318", "http/protobuf", signal.SIGINT),
        ("http://127.0.0.1:9", "grpc", signal.SIGHUP),
        ("silent", "http/protobuf", 3),
    ],
)
def test_the_end_is_bounded_and_the_exit_code_the_bots_own(
    simulator: BackgroundSimulator, start: Start, silence: str, endpoint: str, protocol: str, how: int
) -> None:
    settings = {
        **SOON,
        "OTEL_EXPORTER_OTLP_ENDPOINT": silence if endpoint == "silent" else endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
    }
    bot = start(RUN, ODD, "leaves with 3", settings=settings)
    ping(simulator)
    if isinstance(how, signal.Signals):
        bot.process.send_signal(how)
    else:
        simulator.run(simulator.say, "!leave")
    # What Ctrl-C ends in good order goes on to the bot's own last line.
    expected = {signal.SIGTERM: -15, signal.SIGHUP: -1}.get(how, 3)  # type: ignore[call-overload]
    assert bot.process.wait(10) == expected


def test_a_process_that_waits_for_its_last_export_is_alive_and_raises_no_alarm(
    simulator: BackgroundSimulator, start: Start, silence: str
) -> None:
    settings = {
        **SOON,
        "OTEL_EXPORTER_OTLP_ENDPOINT": silence,
        "ARGUS_SHUTDOWN_TIMEOUT": "4",
        "ARGUS_PROCESS_LOOP_BLOCKED_AFTER": "1.5",  # shorter than the wait, longer than a busy machine's pauses
    }
    bot = start(RUN, ODD, settings=settings)
    ping(simulator)
    bot.process.send_signal(signal.SIGTERM)
    answers: list[int] = []
    while bot.process.poll() is None:
        try:
            with urllib.request.urlopen(bot.url + "/healthz", timeout=5) as answer:
                answers.append(answer.status)
        except urllib.error.HTTPError as refusal:
            answers.append(refusal.code)
        except OSError:  # it has ended
            pass
        time.sleep(0.05)
    assert bot.end() == -signal.SIGTERM
    assert len(answers) > 5
    assert set(answers) == {200}
    assert "is blocked" not in bot.output
    assert "the last export did not end within 4 s" in bot.output


# -- what others bring


def test_processors_and_callbacks_of_others_that_fail_or_hang_cost_nothing_else(
    simulator: BackgroundSimulator, start: Start, receiver: Receiver
) -> None:
    settings = {**SOON, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "OTEL_METRIC_EXPORT_INTERVAL": "60000"}
    bot = start(RUN, ODD, "log processor raises", "shutdown sleeps", settings=settings)
    ping(simulator, 20)
    simulator.run(simulator.settle)
    assert commands(bot) == {("ping",): 20}
    assert sum(dict(bot.metrics().by(HOOK_ERRORS, HOOK_ERRORS.attributes[0])).values()) > 0
    assert bot.get("/healthz")
    bot.process.send_signal(signal.SIGTERM)
    assert bot.process.wait(10) == -signal.SIGTERM


def test_a_gauge_that_hangs_delays_scrapes_only(simulator: BackgroundSimulator, start: Start) -> None:
    bot = start(RUN, ODD, "gauge hangs")

    def scrape() -> None:
        with suppress(OSError):  # the bot ends before it is answered
            urllib.request.urlopen(bot.url + "/metrics", timeout=60)

    scraping = threading.Thread(target=scrape, daemon=True)
    scraping.start()
    until(lambda: "HANGS" in bot.output)
    assert json.loads(bot.get("/healthz"))["alive"] is True
    assert parts_of(bot)["endpoint"]["state"] == "ok"
    ping(simulator)
    assert scraping.is_alive()
    bot.process.send_signal(signal.SIGTERM)
    assert bot.process.wait(10) == -signal.SIGTERM


# -- limits


def test_without_threads_the_bot_lives_and_the_parts_say_so(simulator: BackgroundSimulator, start: Start) -> None:
    bot = start(REDIRECTED, ODD, "no threads", "instrument")
    ping(simulator, 3)
    assert "can't start new thread" in bot.output
    assert "hooks in discord.py" in bot.output
    assert "not working: source:process, sigterm, endpoint" in bot.output
    assert bot.end() == 0


def test_with_few_descriptors_the_bot_lives(simulator: BackgroundSimulator, start: Start) -> None:
    bot = start(RUN, ODD, "few descriptors")
    port = int(bot.url.rpartition(":")[2])
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(60)]
    ping(simulator, 3)
    for connection in connections:
        connection.close()
    until(bot.serves)
    ping(simulator, 3)
    assert bot.end() == 0


# -- programs


def test_two_bots_in_one_process_are_both_observed(simulator: BackgroundSimulator, start: Start) -> None:
    bot = start(RUN, ODD, "two bots", "leaves with 3", ready=False)
    until(lambda: bot.output.count("CONNECTED") == 2, 40)
    simulator.run(simulator.run(simulator.say, "!ping").reply)
    until(lambda: commands(bot).get(("ping",)))
    checks = json.loads(bot.get("/readyz"))["checks"]
    assert [(check["name"], check["ready"]) for check in checks] == [("shard 0", True)] * 2
    simulator.run(simulator.say, "!leave")
    assert bot.process.wait(20) == 3


def test_asyncios_debug_mode_finds_nothing_of_ours(simulator: BackgroundSimulator, start: Start) -> None:
    bot = start(RUN, ODD, settings={"PYTHONASYNCIODEBUG": "1", "PYTHONDEVMODE": "1"})
    ping(simulator, 10)
    metrics = bot.metrics()
    assert sum(dict(metrics.by(HOOK_ERRORS, HOOK_ERRORS.attributes[0])).values()) == 0
    assert bot.end() == 0
    slow = [line for line in bot.output.splitlines() if "Executing" in line and "argus_otel" in line]
    assert slow == []
    assert "was never awaited" not in bot.output
