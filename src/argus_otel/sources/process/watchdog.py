"""Observed: event loops that are blocked. Signals: an event with the stack, and a counter.

A thread checks the loops' ticks. If a tick is overdue by more than the threshold, the thread takes the stack and
reports it at once, so that a loop that never goes on is reported too. A block is reported once, however long it lasts.

Safe, because nothing is done on the loop. A loop is not reported if it does not run, if the whole process did not run
(the machine slept, or other processes had the processors), if a debugger has stopped it, or if it imports modules while
the program starts.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from time import monotonic, process_time
from typing import TYPE_CHECKING

from argus_otel.telemetry import Telemetry

from .catalogue import BLOCKED_EVENT, BLOCKINGS
from .loops import LoopWatch

if TYPE_CHECKING:
    from argus_otel.telemetry.stacks import Stack

HOOK = "blocked loops"

_WARN_EVERY = 60.0
_STARTING = 30.0
_DEBUGGERS = ("bdb", "pydevd")
_IMPORTS = ("importlib._bootstrap", "_frozen_importlib")

_log = logging.getLogger("argus_otel")


class Watchdog:
    """Checks the loops from a thread of its own.

    Parameters
    ----------
    after:
        How long a loop may be blocked, in seconds.
    watches:
        Returns the loops to check.
    """

    def __init__(self, telemetry: Telemetry, after: float, watches: Callable[[], list[LoopWatch]]) -> None:
        self._telemetry = telemetry
        self._after = after
        self._watches = watches
        self._interval = min(after / 4, 0.25)
        self._counts = telemetry.counter(BLOCKINGS)
        self._stopping: threading.Event | None = None
        self._checked = self._fair_since = monotonic()
        self._cpu_time = process_time()
        self._warned: float | None = None

    def start(self) -> None:
        """Start the thread; safe to repeat."""
        if self._stopping is None:
            self._stopping = threading.Event()
            self._counts[()].value += 0  # an alert needs the series before the first block
            check = self._telemetry.guard.shield(HOOK, self._check)
            threading.Thread(
                target=self._run, args=(self._stopping, check), name="argus-otel watchdog", daemon=True
            ).start()

    def stop(self) -> None:
        """Stop the thread; safe to repeat."""
        if self._stopping is not None:
            self._stopping.set()
            self._stopping = None

    def _run(self, stopping: threading.Event, check: Callable[[], object]) -> None:
        while not stopping.wait(self._interval) and not sys.is_finalizing():
            check()

    # -- on the thread

    def _check(self) -> None:
        now = self._wake()
        for watch in self._watches():
            if not watch.running:
                watch.idle = now
                continue
            due = watch.due
            if due == watch.reported or now - max(due, watch.idle, self._fair_since) <= self._after:
                continue
            from argus_otel.telemetry.stacks import Stack  # most processes never need it

            stack = Stack(watch.thread.ident)
            if watch.due != due or stack.is_waiting:  # it goes on, or will when it gets a processor
                continue
            watch.reported = due
            starting = now - watch.since < _STARTING
            if not stack.runs(*_DEBUGGERS) and not (starting and stack.runs(*_IMPORTS)):
                self._report(watch, now - due, stack)

    def _wake(self) -> float:
        """Return the time. If this thread is late itself and the process used no processor, excuse every loop."""
        now, cpu_time = monotonic(), process_time()
        late = now - self._checked - self._interval
        if late > self._interval and cpu_time - self._cpu_time < late / 4:
            self._fair_since = now
        self._checked, self._cpu_time = now, cpu_time
        return now

    def _report(self, watch: LoopWatch, blocked: float, stack: Stack) -> None:
        redact = self._telemetry.redact
        self._counts[()].value += 1
        attributes = {
            "asyncio.loop.blocked.duration": blocked,
            "code.stacktrace": redact(str(stack)),
            "thread.name": watch.thread.name,
        }
        self._telemetry.emit(BLOCKED_EVENT, attributes)
        now = monotonic()
        if self._warned is None or now - self._warned >= _WARN_EVERY:
            self._warned = now
            _log.warning(
                "argus-otel: the event loop on %s is blocked, for %.1f s so far, in %s. Nothing else runs on that loop "
                "meanwhile. The event %s has the whole stack. (Reported once a minute at most.)",
                watch.thread.name,
                blocked,
                redact(stack.innermost),
                BLOCKED_EVENT.name,
            )
