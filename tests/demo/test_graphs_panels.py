"""What the demo of agent graphs shows while it runs, drawn from one scrape."""

from __future__ import annotations

import pytest
from rich.console import Console

from argus_otel.cli.top.view import Dashboard, Frame
from argus_otel.demo.graphs.cast import FAULTY
from argus_otel.demo.graphs.panels import PANELS, summary
from argus_otel.scrape.exposition import parse
from argus_otel.scrape.scraper import Snapshot

from .test_graphs_agreement import EXPOSITION


def drawn(exposition: str, width: int) -> str:
    snapshot = Snapshot(0.0, parse(exposition))
    console = Console(record=True, width=width, height=80)
    console.print(Dashboard(Frame("http://127.0.0.1:9464", snapshot, snapshot, snapshot), [PANELS]))
    return " ".join(console.export_text().split())


@pytest.mark.parametrize("width", [80, 120])
def test_runs_models_and_findings_are_shown(width: int) -> None:
    shown = drawn(EXPOSITION, width)
    assert "support 2 0 0 0 0 2" in shown
    assert "writer-1 3" in shown
    assert "12 5" in shown
    for word in ("tool calls 1", "answers without usage 1"):
        assert word in shown
    assert "a key that is read later is None error key_empty by look_up 1" in shown
    for case in FAULTY:
        for found in case.findings:
            assert found.rule in shown


def test_the_line_of_progress_has_runs_and_findings() -> None:
    assert summary(parse(EXPOSITION)) == "2 runs; 2 findings"
    assert summary(parse("")) == "0 runs; 0 findings"
