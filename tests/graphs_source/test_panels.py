"""The panels of agent graphs, drawn from what real graphs record."""

from __future__ import annotations

import contextlib

import pytest
from rich.console import Console

from argus_otel.panels import Facts, Table, View
from argus_otel.panels.reading import Cells
from argus_otel.scrape.series import Metrics
from argus_otel.sources.graphs.panels import PANELS
from argus_otel.terminal.drawn_panels import drawn
from argus_otel.testing import Observation, observe

from . import shapes
from .history.graphs import nested, working
from .running import run

Rows = list[list[str]]


def work(*, failing: int = 2) -> None:
    for _ in range(failing):
        with contextlib.suppress(KeyError):
            nested().invoke({"question": "?"})
    for _ in range(3):
        nested(["a"]).invoke({"question": "?"})
    working().invoke({"question": "?"})
    run(shapes.Shape("line", shapes.line))


def metrics_of(observation: Observation) -> Metrics:
    cells = Cells(
        observation.telemetry, {m.name: m for panel in PANELS for m in (*panel.metrics, *panel.also)}.values()
    )
    return cells.metrics(cells.read(), cells.gauges())


def view_of(whole: Metrics, recent: Metrics | None = None, rows: int = 10) -> View:
    return View(whole, recent or whole, 60.0, "last 60 s", rows)


def rows_of(name: str, view: View) -> Rows:
    [panel] = [each for each in PANELS if each.name == name]
    [table] = panel.draw(view)
    assert isinstance(table, Table)
    return [[cell.text for cell in row] for row in table.rows]


@pytest.fixture(params=["latest", "older", "both"])
def seen(request: pytest.FixtureRequest) -> View:
    """What is seen after some work, by each of the conventions' names."""
    with observe("graphs", settings={"graphs_conventions": request.param}) as observation:
        work()
        return view_of(metrics_of(observation))


def test_graphs_by_outcome(seen: View) -> None:
    found = {row[0]: row for row in rows_of("graphs", seen)}
    assert found.keys() == {"support", "finder", "working", "thinker", "line"}
    assert found["support"][-1] == "error: 2, ok: 3"
    assert found["working"][-1] == "ok: 1"
    assert found["support"][1:3] == ["5.0/min", "0"]
    assert all(row[4].endswith("s") for row in found.values())


def test_the_slowest_nodes_come_first(seen: View) -> None:
    found = rows_of("slowest nodes", seen)
    assert {tuple(row[:2]) for row in found} >= {("write", "support"), ("look", "finder"), ("work", "working")}
    [write] = [row for row in found if row[:2] == ["write", "support"]]
    assert (write[3], write[-1]) == ("5", "2")
    nodes = seen.whole.spread(PANELS[1].metrics[0], *PANELS[1].metrics[0].attributes[:2])
    p95 = [nodes[row[1], row[0]].quantile(0.95) or 0 for row in found]
    assert p95 == sorted(p95, reverse=True)


def test_findings_the_most_severe_first(seen: View) -> None:
    found = rows_of("findings", seen)
    severities = [row[1] for row in found]
    assert severities == sorted(severities, key=["error", "warn", "info"].index)
    assert ["key_missing", "error", "support", "fetch", "2.0/min", "2"] in found
    assert ["tool_error_passed_on", "warn", "working", "work", "1.0/min", "1"] in found


def test_models_with_tokens(seen: View) -> None:
    [row] = rows_of("models", seen)
    assert row[:3] == ["-", "genericfakechatmodel", "2.0/min"]
    assert row[-3:] == ["20", "4", "0"]


def test_headlines(seen: View) -> None:
    facts = [(fact.name, fact.cell.text, fact.note) for panel in PANELS for fact in panel.headline(seen)]
    assert facts[0][0] == "runs failed"
    assert facts[0][1] == "2"
    assert facts[1][:2] == ("errors found in runs", "4")


def test_nothing_has_run_yet() -> None:
    empty = view_of(Metrics())
    told = [table.rest for panel in PANELS for table in panel.draw(empty) if isinstance(table, Table)]
    assert told == [
        "no graph has run yet",
        "no node has run yet",
        "no rule has found anything",
        "no model was called yet",
    ]
    assert [fact.cell.text for panel in PANELS for fact in panel.headline(empty)] == ["0", "0"]


@pytest.mark.parametrize("width", [40, 80, 160])
def test_they_fit_a_terminal(seen: View, width: int) -> None:
    console = Console(record=True, width=width, height=200)
    for panel in PANELS:
        console.print(drawn(panel, seen, width))
        assert all(isinstance(part, (Table, Facts)) for part in panel.draw(seen))
    lines = console.export_text().splitlines()
    assert all(len(line) <= width for line in lines)
    assert any("support" in line for line in lines)


def test_a_panel_that_grows_draws_no_more_rows_than_there_are_lines() -> None:
    with observe("graphs") as observation:
        work(failing=0)
        view = view_of(metrics_of(observation), rows=2)
    for name in ("graphs", "slowest nodes"):
        assert len(rows_of(name, view)) == 2
