"""What goes along with each run: told of its beginning and its end, and called each second meanwhile."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Final

from argus_otel.telemetry import Guard

from .outcomes import Outcome
from .runs import TrainingRun

_INTERVAL: Final = 1.0


class Companion:
    """Goes along with the runs of a process; does nothing by itself. Each method may fail: that costs a count."""

    def began(self, run: TrainingRun) -> None:
        """Take note of a run that has just begun; on the training thread."""

    def each_second(self, runs: Sequence[TrainingRun]) -> None:
        """Do what is due while runs go on; on a thread of its own."""

    def ended(self, run: TrainingRun, outcome: Outcome) -> None:
        """Take note of a run that has just ended; on the training thread."""


class Companions:
    """The companions of a process, and the thread that calls them each second. There is one only while a run is.

    Parameters
    ----------
    active:
        Returns the runs that have not ended.
    """

    def __init__(self, guard: Guard, active: Callable[[], Sequence[TrainingRun]]) -> None:
        self._guard = guard
        self._active = active
        self._all: tuple[Companion, ...] = ()
        self._lock = threading.Lock()
        self._wake: threading.Event | None = None
        self._process = 0

    def add(self, companion: Companion) -> None:
        """Let one go along with runs that begin from now on."""
        self._all = (*self._all, companion)

    def began(self, run: TrainingRun) -> None:
        """Tell each of a run that has begun."""
        for companion in self._all:
            self._guard.run("training", companion.began, run)
        if not self._all:
            return
        if self._process != os.getpid():  # a fork has neither the thread nor a use for its lock
            self._process, self._lock, self._wake = os.getpid(), threading.Lock(), None
        with self._lock:
            if self._wake is None:
                self._wake = threading.Event()
                threading.Thread(target=self._run, args=(self._wake,), name="argus-otel training", daemon=True).start()

    def ended(self, run: TrainingRun, outcome: Outcome) -> None:
        """Tell each of a run that has ended."""
        for companion in self._all:
            self._guard.run("training", companion.ended, run, outcome)
        if self._active() or self._process != os.getpid():
            return
        with self._lock:
            if self._wake is not None and not self._active():
                self._wake.set()
                self._wake = None

    def _run(self, wake: threading.Event) -> None:
        while not wake.wait(_INTERVAL) and not sys.is_finalizing():
            runs = self._active()
            for companion in self._all:
                self._guard.run("training", companion.each_second, runs)
