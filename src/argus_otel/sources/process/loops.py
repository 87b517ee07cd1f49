"""Observed: event loops that a source has found. Nouns: histogram, gauge; and each loop's signs of life.

A timer runs on each loop four times a second: how late it is, is what everything else there waited. It counts the tasks
too, because no other thread can safely do that. Safe, because a timer keeps no loop running and holds no reference to
one, and counting takes a thousandth of the loop's time at the most.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import weakref
from time import monotonic

from argus_otel.telemetry import AttributeValue, HistogramCell, Telemetry

from .catalogue import LOOP_LAG, TASKS

HOOK = "event loops"

PERIOD = 0.25
"""Seconds between two ticks."""

_COUNT_EVERY = 1.0
_COUNT_SHARE = 1000

_log = logging.getLogger("argus_otel")


class LoopWatch:
    """One event loop, as its ticks leave it for other threads to read. It does not keep the loop alive.

    Attributes
    ----------
    since:
        When the loop was found, by :func:`time.monotonic`, as are the other times.
    due:
        When the next tick should run.
    thread:
        The thread that it runs on.
    tasks:
        How many tasks there were, a second ago or some more.
    noticed:
        The ``due`` of the last tick whose absence somebody has noticed.
    idle:
        When somebody last saw that the loop did not run.
    on:
        Whether it ticks.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, lag: HistogramCell, telemetry: Telemetry) -> None:
        self._loop = weakref.ref(loop)
        self._lag = lag
        self._tick = telemetry.guard.shield(HOOK, self._ticked)
        self.since = monotonic()
        self.due = self.since + PERIOD
        self.thread = threading.current_thread()
        self.tasks = 0
        self.noticed: float | None = None
        self.idle = self.since
        self.on = True
        self._count_at = self.since
        loop.call_later(PERIOD, self._tick)
        self._count(loop, self.since)

    @property
    def running(self) -> bool:
        """Whether the loop exists and runs."""
        loop = self._loop()
        return loop is not None and loop.is_running()

    def of(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether this is ``loop``'s."""
        return self._loop() is loop

    @property
    def over(self) -> bool:
        """Whether the loop will never run again."""
        loop = self._loop()
        return loop is None or loop.is_closed()

    def _ticked(self) -> None:
        if not self.on:
            return
        now = monotonic()
        loop = asyncio.get_running_loop()
        loop.call_later(PERIOD, self._tick)
        due, self.due = self.due, now + PERIOD
        self.thread = threading.current_thread()
        self._lag.record(max(0.0, now - max(due, self.idle)))
        if now >= self._count_at:
            self._count(loop, now)
        if self.noticed == due:
            _log.info("argus-otel: the event loop goes on, after %.1f s", now - due)

    def _count(self, loop: asyncio.AbstractEventLoop, now: float) -> None:
        self.tasks = len(asyncio.all_tasks(loop))
        took = monotonic() - now
        self._count_at = now + max(_COUNT_EVERY, took * _COUNT_SHARE)


class Loops:
    """Every event loop that has been found."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._known: list[weakref.ref[asyncio.AbstractEventLoop]] = []
        self._watches: list[LoopWatch] = []
        self._on = False
        self._lags = telemetry.histogram(LOOP_LAG)
        self._watch = telemetry.guard.shield(HOOK, self._begin)
        telemetry.gauge(TASKS, self._tasks)
        telemetry.watch_loops(telemetry.guard.shield(HOOK, self._found))

    def watches(self) -> list[LoopWatch]:
        """Return those that can still run; from any thread."""
        return [watch for watch in self._watches if not watch.over]

    def install(self) -> None:
        """Watch the loops that are known, and those that will be found; from any thread."""
        self._on = True
        for known in self._known:
            loop = known()
            if loop is not None and not loop.is_closed():
                loop.call_soon_threadsafe(self._watch, loop)

    def uninstall(self) -> None:
        """Leave every loop alone; from any thread. A tick that is under way does nothing."""
        self._on = False
        for watch in self._watches:
            watch.on = False
        self._watches = []

    def forget(self) -> None:
        """Forget every loop: in a forked child, where they are the parent's."""
        self._known = []
        self.uninstall()

    def _found(self, loop: asyncio.AbstractEventLoop) -> None:
        known = [ref for ref in self._known if (other := ref()) is not None and not other.is_closed()]
        if all(ref() is not loop for ref in known):
            known.append(weakref.ref(loop))
        self._known = known
        self._begin(loop)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._on and not any(watch.of(loop) for watch in self._watches):
            # Replaced, not changed: other threads read it.
            self._watches = [*self.watches(), LoopWatch(loop, self._lags[()], self._telemetry)]

    def _tasks(self) -> list[tuple[dict[str, AttributeValue], float]]:
        watches = self.watches()
        return [({}, float(sum(watch.tasks for watch in watches if watch.running)))] if watches else []
