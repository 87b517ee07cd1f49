"""The benchmarks of history, on some of their events: what they assert is what matters here."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from argus_otel.history.store.address import Address
from benchmarks import daily_files
from benchmarks.history import measure


def test_a_hundred_thousand_events_are_stored_once_and_every_query_has_results(directory: Path) -> None:
    report = measure(Address(directory=str(directory), database="benchmark"), 100_000, erasing=False)
    assert len(report.steps) == 26
    assert len(list(report.lines())) == 4 + len(report.steps)


@pytest.mark.timeout(300)
@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of a process from Linux' /proc")
def test_sixty_thousand_events_in_files_are_imported_once_and_queried_as_in_the_engine(tmp_path: Path) -> None:
    rows = list(daily_files.measure(tmp_path, 60_000, queries=("top",)))
    assert [len(row) for row in rows] == [5] * 7
    assert [row[0] for row in rows if "import" in row[0]] == [
        "import into an embedded store: 60,000 new",
        "import again: 0 new",
    ]
    assert not [row for row in rows if "more than the limit" in " ".join(row)]
