"""Rows that are accepted and not delivered yet."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from argus_otel.history.row import Row, number_in

from .spool import Spool, SpoolError
from .stats import Stats


class PendingRows:
    """Rows in memory, above the spool. While the spool cannot be written, they stay in memory.

    Parameters
    ----------
    spool:
        ``None`` if there is no directory that can be used.
    """

    def __init__(self, spool: Spool | None, stats: Stats) -> None:
        self.spool = spool
        self.held: list[Row] = []
        self._stats = stats
        self._exported = 0
        self._copies: Spool | None = None
        self._lock = threading.RLock()

    def add(self, rows: Sequence[Row]) -> None:
        """Hold these rows, the newest, in memory."""
        with self._lock:
            self.held = [*self.held, *rows]

    def release(self, rows: Sequence[Row]) -> None:
        """Let go of these rows, which are the oldest in memory."""
        with self._lock:
            self.held = self.held[len(rows) :]

    def begin_export(self, rows: Sequence[Row]) -> None:
        """Note that these rows, the oldest in memory, are being exported."""
        with self._lock:
            self._exported = len(rows)

    def end_export(self, *, arrived: bool) -> None:
        """Note that the export has ended. Rows that have arrived are let go of, the others stay in memory."""
        with self._lock:
            if arrived:
                self.release(self.held[: self._exported])
            self._exported = 0
            if self._copies is not None:
                self._copies.discard()
                self._copies = None

    def spool_all(self) -> bool:
        """Write the rows in memory to the spool; return whether none is left in memory.

        Rows beyond the spool's limit are dropped, and counted.
        """
        with self._lock:
            if self.held and self.spool is not None:
                try:
                    kept = self.spool.append(self.held)
                except SpoolError as error:
                    self.held = self.held[error.kept :]
                    self._stats.spool_failed(f"{error}; events wait in memory only")
                    return False
                if kept < len(self.held):
                    directory = self.spool.directory
                    self._stats.spool_failed(f"{directory} is full (ARGUS_HISTORY_SPOOL_LIMIT): new events are lost")
                else:
                    self._stats.spool_works()
                self._stats.drop(number_in(self.held[kept:]), "spool_full")
                self.held = []
            return not self.held

    def save(self) -> bool:
        """Write the rows in memory to the spool as far as they fit, while an export takes long.

        Those that are being exported stay in memory too: their copies are removed when the export ends, and delivered
        by the next process if this one is killed before. None is dropped.

        Returns
        -------
        bool
            Whether all of them are on the disk.
        """
        with self._lock:
            if self.spool is None:
                return False
            exported, rest = self.held[: self._exported], self.held[self._exported :]
            if exported and self._copies is None:
                self._copies = self.spool.another()
                _append(self._copies, exported)
            kept = _append(self.spool, rest) if rest else 0
            self.held = [*exported, *rest[kept:]]
            return kept == len(rest)

    def drop(self) -> None:
        """Give up the rows in memory, as the process ends and no destination accepts them."""
        with self._lock:
            self._stats.lost_at_shutdown(number_in(self.held))
            self.held = []

    def close_segment(self) -> None:
        """End the segment that is being written, so that it can be delivered."""
        with self._lock:
            if self.spool is not None:
                self.spool.close()


def _append(spool: Spool, rows: Sequence[Row]) -> int:
    """Append rows; return how many of them, the first ones, are on the disk, which may be full or fail."""
    try:
        return spool.append(rows)
    except SpoolError as error:
        return error.kept
