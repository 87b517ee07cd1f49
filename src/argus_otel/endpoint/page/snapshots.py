"""Keeps what was counted up to some moments of the last hour, so that the page can tell what happened since then."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

from argus_otel.panels.reading import NOTHING_READ, Reading

APART = 60.0
"""How long after each other snapshots are taken, in seconds."""

FINE, COARSE, REACH = 400.0, 300.0, 3600.0
"""In seconds: up to which age every snapshot is kept, how far apart older ones are, and up to which age.

The first is more than five minutes, so that one of them is always there that is just older than those.
"""

MAX_POINTS = 20_000
"""The most series that all snapshots have together, which takes about 4 MB. Beyond, they do not reach an hour back."""

_LATEST_STEP = 30.0


class Snapshot(NamedTuple):
    """What was counted up to a moment.

    Attributes
    ----------
    at:
        The moment, by :func:`time.monotonic`, in seconds.
    """

    at: float
    reading: Reading


class Snapshots:
    """The snapshots of the last hour.

    Parameters
    ----------
    read:
        Returns what has been counted by now, and shares with an earlier reading what has not changed.
    """

    def __init__(self, read: Callable[[Reading], Reading]) -> None:
        self._read = read
        self._kept: list[Snapshot] = []
        self._changing = threading.Lock()

    def take(self, now: float) -> Snapshot:
        """Return a snapshot, and keep it if the last one is old enough. Any thread."""
        with self._changing:
            last = self._kept[-1] if self._kept else None
            snapshot = Snapshot(now, self._read(last.reading if last else NOTHING_READ))
            if last is None or now - last.at >= APART:
                self._kept = _thinned([*self._kept, snapshot], now)
            return snapshot

    def is_due(self, now: float) -> bool:
        """Whether :meth:`take` would keep a snapshot."""
        kept = self._kept
        return not kept or now - kept[-1].at >= APART

    def back_to(self, duration: float, now: float, started: float) -> list[Snapshot]:
        """Return the snapshots that divide the last ``duration`` seconds, the one at its beginning first.

        If they do not reach back so far, the first one is younger. It is the program's start, when everything was zero,
        if that is within ``duration``, or if there is no snapshot yet.
        """
        kept = [snapshot for snapshot in self._kept if now - snapshot.at >= _LATEST_STEP]
        beginning = max((index for index, snapshot in enumerate(kept) if now - snapshot.at >= duration), default=None)
        if beginning is not None:
            return kept[beginning:]
        if not kept or now - started <= duration:
            return [Snapshot(started, NOTHING_READ), *kept]
        return kept


def _thinned(snapshots: list[Snapshot], now: float) -> list[Snapshot]:
    kept: list[Snapshot] = []
    for snapshot in snapshots:
        if now - snapshot.at < FINE or not kept or snapshot.at - kept[-1].at >= COARSE:
            kept.append(snapshot)
    while len(kept) > 1 and now - kept[1].at >= REACH:
        del kept[0]
    while len(kept) > 1 and sum(snapshot.reading.points for snapshot in kept) > MAX_POINTS:
        del kept[0]
    return kept
