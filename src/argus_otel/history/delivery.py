"""How rows get from the journal to a carrier: at once while it takes them, by the disk while it does not.

What waits on the disk goes first when the carrier is back, and new rows after it, so that the order holds. What was
sent and may not have arrived is sent again, with the same event ids: a store keeps each once.
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from argus_otel.telemetry import Guard

from .journal import BATCH
from .rows import Row
from .spool import Segment, Spool, SpoolError
from .tally import Tally

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
"""Seconds between two attempts at a carrier that is away: twice as long after each, and less by chance."""


class AwayError(Exception):
    """The carrier cannot take rows now. Nothing, or a part, has arrived; all of it may be sent again."""


class RefusedError(Exception):
    """The carrier will never take these rows."""


class Carrier(Protocol):
    """Takes rows to where history lives."""

    where: str
    """What it is called in messages; without secrets."""

    def carry(self, rows: Sequence[Row]) -> None:
        """Deliver rows; return when they have arrived.

        Raises
        ------
        AwayError, RefusedError
        """
        ...

    def close(self) -> None:
        """Give up what it holds, and let a delivery that is under way fail soon. Any thread."""
        ...


class Delivery(Protocol):
    """What the thread that writes does with rows."""

    where: str

    @property
    def ready(self) -> bool:
        """Whether new rows may be handed over: they would have to wait in memory otherwise."""
        ...

    def accept(self, rows: list[Row]) -> None:
        """Take new rows, which then are its own to account for. Waits for nothing."""
        ...

    def deliver(self) -> None:
        """Deliver what was accepted, or have it wait where it is safe."""
        ...

    def turn(self) -> None:
        """Do what is due: called every second or so."""
        ...

    def save(self, rows: list[Row]) -> None:
        """Write these rows, and whatever else is in memory only, to the disk. Any thread, as the process is ending."""
        ...

    def finish(self, deadline: float) -> None:
        """Deliver what can be until ``deadline``, by :func:`time.monotonic`; leave nothing uncounted."""
        ...

    def waiting(self) -> int:
        """Return how many rows are held in memory. Any thread."""
        ...


class Pause:
    """When to try again what has failed."""

    def __init__(self) -> None:
        self._length = 0.0
        self._until = 0.0

    @property
    def over(self) -> bool:
        """Whether it is time."""
        return time.monotonic() >= self._until

    @property
    def needed(self) -> bool:
        """Whether what was tried last has failed."""
        return self._length > 0

    def lengthen(self) -> None:
        """Wait longer than the last time; not all processes of a bot for the same time."""
        self._length = min(max(FIRST_PAUSE, 2 * self._length), LONGEST_PAUSE)
        self._until = time.monotonic() + self._length * random.uniform(0.5, 1.0)  # noqa: S311

    def end(self) -> None:
        """Wait no more."""
        self._length = self._until = 0.0


class Shelf:
    """Rows in memory, and the disk below them. Where the disk cannot be used, they stay in memory.

    Parameters
    ----------
    spool:
        ``None`` where there is no directory that could be used.
    """

    def __init__(self, spool: Spool | None, tally: Tally) -> None:
        self.spool = spool
        self.held: list[Row] = []
        self._tally = tally
        self._using = threading.RLock()

    def put(self, rows: Sequence[Row]) -> None:
        """Hold these rows, which are the newest, in memory."""
        with self._using:
            self.held = [*self.held, *rows]

    def release(self, rows: Sequence[Row]) -> None:
        """Hold these rows, which were the oldest, no more."""
        with self._using:
            self.held = self.held[len(rows) :]

    def save(self) -> bool:
        """Write what is held to the disk; return whether nothing is held any more.

        What has no room on the disk is dropped, and counted.
        """
        with self._using:
            if self.held and self.spool is not None:
                try:
                    kept = self.spool.append(self.held)
                except SpoolError as error:
                    self.held = self.held[error.kept :]
                    self._tally.spool_fails(f"{error}; events wait in memory only")
                    return False
                if kept < len(self.held):
                    directory = self.spool.directory
                    self._tally.spool_fails(
                        f"{directory} is full (ARGUS_HISTORY_SPOOL_LIMIT): what happens now is lost"
                    )
                else:
                    self._tally.spool_works()
                self._tally.drop(len(self.held) - kept, "spool_full")
                self.held = []
            return not self.held

    def drop(self) -> None:
        """Give up what is held, as the bot ends and nothing takes it."""
        with self._using:
            self._tally.lost_at_the_end(len(self.held))
            self.held = []

    def close_segment(self) -> None:
        """Let what was saved be delivered."""
        with self._using:
            if self.spool is not None:
                self.spool.close()


class Direct:
    """Delivers to a carrier in this process."""

    def __init__(self, carrier: Carrier, spool: Spool | None, tally: Tally, guard: Guard) -> None:
        self.where = carrier.where
        self._carrier = carrier
        self._shelf = Shelf(spool, tally)
        self._tally = tally
        self._guard = guard
        self._pause = Pause()
        self._on_disk = spool is not None  # perhaps: what a process before this one has left

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
        """Deliver what was accepted, or save it until the carrier is back."""
        if self._pause.over and not self._on_disk:
            self._deliver_held()
        if self._shelf.held and self._shelf.spool is not None:
            self._on_disk = True
            self._shelf.save()

    def turn(self) -> None:
        """Deliver what waits, the oldest first, when it is time to try again."""
        if self._on_disk:
            self._shelf.save()  # what could not be saved before
            if self._pause.over:
                self._deliver_saved()
        if self._pause.over and self._shelf.held and not self._on_disk:
            self._deliver_held()

    def save(self, rows: list[Row]) -> None:
        """Write rows, and what is held, to the disk, be it on its way or not: what arrives twice is kept once."""
        self._shelf.put(rows)
        self._shelf.save()
        self._shelf.close_segment()
        self._shelf.drop()

    def finish(self, deadline: float) -> None:
        """Deliver what waits, as far as time allows and the carrier takes it."""
        if self._shelf.save() and self._shelf.spool is not None:
            self._pause.end()
            self._deliver_saved(deadline)
        else:
            self._deliver_held(deadline)
        self._shelf.drop()
        self._carrier.close()

    def _deliver_held(self, deadline: float = math.inf) -> None:
        """Deliver what is in memory, in batches: without a disk it may be more than the carrier takes at once."""
        while rows := self._shelf.held[:BATCH]:
            if not self._carry(rows):
                return
            self._shelf.release(rows)
            if time.monotonic() > deadline:
                return

    def _deliver_saved(self, deadline: float | None = None) -> None:
        """Deliver what is on the disk, until that is nothing, or the carrier is away."""
        spool = self._shelf.spool
        if spool is None:
            return
        self._shelf.close_segment()
        try:
            for segment in spool.claim():
                if (deadline is not None and time.monotonic() > deadline) or not self._deliver_segment(segment):
                    segment.leave()
                    return
                segment.remove()
                self._tally.drop(segment.torn, "torn")
        except SpoolError as error:
            self._tally.spool_fails(str(error))  # and new events go past it
        else:
            self._tally.spool_works()
        self._on_disk = False
        spool.remove_if_empty()

    def _deliver_segment(self, segment: Segment) -> bool:
        rows = segment.rows
        return all(self._carry(rows[start : start + BATCH]) for start in range(0, len(rows), BATCH))

    def _carry(self, rows: Sequence[Row]) -> bool:
        """Return whether nothing of these rows is left to be delivered."""
        if not rows:
            return True
        refused: list[str] = []
        away: list[str] = []

        def carry() -> None:
            try:
                self._carrier.carry(rows)
            except AwayError as error:
                away.append(str(error))
            except RefusedError as error:
                refused.append(str(error))

        self._guard.attempt(carry, away.append)
        if refused:
            return self._carry_fewer(rows, refused[0])
        if away:
            self._tally.fails(away[0])
            self._pause.lengthen()
            return False
        self._tally.works()
        self._pause.end()
        return True

    def _carry_fewer(self, rows: Sequence[Row], why: str) -> bool:
        """Find the rows that are refused: not all of a batch are to be lost for one of them."""
        if len(rows) == 1:
            self._tally.drop(1, "refused")
            self._tally.fails(f"an event {rows[0].event!r} is lost: {why}")
            return True
        middle = len(rows) // 2
        return self._carry(rows[:middle]) and self._carry(rows[middle:])


class Writer:
    """The thread that takes rows from the journal and hands them over.

    Parameters
    ----------
    around:
        Makes a scope in which the thread runs.
    interval:
        How long an event may wait in memory, in seconds.
    """

    def __init__(
        self,
        journal: Taking,
        delivery: Delivery,
        guard: Guard,
        around: Callable[[], AbstractContextManager[object]] = nullcontext,
        interval: float = 1.0,
    ) -> None:
        self._journal = journal
        self._delivery = delivery
        self._around = around
        self._interval = interval
        self._moving = threading.Lock()
        self._ending = threading.Event()
        self._deadline = 0.0
        self._thread = threading.Thread(target=self._run, name="argus-otel history", daemon=True)
        self._turn = guard.shield("history", self._take_turn)
        self._finish = guard.shield("history", self._take_last)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self, timeout: float) -> None:
        """Deliver what can be within ``timeout`` seconds; have the rest on the disk by then. Any thread, once."""
        self._deadline = time.monotonic() + 0.8 * timeout
        self._ending.set()
        self._journal.filled.set()
        if self._thread.ident is None:
            return
        self._thread.join(0.8 * timeout)
        if self._thread.is_alive():  # it waits for a carrier that does not answer
            with self._moving:
                rows: list[Row] = []
                while len(self._journal):
                    rows += self._journal.take()
                self._delivery.save(rows)

    def _run(self) -> None:
        with self._around():
            while not self._ending.is_set():
                self._turn()
                self._journal.filled.wait(self._interval)
                self._journal.filled.clear()
            self._finish()

    def _take_turn(self) -> None:
        self._delivery.turn()
        while self._delivery.ready and len(self._journal):
            self._move()
            if len(self._journal) < BATCH:  # or a bot that is never idle would have each event delivered alone
                break

    def _take_last(self) -> None:
        while len(self._journal):
            self._move()
        self._delivery.finish(self._deadline)

    def _move(self) -> None:
        """Hand a batch over. At no moment has nobody got it who would save it."""
        with self._moving:
            self._delivery.accept(self._journal.take())
        self._delivery.deliver()


class Taking(Protocol):
    """The journal, as the writer sees it."""

    filled: threading.Event

    def __len__(self) -> int:
        """Return how many events wait."""
        ...

    def take(self) -> list[Row]:
        """Return the oldest events as rows."""
        ...
