"""Snowflakes: Discord's identifiers, which contain their time of creation."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

DISCORD_EPOCH_MS = 1_420_070_400_000
"""Milliseconds from the Unix epoch to Discord's, the first second of 2015."""

_LOW_BITS = 22


def created_at(snowflake: int) -> float:
    """Return when a snowflake was made, in seconds since the Unix epoch (whole milliseconds)."""
    return ((snowflake >> _LOW_BITS) + DISCORD_EPOCH_MS) / 1000


def snowflake_at(unix_ms: int, low: int = 0) -> int:
    """Return the snowflake of a moment.

    Parameters
    ----------
    unix_ms:
        Milliseconds since the Unix epoch.
    low:
        The 22 bits that tell snowflakes of the same millisecond apart.
    """
    return (unix_ms - DISCORD_EPOCH_MS) << _LOW_BITS | low & (1 << _LOW_BITS) - 1


class Snowflakes:
    """Makes snowflakes from a clock: unique, in ascending order, from any thread.

    A bot derives the age of an interaction from its snowflake, so acknowledgement times are right only if the
    snowflake comes from the real clock.

    Parameters
    ----------
    clock:
        Seconds since the Unix epoch.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last_ms = 0
        self._low = 0

    def next(self) -> int:
        """Return a new snowflake."""
        with self._lock:
            now_ms = int(self._clock() * 1000)
            if now_ms > self._last_ms:
                self._last_ms, self._low = now_ms, 0
            else:
                # A clock that steps back must not repeat itself: stay in the last millisecond until it catches up.
                self._low += 1
                if self._low >> _LOW_BITS:
                    self._last_ms, self._low = self._last_ms + 1, 0
            return snowflake_at(self._last_ms, self._low)
