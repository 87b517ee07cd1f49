"""The process source on real loops and the real `logging`, created anew for each test."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from argus_otel.settings import Settings
from argus_otel.sources.process.source import ProcessSource
from argus_otel.telemetry import Event, Telemetry


class Observed:
    """The process source on a hub alone, without the SDK, and the signals that the hub has."""

    def __init__(self, loop_blocked_after: float) -> None:
        self.telemetry = Telemetry()
        self.events: list[tuple[Event, Mapping[str, Any]]] = []
        self.telemetry.add_event_sink(lambda event, attributes, _: self.events.append((event, attributes)))
        settings = Settings.resolve({}, {"process_loop_blocked_after": loop_blocked_after})
        self.source = ProcessSource(self.telemetry, settings, lambda: None)
        self.source.install()
        self.source.start()

    def values(self, metric: Any) -> dict[tuple[Any, ...], float]:
        """Return the values of a counter or gauge, by the values of its attributes."""
        return {tuple(attributes.values()): value for attributes, value in self.telemetry.points(metric)}

    def stacks(self) -> list[str]:
        """Return the stack of each reported block."""
        return [attributes["code.stacktrace"] for _, attributes in self.events]


Observe = Callable[..., Observed]


@pytest.fixture
def observe() -> Iterator[Observe]:
    """Start observing. Observation ends after the test, and no hook may have failed."""
    before = logging.Logger.callHandlers
    all_observed: list[Observed] = []

    def begin(loop_blocked_after: float = 0.0) -> Observed:
        all_observed.append(Observed(loop_blocked_after))
        return all_observed[-1]

    yield begin
    for observed in reversed(all_observed):
        observed.source.uninstall()
    for thread in threading.enumerate():
        if thread.name == "argus-otel watchdog":
            thread.join(5)  # or it could still warn during the next test
    assert logging.Logger.callHandlers is before
    assert [observed.telemetry.guard.faults for observed in all_observed if observed.telemetry.guard.faults] == []
