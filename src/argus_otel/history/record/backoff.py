"""The delay before a destination that could not be reached is tried again."""

from __future__ import annotations

import random
import time

FIRST_DELAY = 1.0
LONGEST_DELAY = 60.0
"""Seconds before the next attempt: doubled after each failure, then shortened at random by up to a half."""


class Backoff:
    """Exponential backoff with jitter."""

    def __init__(self) -> None:
        self._delay = 0.0
        self._until = 0.0

    @property
    def over(self) -> bool:
        """Whether the next attempt is due."""
        return time.monotonic() >= self._until

    @property
    def failing(self) -> bool:
        """Whether the last attempt failed."""
        return self._delay > 0

    def failed(self) -> None:
        """Note a failed attempt. Jitter keeps the processes of one service from trying all at once."""
        self._delay = min(max(FIRST_DELAY, 2 * self._delay), LONGEST_DELAY)
        self._until = time.monotonic() + self._delay * random.uniform(0.5, 1.0)  # noqa: S311

    def reset(self) -> None:
        """Note a successful attempt, or make the next one due at once."""
        self._delay = self._until = 0.0
