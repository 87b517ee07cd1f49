"""Sets up the demo of training runs: a process that is killed, and one that goes on, trains more, and is stopped."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

from argus_otel.demo.observed_process import ObservedProcess, settled, succeeded
from argus_otel.demo.observed_stage import ObservedStage
from argus_otel.demo.row import Row
from argus_otel.scrape.scraper import Scraper, UnreachableError
from argus_otel.sources.training import catalogue

from . import fits
from .agreement import Logged, compare, compare_artifacts, compare_stored
from .cast import KILLED_STEPS, RESUMED_STEPS, SOON, killed, orders
from .panels import summary
from .stored import Stored

_START = 60.0
_SETTLE = 30.0
_LOOK = 0.1
_STOP_AFTER = 1.5
"""How long the endless run goes on before it is stopped, in seconds."""

_PROGRAM = Path(__file__).with_name("trainings.py")


class Stage(ObservedStage):
    """A training program and who gives it orders, which run inside a ``with`` block.

    Parameters
    ----------
    port:
        The port of the program's endpoint; by default 9464, or a free one if that is in use.

    Raises
    ------
    DemoError
        No port is free; on entering: the program did not start.
    """

    closing = "No more orders come. Waiting for the last run …"
    title = "The program's own count beside its metrics, and beside the points of history"

    def __init__(self, port: int | None = None) -> None:
        super().__init__("the training program", port)
        self._framework = fits.installed()
        what = (
            "loops of its own" if self._framework is None else f"fits of {self._framework.title}, and loops of its own"
        )
        self.opening = f"Starting a program that trains: {what}. Its first process is killed on the way …"
        if self._framework is None:
            self.opening += "\nTo see fits of a framework too, observed without a line of code: pip install keras jax"
        self._ledger = self.directory / "ledger.json"
        self._steps = self.directory / "steps.txt"
        self._checkpoint = self.directory / "checkpoint.json"
        self._history = self.directory / "history"
        self._killed, self._killing = str(uuid4()), (0.0, 0.0)
        self._given = self._stops = 0
        self._ended = threading.Event()
        self._orders: threading.Thread | None = None

    def begin(self, opened: ExitStack) -> None:
        """Train in a process, kill it, and start the next one, which goes on with that run."""
        self._train_and_kill()
        opened.callback(self.program.stop)
        self._start(self.program, self._ledger)
        opened.callback(self._ended.set)
        self._order(killed(self._killed, str(self._checkpoint), RESUMED_STEPS))
        self.program.wait_until(self._training, _START)

    # -- the program

    def _variables(self) -> dict[str, str]:
        return {
            "ARGUS_CONTROL": str(self.directory / "control"),
            "ARGUS_HISTORY": "store",
            "ARGUS_HISTORY_STORE": f"files:{self._history}",
            "OTEL_SERVICE_NAME": "trainings",
            **({} if self._framework is None else self._framework.variables),
        }

    def _start(self, program: ObservedProcess, ledger: Path) -> None:
        program.start(["run", str(_PROGRAM), str(ledger), str(self._steps)], self._variables(), fed=True)

    def _train_and_kill(self) -> None:
        first = ObservedProcess("the first training process", self.directory / "killed.log")
        try:
            self._start(first, self.directory / "killed.json")
            first.feed(json.dumps(killed(self._killed, str(self._checkpoint), KILLED_STEPS)))
            first.wait_until(lambda: len(self._logged()) > SOON, _START)
        finally:
            began = time.time()
            first.kill()
            self._killing = began, time.time()

    def _training(self) -> bool:
        try:
            return Scraper(self.url).scrape().metrics.has([catalogue.STEPS])
        except UnreachableError:
            return False

    def _read(self) -> Mapping[str, Any]:
        return json.loads(self._ledger.read_text(encoding="utf-8")) if self._ledger.exists() else {}

    def _done(self) -> int:
        return self._read().get("done", 0)

    def _logged(self) -> list[Logged]:
        """Return what the program has written of its steps; a line that is being written is left out."""
        text = self._steps.read_text(encoding="utf-8") if self._steps.exists() else ""
        lines = (line.split() for line in text.splitlines(keepends=True) if line.endswith("\n"))
        return [Logged(run, phase, int(step), float(at)) for run, phase, step, at in lines]

    # -- who gives orders

    def _order(self, order: Mapping[str, Any]) -> None:
        self.program.feed(json.dumps(order))
        self._given += 1

    def _give_orders(self) -> None:
        for order in orders():
            while self._done() < self._given:
                if self._ended.wait(_LOOK):
                    return
            if self._ended.is_set():
                return
            try:
                self._order(order)
            except OSError:  # the program has ended: the comparison tells it
                return
            if order.get("stopped"):
                self._ended.wait(_STOP_AFTER)
                self._stop(order["run"])

    def _stop(self, run: str) -> None:
        """Stop a run as a person does in another terminal."""
        while self._done() < self._given:  # it may not have begun
            if succeeded(["training", "stop", run], self._variables()):
                self._stops += 1
                return
            time.sleep(_LOOK)

    def play(self) -> None:
        """Start to give orders, one after the other until :meth:`settle`."""
        self._orders = threading.Thread(target=self._give_orders, name="argus-otel demo orders", daemon=True)
        self._orders.start()

    def progress(self) -> str:
        """Return in a few words what has happened so far."""
        return f"{summary(Scraper(self.url).scrape().metrics)}; {self._stops} stopped from another process"

    def settle(self) -> list[Row]:
        """Give no more orders, wait until the last run has ended, and return the comparison.

        If it does not end within some seconds, the comparison shows it.

        Raises
        ------
        UnreachableError
            The program's endpoint no longer answers.
        """
        self._ended.set()
        if self._orders is not None:
            self._orders.join(_SETTLE)
        rows: list[Row] = []

        def finished() -> bool:
            ledger = self._read()
            done = Row("orders", "done", self._given, ledger.get("done", 0))
            rows[:] = [done, *compare(ledger.get("counts", {}), self._stops, Scraper(self.url).scrape().metrics)]
            return all(row.agrees for row in rows)

        settled(finished, _SETTLE)
        self.program.stop()  # history has everything then
        stored = Stored(self._history)
        rows += compare_artifacts(self._read().get("counts", {}), stored)
        return [*rows, *compare_stored(self._logged(), self._killing, self._killed, stored)]
