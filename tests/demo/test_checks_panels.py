"""What the demo of checks shows while it runs, drawn from one scrape."""

from __future__ import annotations

import pytest
from rich.console import Console

from argus_otel.cli.top.view import Dashboard, Frame
from argus_otel.demo.checks.cast import CAST
from argus_otel.demo.checks.panels import PANELS, summary
from argus_otel.scrape.exposition import parse
from argus_otel.scrape.scraper import Snapshot

EXPOSITION = """\
# TYPE argus_check_runs_total counter
argus_check_runs_total{argus_check_name="shop",argus_check_outcome="ok"} 7.0
argus_check_runs_total{argus_check_name="basket",argus_check_outcome="ok"} 4.0
argus_check_runs_total{argus_check_name="basket",argus_check_outcome="failed",error_type="status"} 2.0
# TYPE argus_check_last_duration_seconds gauge
argus_check_last_duration_seconds{argus_check_name="shop"} 0.012
# TYPE argus_check_state gauge
argus_check_state{argus_check_name="shop",argus_check_state="up"} 1.0
argus_check_state{argus_check_name="shop",argus_check_state="down"} 0.0
argus_check_state{argus_check_name="basket",argus_check_state="up"} 0.0
argus_check_state{argus_check_name="basket",argus_check_state="down"} 1.0
"""


def drawn(exposition: str, width: int) -> dict[str, list[str]]:
    """Return the words of each service's line, by its name."""
    snapshot = Snapshot(0.0, parse(exposition))
    console = Console(record=True, width=width, height=60)
    console.print(Dashboard(Frame("http://127.0.0.1:9464", snapshot, snapshot, snapshot), [PANELS]))
    lines = [line.split() for line in console.export_text().splitlines()]
    names = {part.name for part in CAST}
    return {line[0]: line[1:] for line in lines if line and line[0] in names}


@pytest.mark.parametrize("width", [80, 120])
def test_each_service_has_its_status_its_runs_and_its_failures(width: int) -> None:
    found = drawn(EXPOSITION, width)
    assert list(found) == [part.name for part in CAST]
    story = ["answers", "at", "once"] if width >= 100 else []
    assert found["shop"] == [*story, "up", "7", "12", "ms", "-"]
    assert found["basket"][-5:] == ["down", "6", "-", "status:", "2"]
    assert found["vault"][-4:] == ["unknown", "-", "-", "-"]  # it has not run yet


def test_the_line_of_progress_has_runs_and_statuses() -> None:
    assert summary(parse(EXPOSITION)) == "13 runs; 1 up, 1 down"
    assert summary(parse("")) == "0 runs; no checks"
