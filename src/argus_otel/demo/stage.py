"""Sets up the demo: the simulator, its users, and the bot in a process of its own, started by ``argus-otel run``."""

from __future__ import annotations

import math
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType

from argus_otel.scrape.scraper import Scraper, UnreachableError
from argus_otel.settings import DEFAULT_HOST, DEFAULT_PORT
from argus_otel.sources.discord import attributes, catalogue
from discord_simulator import BackgroundSimulator, Load, LoadReport, RateLimited, ServerError, Slow

from .agreement import Row, compare

PREFIX_COMMANDS = ("!volume 70", "!volume loud", "!latency", "!forget 1", "!encore")

_PASSED_ON = ("OTEL_EXPORTER_OTLP_", "OTEL_METRIC_EXPORT_", "ARGUS_HISTORY")
_START = 30.0
_SETTLE = 20.0


class DemoError(Exception):
    """The demo cannot continue. The message gives the reason."""


class Stage:
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
        On entering: the bot did not start.
    """

    def __init__(self, rate: float, seed: int, port: int | None = None) -> None:
        self._port = port
        self._simulator = BackgroundSimulator(guilds=6)
        self._bot: subprocess.Popen[bytes] | None = None
        self._load = Load(self._simulator, rate=rate, seed=seed, prefix=PREFIX_COMMANDS)
        self._users: threading.Thread | None = None
        self._directory = tempfile.TemporaryDirectory(prefix="argus-otel-demo-")
        self.log = Path(self._directory.name) / "bot.log"
        self.url = ""

    def __enter__(self) -> Stage:
        self._simulator.__enter__()
        try:
            self._start_bot()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._load.stop()
        self._stop_bot()
        self._simulator.__exit__(kind, error, trace)
        if kind is None:
            self._directory.cleanup()

    # -- the bot

    def _start_bot(self) -> None:
        port = self._port if self._port is not None else _free_port()
        self.url = f"http://{DEFAULT_HOST}:{port}"
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("ARGUS_", "OTEL_"))},
            # For a user who has a Collector; no other setting of the environment reaches the bot.
            **{name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON)},
            "DISCORD_SIMULATOR_URL": self._simulator.url,
            "ARGUS_ENDPOINT_PORT": str(port),
            "DISCORD_TOKEN": self._simulator.token,
            "OTEL_SERVICE_NAME": "jukebox",
        }
        with self.log.open("wb") as log:
            self._bot = subprocess.Popen(  # noqa: S603 - our own command line
                [sys.executable, "-m", "argus_otel", "run", str(bot_path())],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                # Ctrl-C must not reach the bot, because the last scrape is still to come.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # the same, on Windows
            )
        self._until(self._connected, _START, "the bot did not start")

    def _connected(self) -> bool:
        try:
            self._simulator.run(self._simulator.ready, None, 0.2)
            Scraper(self.url).scrape()
        except (TimeoutError, UnreachableError):
            return False
        return True

    def _stop_bot(self) -> None:
        if self._bot is None or self._bot.poll() is not None:
            return
        self._bot.terminate()
        try:
            self._bot.wait(10)
        except subprocess.TimeoutExpired:
            self._bot.kill()
            self._bot.wait()

    def bot_output(self) -> str:
        """Return the last 4000 characters of the bot's output."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-4000:]

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

    def settle(self) -> list[Row]:
        """Stop the users, wait until the bot has finished their operations, and return the comparison.

        Raises
        ------
        DemoError
            The bot has not finished within some seconds.
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

        # Waits until the bot is idle, or time is up; after that the numbers no longer change.
        deadline = time.monotonic() + _SETTLE
        while not finished() and time.monotonic() < deadline:
            time.sleep(0.25)
        return rows

    def _until(self, condition: Callable[[], bool], timeout: float, otherwise: str) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            if self._bot is not None and self._bot.poll() is not None:
                raise DemoError(f"{otherwise}: it ended with exit code {self._bot.returncode}\n{self.bot_output()}")
            if time.monotonic() > deadline:
                raise DemoError(f"{otherwise} within {timeout:g} s\n{self.bot_output()}")


def bot_path() -> Path:
    """Return the path of the demo's bot: `examples/bot.py`, which the wheel holds beside this module."""
    packaged = Path(__file__).with_name("bot.py")
    return packaged if packaged.exists() else Path(__file__).parents[3] / "examples" / "bot.py"


def _free_port() -> int:
    for port in (DEFAULT_PORT, 0):
        with socket.socket() as probe:
            if os.name == "posix":  # on Windows it would let two programs share a port
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((DEFAULT_HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DemoError("no port is free on this machine")
