"""The benchmark of history, on a tenth of its events: what it asserts is what matters here."""

from __future__ import annotations

from pathlib import Path

from argus_otel.history.store.address import Address
from benchmarks.history import measure


def test_a_hundred_thousand_events_are_stored_once_and_every_query_has_results(directory: Path) -> None:
    report = measure(Address(directory=str(directory), database="benchmark"), 100_000, erasing=False)
    assert len(report.steps) == 30
    assert len(list(report.lines())) == 4 + len(report.steps)
