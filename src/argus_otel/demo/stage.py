"""Sets up the demo of Discord: the simulator, its users, and the bot, started by ``argus-otel run``."""

from __future__ import annotations

import math
import threading
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from argus_otel.scrape.scraper import Scraper, UnreachableError
from argus_otel.sources.discord import attributes, catalogue
from discord_simulator import BackgroundSimulator, Load, LoadReport, RateLimited, ServerError, Slow

from .agreement import compare
from .observed_process import settled
from .observed_stage import ObservedStage
from .row import Row

PREFIX_COMMANDS = ("!volume 70", "!volume loud", "!latency", "!forget 1", "!encore")

_START = 30.0
_SETTLE = 20.0


class Stage(ObservedStage):
    """Simulator, users and bot, which run inside a ``with`` block.

    Parameters
    ----------
    rate:
        Operations of users each second, on average.
    seed:
        The seed of the random users.
    port:
        The port of the bot's endpoint; by default 9464, or a free one if that is in use.

    Raises
    ------
    DemoError
        No port is free; on entering: the bot did not start.
    """

    opening = "Starting a simulated Discord, and a bot without a line about argus-otel …"
    closing = "The users have stopped. Waiting for the bot to finish their operations …"
    title = "The simulator's ledger beside the bot's metrics"

    def __init__(self, rate: float, seed: int, port: int | None = None) -> None:
        super().__init__("the bot", port)
        self._simulator = BackgroundSimulator(guilds=6)
        self._load = Load(self._simulator, rate=rate, seed=seed, prefix=PREFIX_COMMANDS)
        self._users: threading.Thread | None = None

    def begin(self, opened: ExitStack) -> None:
        """Start the simulator and the bot."""
        opened.enter_context(self._simulator)
        opened.callback(self.program.stop)
        self.program.start(
            ["run", str(bot_path())],
            {
                "DISCORD_SIMULATOR_URL": self._simulator.url,
                "DISCORD_TOKEN": self._simulator.token,
                "OTEL_SERVICE_NAME": "jukebox",
            },
        )
        opened.callback(self._load.stop)
        self.program.wait_until(self._connected, _START)

    # -- the bot

    def _connected(self) -> bool:
        try:
            self._simulator.run(self._simulator.ready, None, 0.2)
            Scraper(self.url).scrape()
        except (TimeoutError, UnreachableError):
            return False
        return True

    # -- users

    def play(self) -> None:
        """Start the users, and inject faults into the bot's requests, until :meth:`settle`."""
        self._simulator.faults.add(RateLimited("shared", retry_after=0.2), probability=0.02)
        self._simulator.faults.add(RateLimited("user", retry_after=0.1), probability=0.01)
        self._simulator.faults.add(ServerError(502), template="/channels/*", probability=0.01)
        self._simulator.faults.add(Slow(0.3), probability=0.05)
        use = partial(self._simulator.run, self._load.run, math.inf)
        self._users = threading.Thread(target=use, name="argus-otel demo users", daemon=True)
        self._users.start()

    @property
    def report(self) -> LoadReport:
        """The operations of the users so far."""
        return self._load.report

    def progress(self) -> str:
        """Return in a few words what has happened so far."""
        return f"{sum(self.report.started.values())} operations by users"

    def settle(self) -> list[Row]:
        """Stop the users, wait until the bot has finished their operations, and return the comparison.

        If the bot has not finished within some seconds, the comparison shows it.

        Raises
        ------
        UnreachableError
            The bot's endpoint no longer answers.
        """
        self._load.stop()
        self._simulator.faults.clear()
        if self._users is not None:
            self._users.join(_SETTLE)
        self._simulator.run(self._simulator.settle, _SETTLE)
        rows: list[Row] = []

        def finished() -> bool:
            metrics = Scraper(self.url).scrape().metrics
            rows[:] = compare(self._simulator.ledger, metrics, self.report.started["prefix"])
            idle = not any(metrics.by(catalogue.INTERACTIONS_ACTIVE, attributes.INTERACTION_TYPE).values())
            return idle and all(row.agrees for row in rows)

        settled(finished, _SETTLE)
        return rows


def bot_path() -> Path:
    """Return the path of the demo's bot: `examples/bot.py`, which the wheel holds beside this module."""
    packaged = Path(__file__).with_name("bot.py")
    return packaged if packaged.exists() else Path(__file__).parents[3] / "examples" / "bot.py"
