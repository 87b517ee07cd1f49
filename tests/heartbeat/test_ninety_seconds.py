"""How soon the calls stop when a real bot does not work any more: within 90 s, as docs/hosting.md says.

Every time of the heartbeat and of the gateway is as in production, but a second takes a tenth of one. With
``HEARTBEAT_SECOND=1`` it takes a second, and the test three and a half minutes.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from discord_simulator import BackgroundSimulator
from tests.launch.conftest import REDIRECTED, Bot

from .conftest import Monitor

BOT = Path(__file__).with_name("bot.py")
SECOND = float(os.environ.get("HEARTBEAT_SECOND", 1 / 10))
# Discord's, in the seconds of this test, as are all numbers below.
GATEWAY_INTERVAL = 41.25
WATCHED = 90 + 2 * 60

pytestmark = [pytest.mark.alone, pytest.mark.timeout(120 + 3 * WATCHED * SECOND)]


def block_the_loop(simulator: BackgroundSimulator) -> None:
    simulator.run(simulator.say, f"!block {2 * WATCHED * SECOND}")


def silence_the_gateway(simulator: BackgroundSimulator) -> None:
    """As where a NAT has forgotten the connections: they stay open and are silent, and new ones do not come about."""
    simulator.heartbeat_ack_delay = math.inf
    for shard_id in (0, 1):
        simulator.run(simulator.cut_off, shard_id, reset=False)


def cut_off_a_shard(simulator: BackgroundSimulator) -> None:
    simulator.run(simulator.cut_off, 1)


def revoke_the_token(simulator: BackgroundSimulator) -> None:
    simulator.run(simulator.revoke_token)


def nothing(_: BackgroundSimulator) -> None:
    """For a bot that is well, whose calls go on meanwhile."""


# The latest call after the fault: one that had begun before, within the 5 s that a loop may take to respond; or one
# before the gateway has been silent for 75 s. A beat in between is looked at as it is due.
LATEST: Mapping[Callable[[BackgroundSimulator], None], float] = {
    block_the_loop: 5,
    silence_the_gateway: 75 + 5,
    cut_off_a_shard: 5,
    revoke_the_token: 5,
}


class Watched:
    """A bot of two shards, its Discord and its monitor."""

    def __init__(self, fault: Callable[[BackgroundSimulator], None], stack: ExitStack) -> None:
        self.fault = fault
        self.monitor = Monitor()
        stack.callback(self.monitor.server.server_close)
        stack.callback(self.monitor.server.shutdown)
        self.simulator = stack.enter_context(BackgroundSimulator(heartbeat_interval=GATEWAY_INTERVAL * SECOND))
        settings = {"ARGUS_HEARTBEAT_URL": f"{self.monitor.url}/{{status}}", "SECOND": str(SECOND)}
        self.bot = Bot.started(self.simulator, REDIRECTED, str(BOT), settings=settings)
        stack.callback(self.bot.process.wait)
        stack.callback(self.bot.process.kill)
        self.failed = math.nan

    def fail(self) -> None:
        self.failed = time.monotonic()
        self.fault(self.simulator)

    def calls(self) -> list[float]:
        """Return when the monitor was called, in seconds after the fault."""
        return [(at - self.failed) / SECOND for at, _ in self.monitor.calls if at > self.failed]


@pytest.fixture
def watched() -> Iterator[list[Watched]]:
    with ExitStack() as stack:
        bots = [Watched(fault, stack) for fault in (*LATEST, nothing)]
        for each in bots:
            each.monitor.wait_for(2 - len(each.monitor.calls), timeout=90 + 60 * SECOND)
        yield bots


def test_the_calls_stop_within_ninety_seconds_of_each_fault(watched: list[Watched]) -> None:
    for each in watched:
        each.fail()
    time.sleep(WATCHED * SECOND)
    after = {each.fault: each.calls() for each in watched}
    print({fault.__name__: [round(call, 1) for call in calls] for fault, calls in after.items()})
    assert len(after.pop(nothing)) >= WATCHED // 60 - 1  # so the others are silent because of their faults
    assert all(latest <= 90 for latest in LATEST.values())
    for fault, calls in after.items():
        assert max(calls, default=0) <= LATEST[fault], fault.__name__
