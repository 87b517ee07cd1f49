"""The two clocks of the agent: the wall clock, which may be set, and the monotonic one, which only goes on."""

from __future__ import annotations

import time

STEP = 500
"""A difference between the two clocks, in milliseconds, that means that the wall clock was set, or the host slept."""


class Clock:
    """Reads both clocks. Tests have one of their own.

    Both are in milliseconds: the wall clock as an integer since 1970, as slots are.
    """

    def wall(self) -> int:
        """Return the time of day."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Return the time that passes. It may stand still while the host sleeps."""
        return time.monotonic_ns() / 1e6


class StepDetector:
    """Tells whether the wall clock was set between two looks."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = clock.wall() - clock.monotonic()

    def step(self) -> int:
        """Return by how much the wall clock was set since the last call, in milliseconds; 0 if it was not.

        A clock that is slowly corrected, as by NTP, is followed and is no step.
        """
        offset = self._clock.wall() - self._clock.monotonic()
        change, self._offset = offset - self._offset, offset
        return round(change) if abs(change) > STEP else 0
