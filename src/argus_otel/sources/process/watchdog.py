"""Observed: an event loop that stands still. Nouns: event, counter.

A thread looks at the loops' ticks. Of a loop whose tick is overdue by more than the threshold it takes the stack and
tells at once, so that one which never goes on is told of too; and once, however long that lasts.

Safe, because nothing is done on the loop. A loop is let off where it does not run, where the whole process did not run
(the machine slept, or others had the processors), where a debugger holds it, and where it imports modules in the
program's first moments.
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
    from .stacks import Stack

HOOK = "blocked loops"

_WARN_EVERY = 60.0
_STARTING = 30.0
_DEBUGGERS = ("bdb", "pydevd")
_IMPORTS = ("importlib._bootstrap", "_frozen_importlib")

_log = logging.getLogger("argus_otel")


class Watchdog:
    """Looks at the loops from a thread of its own.

    Parameters
    ----------
    after:
        For how long a loop may stand still, in seconds.
    watches:
        Returns the loops that are to be looked at.
    """

    def __init__(self, telemetry: Telemetry, after: float, watches: Callable[[], list[LoopWatch]]) -> None:
        self._telemetry = telemetry
        self._after = after
        self._watches = watches
        self._interval = min(after / 4, 0.25)
        self._counts = telemetry.counter(BLOCKINGS)
        self._stopping: threading.Event | None = None
        self._looked = self._fair_since = monotonic()
        self._used = process_time()
        self._warned: float | None = None

    def start(self) -> None:
        """Begin to look; safe to repeat."""
        if self._stopping is None:
            self._stopping = threading.Event()
            self._counts[()].value += 0  # a series that is there before the first is one that an alert can work with
            look = self._telemetry.guard.shield(HOOK, self._look)
            threading.Thread(
                target=self._run, args=(self._stopping, look), name="argus-otel watchdog", daemon=True
            ).start()

    def stop(self) -> None:
        """Look no more; safe to repeat."""
        if self._stopping is not None:
            self._stopping.set()
            self._stopping = None

    def _run(self, stopping: threading.Event, look: Callable[[], object]) -> None:
        while not stopping.wait(self._interval) and not sys.is_finalizing():
            look()

    # -- on the thread

    def _look(self) -> None:
        now = self._wake()
        for watch in self._watches():
            if not watch.running:
                watch.idle = now
                continue
            due = watch.due
            if due == watch.noticed or now - max(due, watch.idle, self._fair_since) <= self._after:
                continue
            from .stacks import Stack  # most processes never come here

            stack = Stack(watch.thread.ident)
            if watch.due != due or stack.is_waiting:  # it goes on, or will as soon as it gets a processor
                continue
            watch.noticed = due
            starting = now - watch.since < _STARTING
            if not stack.runs(*_DEBUGGERS) and not (starting and stack.runs(*_IMPORTS)):
                self._tell(watch, now - due, stack)

    def _wake(self) -> float:
        """Return the time. Where this thread itself is late and the process did not work, no loop is to blame."""
        now, used = monotonic(), process_time()
        late = now - self._looked - self._interval
        if late > self._interval and used - self._used < late / 4:
            self._fair_since = now
        self._looked, self._used = now, used
        return now

    def _tell(self, watch: LoopWatch, blocked: float, stack: Stack) -> None:
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
                "argus-otel: the event loop on %s stands still, for %.1f s up to now, in %s. Nothing else runs there "
                "meanwhile; the event %s has the whole stack. (Said once a minute at the most.)",
                watch.thread.name,
                blocked,
                redact(stack.innermost),
                BLOCKED_EVENT.name,
            )
