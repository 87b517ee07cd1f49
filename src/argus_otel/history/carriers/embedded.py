"""Rows to an embedded store: onto the disk, from where a process of its own takes them in, see `intake.py`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import PurePath

from argus_otel.history.address import Address
from argus_otel.history.delivery import Pause, Shelf
from argus_otel.history.rows import Row
from argus_otel.history.spool import Spool, SpoolError
from argus_otel.history.taken import Taken
from argus_otel.history.tally import Tally

INTERVAL = 30.0
"""Seconds between two intakes. Each costs about one second of a processor, at the lowest priority."""

_SITECUSTOMIZE = str(PurePath("opentelemetry", "instrumentation", "auto_instrumentation"))


class Embedded:
    """Writes rows to the spool, and has them taken in."""

    def __init__(self, address: Address, spool: Spool, tally: Tally, interval: float = INTERVAL) -> None:
        self.where = str(address)
        self._spool = spool
        self._shelf = Shelf(spool, tally)
        self._tally = tally
        self._interval = interval
        self._pause = Pause()
        self._last = float("-inf")  # what an earlier process has left is taken in at once
        self._intake: subprocess.Popen[str] | None = None

    @property
    def ready(self) -> bool:
        """Whether new rows may be handed over."""
        return not self._shelf.held

    def waiting(self) -> int:
        """Return how many rows are held in memory."""
        return len(self._shelf.held)

    def accept(self, rows: list[Row]) -> None:
        """Take new rows."""
        self._shelf.put(rows)

    def deliver(self) -> None:
        """Save what was accepted, where whoever asks about history can take it in at once.

        While intakes fail, it goes into one large segment rather than into one more of many.
        """
        self._shelf.save()
        if not self._pause.needed:
            self._shelf.close_segment()

    def turn(self) -> None:
        """Save what could not be saved, and begin an intake, or see what became of one, when it is time."""
        self._shelf.save()
        if self._intake is not None:
            if self._intake.poll() is not None:
                self._ended(self._intake)
        elif time.monotonic() >= self._last + self._interval and self._pause.over:
            self._begin()

    def save(self, rows: list[Row]) -> None:
        """Save rows, and leave them to the next bot's intake."""
        self._shelf.put(rows)
        self._shelf.save()
        self._shelf.close_segment()
        self._shelf.drop()

    def finish(self, deadline: float) -> None:
        """Save everything, and have it taken in. An intake that takes longer ends by itself, after the bot."""
        self._shelf.save()
        self._shelf.drop()
        self._wait(deadline)
        if self._intake is None:
            self._begin()
            self._wait(deadline)

    def _begin(self) -> None:
        self._last = time.monotonic()
        self._shelf.close_segment()
        try:
            if self._spool.empty:
                return
        except SpoolError as error:
            self._tally.spool_fails(str(error))
            return
        command = [sys.executable, "-m", "argus_otel.history.intake"]
        command += ["--store", self.where, "--spool", str(self._spool.directory)]
        try:
            self._intake = subprocess.Popen(  # noqa: S603 - our own command line
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env=_environment(os.environ),
                # Ctrl-C is for the bot: what has begun may end in good order.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # the same, on Windows
            )
        except OSError as error:
            self._tally.fails(f"{self.where}: no process can be started to take events in: {error}")
            self._pause.lengthen()

    def _wait(self, deadline: float) -> None:
        if self._intake is not None:
            try:
                self._intake.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                return
            self._ended(self._intake)

    def _ended(self, intake: subprocess.Popen[str]) -> None:
        said = intake.communicate()[0]
        self._intake = None
        try:
            taken = Taken(**json.loads(said))
        except (ValueError, TypeError):
            taken = Taken(problem=f"the process that takes events in ended with {intake.returncode} and told nothing")
        for reason, number in taken.dropped.items():
            self._tally.drop(number, reason)
        if taken.problem:
            self._tally.fails(taken.problem)
            self._pause.lengthen()
        else:
            self._tally.works()
            self._pause.end()


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which nothing instruments the process, and nothing of the bot's settings holds."""
    ours = {name: value for name, value in environ.items() if not name.startswith(("ARGUS_", "OTEL_"))}
    path = environ.get("PYTHONPATH", "").split(os.pathsep)
    ours["PYTHONPATH"] = os.pathsep.join(each for each in path if each and _SITECUSTOMIZE not in each)
    return {**ours, "OTEL_SDK_DISABLED": "true"}
