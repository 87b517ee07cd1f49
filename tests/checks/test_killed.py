"""Agents that are killed in a storm of changes: no change is lost, and none is doubled."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from .services import http, service

KILLS = int(os.environ.get("CHECK_KILLS", "5"))
CHECKS = 12
RUNS_OF_A_PHASE = 4

ROOT = Path(__file__).parents[2]


class Flipping:
    """Answers each check for some requests with 200, then for some with 500, and so on; keeps the ledger."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        name = head.split()[1].strip("/")
        self.requests[name] += 1
        writer.write(http(b"", "200 OK" if self.is_up(name) else "500 Internal Server Error"))

    def phase(self, name: str) -> int:
        """Return how often a check has flipped."""
        return (self.requests[name] - 1) // RUNS_OF_A_PHASE if self.requests[name] else 0

    def is_up(self, name: str) -> bool:
        return self.phase(name) % 2 == 0


def written(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


async def an_agent(*paths: Path) -> asyncio.subprocess.Process:
    words = ["-m", "tests.checks.killed_agent", *map(str, paths)]
    return await asyncio.create_subprocess_exec(sys.executable, *words, cwd=ROOT)


@pytest.mark.alone
def test_no_change_is_lost_and_none_is_doubled_by_an_agent_that_is_killed(tmp_path: Path) -> None:
    flipping = Flipping()
    events = tmp_path / "events"
    chance = random.Random(16)  # noqa: S311 - which moments, is all that it decides

    async def storm() -> None:
        async with service(flipping) as port:
            file = tmp_path / "checks.yaml"
            lines = [f"  check-{each}: http://127.0.0.1:{port}/check-{each}" for each in range(CHECKS)]
            checks = "\n".join(line.replace(": ", ": {http: ", 1) + "}" for line in lines)
            defaults = "{interval: 1s, timeout: 900ms, retries: 0, confirm: {down: 2, up: 2, every: 1s}}"
            file.write_text(f"location: here\ndefaults: {defaults}\nchecks:\n{checks}\n")
            for kill in range(KILLS + 1):
                agent = await an_agent(file, tmp_path / "state", events)
                if kill == KILLS:
                    break
                await asyncio.sleep(2.5 + 3 * chance.random())
                agent.send_signal(signal.SIGKILL)
                await agent.wait()
            await asyncio.sleep(3 * RUNS_OF_A_PHASE)
            agent.send_signal(signal.SIGTERM)
            await agent.wait()

    asyncio.run(storm())

    told: dict[str, dict[str, Any]] = {}
    for event in written(events):
        assert event["again"] or event["id"] not in told, "a change was reported twice, and nothing says so"
        told.setdefault(event["id"], event)
    assert any(event["again"] for event in written(events)), "no agent was killed in time to report a change again"
    for each in range(CHECKS):
        name = f"check-{each}"
        statuses = [event["after"] for event in told.values() if event["check"] == name]
        expected = ["up" if phase % 2 == 0 else "down" for phase in range(flipping.phase(name) + 1)]
        # The last phase may have had one run, which confirms nothing yet.
        assert statuses in (expected, expected[:-1]), name
        assert len(statuses) > 2
