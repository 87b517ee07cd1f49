"""When checks are in maintenance. Pure: it is given the time."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from .definition import Window


class Maintenance:
    """The windows of maintenance of a file.

    Parameters
    ----------
    checks:
        The names of all checks; windows name some of them by patterns.
    """

    def __init__(self, windows: Sequence[Window], checks: Iterable[str]) -> None:
        names = list(checks)
        self._openings = [_Opening(window) for window in windows]
        self._checks = [
            frozenset(name for pattern in window.checks for name in fnmatch.filter(names, pattern))
            for window in windows
        ]

    def open_at(self, now: int) -> tuple[bool, ...]:
        """Return for each window whether it is open at ``now``, in milliseconds since 1970."""
        return tuple(opening.is_open(now) for opening in self._openings)

    def checks_in(self, open_: tuple[bool, ...]) -> frozenset[str]:
        """Return the names of the checks that the open windows are about."""
        return frozenset(name for each, some in zip(open_, self._checks, strict=True) if each for name in some)


class _Opening:
    """The times of one window; remembers those around the moment that was asked for last."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self._zone = ZoneInfo(window.timezone)
        self._begins = self._ends = self._following = 0.0

    def is_open(self, now: int) -> bool:
        moment = now / 1000
        if not self._begins <= moment < self._following:
            self._begins, self._following = self._around(moment)
            self._ends = self._begins + self.window.duration
        return moment < self._ends

    def _around(self, moment: float) -> tuple[float, float]:
        """Return the last beginning at or before a moment, and the first one after it, in seconds since 1970."""
        from cronsim import CronSim

        here = datetime.fromtimestamp(moment, timezone.utc).astimezone(self._zone).replace(microsecond=0)
        # Backwards, CronSim begins before the moment that it is given.
        last = next(CronSim(self.window.cron, here + timedelta(seconds=1), reverse=True), None)
        following = next(CronSim(self.window.cron, here), None)
        return (
            float("-inf") if last is None else last.timestamp(),
            float("inf") if following is None else following.timestamp(),
        )


def next_windows(windows: Sequence[Window], check: str, after: datetime) -> list[tuple[Window, datetime, datetime]]:
    """Return the next opening of each window that is about a check: the window, its begin and its end.

    Parameters
    ----------
    after:
        With a timezone.
    """
    from cronsim import CronSim

    found: list[tuple[Window, datetime, datetime]] = []
    for window in windows:
        if any(fnmatch.fnmatchcase(check, pattern) for pattern in window.checks):
            begin = next(CronSim(window.cron, after.astimezone(ZoneInfo(window.timezone))), None)
            if begin is not None:
                end = datetime.fromtimestamp(begin.timestamp() + window.duration, timezone.utc)
                found.append((window, begin, end.astimezone(begin.tzinfo)))
    return sorted(found, key=lambda each: each[1])
