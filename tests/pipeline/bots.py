"""The example bot in a process of its own, in a simulated Discord, observed as users do it."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from argus_otel.demo.stage import PREFIX_COMMANDS, bot_path
from discord_simulator import BackgroundSimulator, Load
from lab.collector import kept_environment
from lab.processes import Part, free_port


class Bot(Part):
    """One bot.

    Parameters
    ----------
    directory:
        For its log.
    simulator:
        Its Discord.
    variables:
        The environment's, over ``OTEL_SERVICE_NAME=jukebox``.
    """

    def __init__(self, directory: Path, simulator: BackgroundSimulator, **variables: str) -> None:
        super().__init__("the bot", directory / "bot.log")
        self.simulator = simulator
        self.port = free_port()
        self.variables = {
            "DISCORD_SIMULATOR_URL": simulator.url,
            "ARGUS_ENDPOINT_PORT": str(self.port),
            "DISCORD_TOKEN": simulator.token,
            "OTEL_SERVICE_NAME": "jukebox",
            **variables,
        }

    def start(self) -> Bot:
        """Start it and wait until it is connected."""
        self.launch(
            [sys.executable, "-m", "argus_otel", "run", str(bot_path())], {**kept_environment(), **self.variables}
        )
        self.wait_until(self._connected, "is connected")
        return self

    def _connected(self) -> bool:
        try:
            self.simulator.run(self.simulator.ready, None, 0.2)
        except TimeoutError:
            return False
        return True


@contextmanager
def used(simulator: BackgroundSimulator, rate: float, seed: int = 1) -> Iterator[Load]:
    """Users who use the bot; they have gone, and the bot has finished what they began, at the end."""
    load = Load(simulator, rate=rate, seed=seed, prefix=PREFIX_COMMANDS)
    users = threading.Thread(target=lambda: simulator.run(load.run, math.inf))
    users.start()
    try:
        yield load
    finally:
        load.stop()
        users.join(20)
        simulator.run(simulator.settle, 20)
