"""The last distinct errors of the program: class, place and count, without messages.

An exception's message may quote what a user typed, and a log record's text anything, so neither is kept.
"""

from __future__ import annotations

import threading
from time import time
from typing import TypeAlias

MAX_ERRORS = 50
"""How many distinct errors are kept; beyond, those that have not occurred for longest are dropped."""

Origin: TypeAlias = "tuple[str, str]"
"""What tells one error from another: its class, and the place in the program where it was raised.

A log record without an exception has its logger's name for a class, and the place where it was logged.
"""


class RecentError:
    """An error that has occurred.

    Attributes
    ----------
    origin:
        Its class and its place.
    count:
        How often it occurred, since it was first kept.
    last:
        When it occurred last, in seconds since the epoch.
    """

    __slots__ = ("origin", "count", "last")

    def __init__(self, origin: Origin, count: int, last: float) -> None:
        self.origin = origin
        self.count = count
        self.last = last


class RecentErrors:
    """Counts errors by their origin. Costs nothing as long as nothing fails."""

    def __init__(self) -> None:
        self._errors: dict[Origin, RecentError] = {}
        self._lock = threading.RLock()  # reentrant: a finaliser that runs in here may log an error

    def add(self, origin: Origin) -> None:
        """Count an error. Any thread."""
        with self._lock:
            known = self._errors.pop(origin, None)
            if known is None and len(self._errors) >= MAX_ERRORS:
                del self._errors[next(iter(self._errors))]
            self._errors[origin] = RecentError(origin, 1 if known is None else known.count + 1, time())

    def latest(self) -> list[RecentError]:
        """Return the errors, the last first. Any thread."""
        with self._lock:
            return list(reversed(self._errors.values()))

    def forget(self) -> None:
        """After a fork, in the child: forget the parent's errors, and its lock."""
        self._errors, self._lock = {}, threading.RLock()
