"""The panels of checks, as ``argus-otel top`` draws them from one scrape."""

from __future__ import annotations

from rich.console import Console

from argus_otel.cli.top.view import Dashboard, Frame
from argus_otel.scrape.exposition import parse
from argus_otel.scrape.scraper import Snapshot
from argus_otel.sources.checks.panels import PANELS

PAGE = """\
# TYPE argus_check_state gauge
argus_check_state{argus_check_name="shop",argus_check_type="http",argus_check_state="up"} 1
argus_check_state{argus_check_name="shop",argus_check_type="http",argus_check_state="down"} 0
argus_check_state{argus_check_name="mail",argus_check_type="tcp",argus_check_state="down"} 1
argus_check_state{argus_check_name="db",argus_check_type="tcp",argus_check_state="down"} 1
argus_check_state{argus_check_name="slow",argus_check_type="http",argus_check_state="degraded"} 1
# TYPE argus_check_muted gauge
argus_check_muted{argus_check_name="db",argus_check_type="tcp",argus_check_mute_reason="parent"} 1
# TYPE argus_check_last_duration_seconds gauge
argus_check_last_duration_seconds{argus_check_name="shop",argus_check_type="http"} 0.012
# TYPE argus_check_runs_total counter
argus_check_runs_total{argus_check_name="shop",argus_check_type="http",argus_check_outcome="ok"} 20
argus_check_runs_total{argus_check_name="mail",argus_check_outcome="failed",error_type="refused"} 4
# TYPE argus_check_running gauge
argus_check_running{argus_check_type="http"} 2
# TYPE argus_check_skipped_total counter
argus_check_skipped_total{argus_check_skip_reason="overrun"} 3
# TYPE argus_check_disturbed_total counter
argus_check_disturbed_total 1
# TYPE argus_check_lateness_seconds histogram
argus_check_lateness_seconds_bucket{le="0.1"} 10
argus_check_lateness_seconds_bucket{le="1.0"} 20
argus_check_lateness_seconds_bucket{le="+Inf"} 20
argus_check_lateness_seconds_sum 5
argus_check_lateness_seconds_count 20
"""


def drawn(page: str, width: int = 120, height: int = 60) -> list[list[str]]:
    """Return the words of each line."""
    before, now = Snapshot(0.0, parse("")), Snapshot(10.0, parse(page))
    console = Console(record=True, width=width, height=height)
    console.print(Dashboard(Frame("http://127.0.0.1:9464", before, before, now), [PANELS]))
    return [line.split() for line in console.export_text().splitlines()]


def test_checks_that_are_not_up_come_first_and_say_why() -> None:
    names = ("shop", "mail", "db", "slow")
    lines = [line for line in drawn(PAGE) if line and line[0] in names]
    assert [line[:4] for line in lines] == [
        ["db", "tcp", "down", "(muted)"],
        ["mail", "tcp", "down", "-"],
        ["slow", "http", "degraded", "-"],
        ["shop", "http", "up", "12"],
    ]
    assert lines[1][-2:] == ["refused:", "4"]


def test_the_heading_counts_them() -> None:
    words = " ".join(word for line in drawn(PAGE) for word in line)
    assert "2 down, 1 degraded, 1 up" in words


def test_the_agent_says_whether_it_keeps_its_times() -> None:
    words = " ".join(word for line in drawn(PAGE) for word in line)
    assert "overrun: 3" in words
    assert "running now 2" in words
    assert "late, p99 982 ms" in words
