"""A clock for tests of durations, in place of the one that runs and their phases look at."""

from __future__ import annotations

import pytest

from argus_otel.sources.training import companions, recorder, runs
from argus_otel.sources.training.guard import stalls
from argus_otel.telemetry import operations


class Clock:
    """A clock that stands still unless it is told to go on. What is called each second is called by the test alone."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        for module in (operations, recorder, runs, stalls):
            patch.setattr(module, "perf_counter", lambda: self.now)
        patch.setattr(companions, "_INTERVAL", 3600.0)

    def go_on(self, seconds: float) -> None:
        """Let a time pass."""
        self.now += seconds
