"""Delivers rows to daily files. The disk is the destination, so there is no spool."""

from __future__ import annotations

import time

from argus_otel.history.files.listing import FilesError
from argus_otel.history.files.writer import DayFileWriter

from .buffer import BATCH
from .delivery import Delivery
from .stats import Stats

_WAIT = 0.05


class FilesDelivery(Delivery):
    """Appends rows to this process's file. While that fails, they stay in memory."""

    def __init__(self, destination: str, writer: DayFileWriter, stats: Stats) -> None:
        super().__init__(destination, None, stats)
        self._writer = writer

        self._limits_fail = False

    def deliver(self) -> None:
        """Write the accepted rows."""
        if self._backoff.over:
            self._write()

    def tick(self) -> None:
        """Write rows that could not be written before, end the file of a day that is over, and apply the limits."""
        if self._backoff.over:
            self._write()
        try:
            self._writer.tick()
        except FilesError as error:
            self._limits_fail = True
            self._stats.failed(f"{error}; the directory grows beyond its limits")
        else:
            self._limits_fail = False

    def finish(self, deadline: float) -> None:
        """Write all rows and end the file. An erasure in the directory is waited for, until the deadline."""
        while self._write() and time.monotonic() < deadline:
            time.sleep(_WAIT)
        self._rows.drop()
        self._writer.close()

    def _write(self) -> bool:
        """Write the rows in memory; return whether they wait until rows have been erased from the directory."""
        while rows := self._rows.held[:BATCH]:
            try:
                if not self._writer.append(rows):
                    return True
            except FilesError as error:
                self._stats.failed(f"{error}; events wait in memory only")
                self._backoff.failed()
                return False
            self._rows.release(rows)
            self._backoff.reset()
            if not self._limits_fail:
                self._stats.works()
        return False
