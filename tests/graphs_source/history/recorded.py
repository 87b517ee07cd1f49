"""Runs real graphs, and keeps the rows that history would send."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable

from argus_otel.history.record.buffer import EventBuffer
from argus_otel.history.record.stats import Stats
from argus_otel.history.row import Row
from argus_otel.sources.graphs.source import LangGraphSource
from argus_otel.telemetry import Telemetry
from argus_otel.testing import observe


def rows_of(
    *actions: Callable[[], object], service: str = "shop", detections: str = "on", content: bool = False
) -> list[Row]:
    """Run actions under observation, and return the rows of the graphs that ran in them. What they raise is caught."""
    buffer = EventBuffer(service, {}, (), str, Stats(Telemetry(), "exporter:history"))
    settings = {"graphs_detections": detections, "graphs_capture_content": content}
    with observe("graphs", settings=settings) as observation:
        observation.telemetry.history = buffer
        for action in actions:
            with contextlib.suppress(Exception):
                action()
        source = observation.handle.source
        assert isinstance(source, LangGraphSource)
        assert source.settle(10)
        assert observation.telemetry.guard.faults == {}
    rows: list[Row] = []
    while len(buffer):
        rows += buffer.take()
    return rows


def of(rows: Iterable[Row], event: str) -> list[Row]:
    return [row for row in rows if row.event == event]
