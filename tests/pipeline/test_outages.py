"""A component of the pipeline is down for some seconds: losses are zero or counted; nothing is stored twice.

`python -m benchmarks.outages` does the same for a minute each, and prints the table that is in docs/pipeline.md.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.outages import OUTAGES, Outage, measure, shown
from lab.clickhouse import ClickHouse


@pytest.mark.parametrize("outage", [OUTAGES[1], OUTAGES[4]], ids=lambda outage: outage.name)
def test_what_is_lost_is_counted(outage: Outage, tmp_path: Path):
    with ClickHouse.running_in(tmp_path / "clickhouse") as server:  # its own, since it is stopped
        report = measure(outage, server, tmp_path, seconds=6, rate=120, timeout=3)
    print(shown([report]))
    assert (report.spans.uncounted, report.spans.twice) == (0, 0)
    assert (report.history.lost, report.history.twice) == (0, 0)
    assert report.history.made > 500
    assert report.spans.lost > 0  # or there was no outage to speak of
