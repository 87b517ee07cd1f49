"""The bots, their processes, and how each ends."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from discord_simulator import BackgroundSimulator
from lab.collector import kept_environment
from lab.processes import Part, free_port

SHARDS = 4

_PROGRAM = """
import os

import discord
from discord.ext import commands

bot = commands.AutoShardedBot(
    "!",
    intents=discord.Intents.default(),
    shard_ids=[int(shard) for shard in os.environ["SHARDS"].split(",")],
    shard_count=int(os.environ["SHARD_COUNT"]),
)
bot.run(os.environ["DISCORD_TOKEN"])
"""


class Process(Part):
    """One process of a bot.

    Parameters
    ----------
    directory:
        For its log and its program.
    job:
        The bot's name.
    shards:
        Those that it runs.
    """

    def __init__(self, directory: Path, job: str, shards: range) -> None:
        self._shards = ",".join(str(shard) for shard in shards)
        super().__init__(f"{job}, shards {self._shards}", directory / f"{job}-{shards.start}.log")
        self.port = free_port()
        self._job = job
        self._program = directory / "bot.py"

    def start(self, simulator: BackgroundSimulator, variables: Mapping[str, str]) -> None:
        """Start it, on that Discord and with more settings."""
        self._program.write_text(_PROGRAM, encoding="utf-8")
        command = [sys.executable, "-m", "argus_otel", "run", str(self._program)]
        settings = {
            "SHARDS": self._shards,
            "SHARD_COUNT": str(SHARDS),
            "DISCORD_TOKEN": simulator.token,
            "DISCORD_SIMULATOR_URL": simulator.url,
            "OTEL_SERVICE_NAME": self._job,
            "ARGUS_ENDPOINT_PORT": str(self.port),
        }
        self.launch(command, {**kept_environment(), **settings, **variables})


class Bot:
    """A bot of one process, or of two, the last of which ends for good.

    Parameters
    ----------
    directory:
        For its logs.
    job:
        Its name.
    clusters:
        How many processes share its shards.
    killed:
        It ends by SIGKILL, and not by SIGTERM.
    """

    def __init__(self, directory: Path, job: str, clusters: int, *, killed: bool) -> None:
        self.job = job
        self.killed = killed
        each = SHARDS // clusters
        self.processes = [Process(directory, job, range(first, first + each)) for first in range(0, SHARDS, each)]

    @property
    def ports(self) -> list[int]:
        """The ports of its endpoints."""
        return [process.port for process in self.processes]

    def start(self, simulator: BackgroundSimulator, variables: Mapping[str, str]) -> None:
        """Start its processes."""
        for process in self.processes:
            process.start(simulator, variables)

    def end(self) -> None:
        """End the last process."""
        last = self.processes[-1]
        if self.killed:
            last.kill()
        else:
            last.stop()

    def kill(self) -> None:
        """End what is left of it."""
        for process in self.processes:
            process.kill()


def bots(directory: Path) -> list[Bot]:
    """Return them, in the order of the table's columns; nothing runs yet."""
    return [
        Bot(directory, "cluster-killed", 2, killed=True),
        Bot(directory, "cluster-stopped", 2, killed=False),
        Bot(directory, "bot-killed", 1, killed=True),
        Bot(directory, "bot-stopped", 1, killed=False),
    ]
