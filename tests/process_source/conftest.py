"""The process source on real loops and the real `logging`, afresh for each test."""

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
    """A process that is observed, and what is known of it."""

    def __init__(self, loop_blocked_after: float) -> None:
        self.telemetry = Telemetry()
        self.events: list[tuple[Event, Mapping[str, Any]]] = []
        self.telemetry.add_sink(lambda event, attributes: self.events.append((event, attributes)))
        settings = Settings.resolve({}, {"process_loop_blocked_after": loop_blocked_after})
        self.source = ProcessSource(self.telemetry, settings, lambda: None)
        self.source.install()
        self.source.start()

    def values(self, metric: Any) -> dict[tuple[Any, ...], float]:
        """Return a counter's or gauge's values, by those of its attributes."""
        return {tuple(attributes.values()): value for attributes, value in self.telemetry.points(metric)}

    def stacks(self) -> list[str]:
        """Return the stack of each blocking that was told of."""
        return [attributes["code.stacktrace"] for _, attributes in self.events]


Observe = Callable[..., Observed]


@pytest.fixture
def observe() -> Iterator[Observe]:
    """Begin to observe; ended after the test, which nothing of ours may have failed in."""
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
            thread.join(5)  # or what it still has to warn of, it says in the next test
    assert logging.Logger.callHandlers is before
    assert [observed.telemetry.guard.faults for observed in all_observed if observed.telemetry.guard.faults] == []
