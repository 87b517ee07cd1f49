"""Runs real graphs, and keeps the rows that history would send."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable

from argus_otel.history.record.buffer import EventBuffer
from argus_otel.history.record.stats import Stats
from argus_otel.history.row import Row
from argus_otel.telemetry import Telemetry
from argus_otel.testing import observe


def rows_of(*actions: Callable[[], object], service: str = "shop", detections: str = "on") -> list[Row]:
    """Run actions under observation, and return the rows of the graphs that ran in them. What they raise is caught."""
    buffer = EventBuffer(service, {}, (), str, Stats(Telemetry(), "exporter:history"))
    with observe("graphs", settings={"graphs_detections": detections}) as observation:
        observation.telemetry.history = buffer
        for action in actions:
            with contextlib.suppress(Exception):
                action()
        assert observation.telemetry.guard.faults == {}
    rows: list[Row] = []
    while len(buffer):
        rows += buffer.take()
    return rows


def of(rows: Iterable[Row], event: str) -> list[Row]:
    return [row for row in rows if row.event == event]
