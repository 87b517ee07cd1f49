"""The thread that takes rows from the buffer and hands them to a delivery; another one watches how long that takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from argus_otel.history.row import Row
from argus_otel.telemetry import Guard

from .buffer import BATCH
from .delivery import Delivery


class RowSource(Protocol):
    """The buffer, as the flush thread sees it."""

    filled: threading.Event

    def __len__(self) -> int:
        """Return how many events are buffered."""
        ...

    def take(self) -> list[Row]:
        """Remove the oldest events, and return them as rows."""
        ...


class FlushThread:
    """Moves rows from the buffer to a delivery at an interval, and at once when a batch is full.

    Parameters
    ----------
    around:
        Makes a context in which the whole thread runs.
    interval:
        How long an event may be buffered, in seconds. Half of it is how long a delivery may take before its rows are
        saved: so a process that is killed loses none that is older than both together, and by default than a second.
    """

    def __init__(
        self,
        buffer: RowSource,
        delivery: Delivery,
        guard: Guard,
        around: Callable[[], AbstractContextManager[object]] = nullcontext,
        interval: float = 0.6,
    ) -> None:
        self._buffer = buffer
        self._delivery = delivery
        self._around = around
        self._interval = interval
        self._moving = threading.Lock()
        self._delivering, self._delivered = threading.Event(), threading.Event()
        self._ending = threading.Event()
        self._deadline = 0.0
        self._thread = threading.Thread(target=self._run, name="argus-otel history", daemon=True)
        self._watcher = threading.Thread(target=self._watch, name="argus-otel history watcher", daemon=True)
        self._flush = guard.shield("history", self._flush_batches)
        self._save = guard.shield("history", self._save_waiting)
        self._finish = guard.shield("history", self._flush_last)

    def start(self) -> None:
        """Start the threads."""
        self._thread.start()
        self._watcher.start()

    def end(self, timeout: float) -> None:
        """Deliver as many rows as possible within ``timeout`` seconds, and spool the rest. Any thread, once."""
        self._deadline = time.monotonic() + 0.8 * timeout
        self._ending.set()
        self._delivering.set()
        self._buffer.filled.set()
        if self._thread.ident is None:
            return
        self._thread.join(0.8 * timeout)
        if self._thread.is_alive():  # blocked by a destination that does not answer
            with self._moving:
                rows: list[Row] = []
                while len(self._buffer):
                    rows += self._buffer.take()
                self._delivery.spool(rows)

    def _watch(self) -> None:
        """Save rows each half interval while a delivery takes longer than that."""
        with self._around():
            while not self._ending.is_set():
                self._delivering.wait()
                while not self._delivered.wait(self._interval / 2) and not self._ending.is_set():
                    self._save()

    def _save_waiting(self) -> None:
        with self._moving:
            saved = self._delivery.save([])
            while saved and len(self._buffer):
                saved = self._delivery.save(self._buffer.take())

    def _run(self) -> None:
        with self._around():
            while not self._ending.is_set():
                next_flush = time.monotonic() + self._interval
                self._delivered.clear()
                self._delivering.set()
                self._flush()
                self._delivering.clear()
                self._delivered.set()
                # What was buffered during a delivery has waited for as long as that took.
                self._buffer.filled.wait(max(0.0, next_flush - time.monotonic()))
                self._buffer.filled.clear()
            self._finish()

    def _flush_batches(self) -> None:
        self._delivery.tick()
        while self._delivery.ready and len(self._buffer):
            self._move()
            if len(self._buffer) < BATCH:  # otherwise a busy process would have each event delivered alone
                break

    def _flush_last(self) -> None:
        while len(self._buffer):
            self._move()
        self._delivery.finish(self._deadline)

    def _move(self) -> None:
        """Hand a batch over. The lock keeps every row either in the buffer or with the delivery."""
        with self._moving:
            self._delivery.accept(self._buffer.take())
        self._delivery.deliver()
