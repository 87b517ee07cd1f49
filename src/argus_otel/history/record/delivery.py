"""How rows get from the buffer to an exporter: at once while it accepts them, through the spool while it does not.

Spooled rows go first once the destination is back, and new rows after them, so that the order holds. Rows that were
sent and may not have arrived are sent again with the same event ids: a store keeps one of each.
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

from argus_otel.history.row import Row
from argus_otel.telemetry import Guard

from .backoff import Backoff
from .buffer import BATCH
from .pending import PendingRows
from .spool import Segment, Spool, SpoolError
from .stats import Stats


class DestinationUnavailable(Exception):  # noqa: N818 - as the field calls it
    """The destination cannot accept rows now. None or some have arrived; all of them may be sent again."""


class RowsRejected(Exception):  # noqa: N818
    """The destination will never accept these rows."""


class Exporter(Protocol):
    """Brings rows to one destination."""

    destination: str
    """Its name in messages; without secrets."""

    def export(self, rows: Sequence[Row]) -> None:
        """Deliver rows; return when they have arrived.

        Raises
        ------
        DestinationUnavailable, RowsRejected
        """
        ...

    def close(self) -> None:
        """Release connections, and let an export that is under way fail soon. Any thread."""
        ...


class Delivery(ABC):
    """Accepts rows from the flush thread, and is responsible for them from then on.

    Attributes
    ----------
    destination:
        Its name in messages; without secrets.
    """

    def __init__(self, destination: str, spool: Spool | None, stats: Stats) -> None:
        self.destination = destination
        self._rows = PendingRows(spool, stats)
        self._stats = stats
        self._backoff = Backoff()

    @property
    def ready(self) -> bool:
        """Whether new rows may be accepted: otherwise they would only wait in memory."""
        return not self._rows.held

    def pending(self) -> int:
        """Return how many rows are in memory. Any thread."""
        return len(self._rows.held)

    def accept(self, rows: list[Row]) -> None:
        """Take over new rows. Does not block."""
        self._rows.add(rows)

    def spool(self, rows: list[Row]) -> None:
        """Spool ``rows`` and all rows in memory, including those in flight: the store deduplicates by event id.

        The next process delivers them. Any thread, while this process ends.
        """
        self._rows.add(rows)
        self._rows.spool_all()
        self._rows.close_segment()
        self._rows.drop()

    def save(self, rows: list[Row]) -> bool:  # noqa: ARG002 - a delivery that writes rows to the disk at once has none
        """Spool ``rows`` and all rows in memory, while an export takes long; return whether all are on the disk.

        None is dropped. Any thread.
        """
        return False

    @abstractmethod
    def deliver(self) -> None:
        """Export the accepted rows, or spool them."""

    @abstractmethod
    def tick(self) -> None:
        """Do the work that is due; called every second or so."""

    @abstractmethod
    def finish(self, deadline: float) -> None:
        """Export as many rows as possible until ``deadline``, by :func:`time.monotonic`; count the rest."""


class DirectDelivery(Delivery):
    """Delivers through an exporter in this process."""

    def __init__(self, exporter: Exporter, spool: Spool | None, stats: Stats, guard: Guard) -> None:
        super().__init__(exporter.destination, spool, stats)
        self._exporter = exporter
        self._guard = guard
        self._spooled = spool is not None  # perhaps: an earlier process may have left rows
        self._saved = 0

    def deliver(self) -> None:
        """Export the accepted rows, or spool them until the destination is back."""
        if self._backoff.over and not self._spooled:
            self._export_held()
        if self._rows.held and self._rows.spool is not None:
            self._spooled = True
            self._rows.spool_all()

    def save(self, rows: list[Row]) -> bool:
        """Spool ``rows`` and all rows in memory, while an export takes long; return whether all are on the disk.

        So a destination that does not answer for minutes does not fill the memory, and if the process is killed
        meanwhile, its rows are not lost. None is dropped. Any thread.
        """
        if self._rows.spool is None:
            return False
        self._rows.add(rows)
        self._saved += 1
        self._spooled = True
        return self._rows.save()

    def tick(self) -> None:
        """Export waiting rows, the oldest first, once the next attempt is due."""
        if self._spooled:
            self._rows.spool_all()  # rows that could not be spooled before
            if self._backoff.over:
                self._export_spooled()
        if self._backoff.over and self._rows.held and not self._spooled:
            self._export_held()

    def finish(self, deadline: float) -> None:
        """Export waiting rows, as far as time allows and the destination accepts them."""
        if self._rows.spool_all() and self._rows.spool is not None:
            self._backoff.reset()
            self._export_spooled(deadline)
        else:
            self._export_held(deadline)
        self._rows.drop()
        self._exporter.close()

    def _export_held(self, deadline: float = math.inf) -> None:
        """Export the rows in memory, in batches: without a spool they may be more than one request can hold."""
        while rows := self._rows.held[:BATCH]:
            self._rows.begin_export(rows)
            arrived = False
            try:
                arrived = self._export(rows)
            finally:
                self._rows.end_export(arrived=arrived)
            if not arrived or time.monotonic() > deadline:
                return

    def _export_spooled(self, deadline: float | None = None) -> None:
        """Export the spooled rows until none is left or the destination is unavailable."""
        spool = self._rows.spool
        if spool is None:
            return
        saved = self._saved
        self._rows.close_segment()
        try:
            for segment in spool.claim():
                if (deadline is not None and time.monotonic() > deadline) or not self._export_segment(segment):
                    segment.leave()
                    return
                segment.remove()
                self._stats.drop(segment.torn, "torn")
        except SpoolError as error:
            self._stats.spool_failed(str(error))  # new events are exported past it
        else:
            self._stats.spool_works()
        self._spooled = self._saved != saved
        spool.remove_if_empty()

    def _export_segment(self, segment: Segment) -> bool:
        rows = segment.rows
        return all(self._export(rows[start : start + BATCH]) for start in range(0, len(rows), BATCH))

    def _export(self, rows: Sequence[Row]) -> bool:
        """Return whether all of these rows were exported or given up."""
        if not rows:
            return True
        rejected: list[str] = []
        unavailable: list[str] = []

        def export() -> None:
            try:
                self._exporter.export(rows)
            except DestinationUnavailable as error:
                unavailable.append(str(error))
            except RowsRejected as error:
                rejected.append(str(error))

        self._guard.attempt(export, unavailable.append)
        if rejected:
            return self._export_halves(rows, rejected[0])
        if unavailable:
            self._stats.failed(unavailable[0])
            self._backoff.failed()
            return False
        self._stats.works()
        self._backoff.reset()
        return True

    def _export_halves(self, rows: Sequence[Row], why: str) -> bool:
        """Find the rows that are rejected: one of them does not cost the rest of its batch."""
        if len(rows) == 1:
            self._stats.drop(rows[0].number, "refused")
            self._stats.failed(f"an event {rows[0].event!r} is lost: {why}")
            return True
        middle = len(rows) // 2
        return self._export(rows[:middle]) and self._export(rows[middle:])
