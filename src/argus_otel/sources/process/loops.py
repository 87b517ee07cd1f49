"""Observed: the event loops that sources register. Signals: a histogram of lag, a gauge of tasks, and liveness.

A timer runs on each loop four times a second. Its delay is the time that everything else on that loop waited. The timer
counts the tasks too, because no other thread can safely do that.

Safe, because a timer keeps no loop running and holds no reference to one, and counting takes a thousandth of the loop's
time at most.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import weakref
from collections import deque
from time import monotonic, perf_counter

from argus_otel.telemetry import AttributeValue, HistogramCell, Telemetry

from .catalogue import LOOP_LAG, TASKS

HOOK = "event loops"

PERIOD = 0.25
"""Seconds between two ticks."""

# Shorter waits are ordinary. Once there are so many blocks of a loop, the oldest is forgotten.
_BLOCKED, _BLOCKS_REMEMBERED = 0.25, 64

_COUNT_EVERY = 1.0
_COUNT_SHARE = 1000

_log = logging.getLogger("argus_otel")


class LoopWatch:
    """The state of one event loop, which its ticks update and other threads read. It does not keep the loop alive.

    Attributes
    ----------
    since:
        When the loop was registered, by :func:`time.monotonic`, as are the other times.
    due:
        When the next tick should run.
    thread:
        The thread that the loop runs on.
    tasks:
        The number of tasks about a second ago.
    reported:
        The ``due`` of the last missing tick that the watchdog has reported.
    idle:
        When the watchdog last saw that the loop did not run.
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
        self.reported: float | None = None
        self.idle = self.since
        self.on = True
        self._blocks: deque[tuple[float, float]] = deque(maxlen=_BLOCKS_REMEMBERED)
        self._count_at = self.since
        loop.call_later(PERIOD, self._tick)
        self._count(loop, self.since)

    @property
    def running(self) -> bool:
        """Whether the loop exists and runs."""
        loop = self._loop()
        return loop is not None and loop.is_running()

    @property
    def closed(self) -> bool:
        """Whether the loop will never run again."""
        loop = self._loop()
        return loop is None or loop.is_closed()

    def watches(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether this is the state of ``loop``."""
        return self._loop() is loop

    def blocked(self, since: float, until: float) -> float:
        """Return how many seconds between two moments the loop was blocked for. On the loop's thread.

        A tick that is overdue counts: the caller may be what blocks the loop.
        """
        blocks = [*self._blocks, (self.due, monotonic())] if monotonic() - self.due >= _BLOCKED else self._blocks
        return sum(max(0.0, min(end, until) - max(begin, since)) for begin, end in blocks)

    def _ticked(self) -> None:
        if not self.on:
            return
        now = monotonic()
        loop = asyncio.get_running_loop()
        loop.call_later(PERIOD, self._tick)
        due, self.due = self.due, now + PERIOD
        if now - due >= _BLOCKED:
            self._blocks.append((max(due, self.idle), now))
        self.thread = threading.current_thread()
        self._lag.record(max(0.0, now - max(due, self.idle)))
        if now >= self._count_at:
            self._count(loop, now)
        if self.reported == due:
            _log.info("argus-otel: the event loop goes on, after %.1f s", now - due)

    def _count(self, loop: asyncio.AbstractEventLoop, now: float) -> None:
        self.tasks = len(asyncio.all_tasks(loop))
        took = monotonic() - now
        self._count_at = now + max(_COUNT_EVERY, took * _COUNT_SHARE)


class Loops:
    """The registered event loops."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._known: list[weakref.ref[asyncio.AbstractEventLoop]] = []
        self._watches: list[LoopWatch] = []
        self._on = False
        self._lags = telemetry.histogram(LOOP_LAG)
        self._watch = telemetry.guard.shield(HOOK, self._begin)
        telemetry.gauge(TASKS, self._tasks)
        telemetry.add_loop_listener(telemetry.guard.shield(HOOK, self._registered))

    def watches(self) -> list[LoopWatch]:
        """Return the states of the loops that can still run. Any thread."""
        return [watch for watch in self._watches if not watch.closed]

    def install(self) -> None:
        """Watch the known loops, and those that are registered later. Any thread."""
        self._on = True
        self._telemetry.loop_blocked = self._blocked
        for known in self._known:
            loop = known()
            if loop is not None and not loop.is_closed():
                loop.call_soon_threadsafe(self._watch, loop)

    def uninstall(self) -> None:
        """Stop watching every loop. Any thread. A tick that is already due does nothing."""
        self._on = False
        for watch in self._watches:
            watch.on = False
        self._watches = []

    def forget(self) -> None:
        """Forget every loop, in a forked child: they belong to the parent."""
        self._known = []
        self.uninstall()

    def _registered(self, loop: asyncio.AbstractEventLoop) -> None:
        known = [ref for ref in self._known if (other := ref()) is not None and not other.is_closed()]
        if all(ref() is not loop for ref in known):
            known.append(weakref.ref(loop))
        self._known = known
        self._begin(loop)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._on and not any(watch.watches(loop) for watch in self._watches):
            # Replaced, not changed: other threads read it.
            self._watches = [*self.watches(), LoopWatch(loop, self._lags[()], self._telemetry)]

    def _blocked(self, since: float, until: float) -> float:
        """Return how many seconds the running loop was blocked for, between two moments by ``perf_counter``."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # the process ends, and no loop runs any more
            return 0.0
        shift = monotonic() - perf_counter()
        return sum(watch.blocked(since + shift, until + shift) for watch in self._watches if watch.watches(loop))

    def _tasks(self) -> list[tuple[dict[str, AttributeValue], float]]:
        watches = self.watches()
        return [({}, float(sum(watch.tasks for watch in watches if watch.running)))] if watches else []
