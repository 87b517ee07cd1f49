"""The tables of faults and detections: argus-otel is right in each row, and code decides what is right."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import pytest

pytest.importorskip("langchain.agents", reason="install langchain: uv sync")

from benchmarks import report
from benchmarks.graphs import children, detections
from benchmarks.graphs.detections_process import GRAPHS
from benchmarks.graphs.faults import table
from benchmarks.graphs.faults.fault import Fault
from benchmarks.graphs.faults.process import ALL
from benchmarks.graphs.peers import PEERS
from benchmarks.graphs.recorders import ARGUS_AGENTS, GENAI, NAMES, OPENINFERENCE, OURS
from benchmarks.pairs import BARE
from benchmarks.progress import Progress
from benchmarks.tables import Statements

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="programs are run as on Linux, with its limits")

Said = dict[str, dict[str, Any]]


def said_of(watcher: str, names: Sequence[str] = tuple(ALL)) -> Said:
    """Return the verdicts on programs, all of which run in one process."""
    return {line["fault"]: line for line in children.lines(table.MODULE, watcher, *names)}


@pytest.fixture(scope="module")
def bare() -> Said:
    return said_of(BARE)


@pytest.fixture(scope="module")
def ours() -> Said:
    return said_of(OURS)


@pytest.mark.parametrize("name", ALL)
def test_argus_otel_has_none_of_the_faults(bare: Said, ours: Said, name: str) -> None:
    assert ours[name].get("right") is True, ours[name]
    assert ours[name]["got"] == bare[name]["got"]


def test_nothing_is_right_that_nobody_records(bare: Said) -> None:
    assert not any(line["right"] for line in bare.values())


FAULTY = {
    ARGUS_AGENTS: ("1", "2", "3", "4 limit", "4 cancelled", "5", "6", "9", "10"),
    GENAI: ("abandoned",),
    OPENINFERENCE: ("3", "9", "abandoned"),
}


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_fault_of_a_peer_is_recognised(bare: Said, peer: Any) -> None:
    if peer.version is None:
        pytest.skip(peer.missing)
    said = said_of(peer.name, FAULTY[peer.name])
    cells = {name: table._cell(line, bare[name]) for name, line in said.items()}
    assert {name for name, cell in cells.items() if not cell.startswith("wrong: ")} == set(), cells


def test_a_cell_says_what_is_wrong() -> None:
    bare = {"right": None, "said": "", "got": "it returned"}
    right = {"right": True, "said": "1 run", "got": "it returned"}
    assert table._cell(right, bare) == "ok: 1 run"
    assert table._cell({**right, "right": False}, bare) == "wrong: 1 run"
    assert table._cell({**right, "right": None}, bare) == "n/a: 1 run"
    assert table._cell({**right, "got": "it raised KeyError"}, bare) == "wrong: it raised KeyError"
    assert table._cell({"failed": "ImportError: no"}, bare) == "cannot be run: ImportError: no"


def test_a_program_that_cannot_be_run_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = Fault("none", "", ALL["3"].run)
    assert table._said(OURS, unknown)["failed"] == "KeyError: 'none'"
    monkeypatch.setattr(table, "MODULE", "benchmarks.graphs.faults.missing")
    assert table._said(OURS, unknown)["failed"].startswith("ended with 1: ")


def test_peers_that_are_missing_are_named() -> None:
    chosen, missing = children.present(NAMES)
    absent = [peer for peer in PEERS if peer.version is None]
    assert chosen == [name for name in NAMES if name not in {peer.name for peer in absent}]
    assert sorted(missing) == sorted(peer.missing for peer in absent)
    assert children.present([]) == ([BARE, OURS], [])


# -- detections


@pytest.fixture(scope="module")
def found() -> dict[str, Said]:
    return {OURS: {line["graph"]: line for line in children.lines(detections.MODULE, OURS)}}


def test_no_error_is_found_in_a_healthy_graph_and_something_in_each_broken_one(found: dict[str, Said]) -> None:
    lines = found[OURS]
    assert list(lines) == [graph.name for graph in GRAPHS]
    for graph in GRAPHS:
        levels = [lines[graph.name][mode]["level"] for mode in detections.MODES]
        assert not any(lines[graph.name][mode]["changed"] for mode in detections.MODES), graph.name
        if graph.healthy:
            assert "error" not in levels, graph.name
        else:
            assert levels[1] in ("warn", "error"), graph.name
    assert "**" not in "".join(row[2] for row in detections.each(found).rows), (
        "with declarations, all is as it should be"
    )


def test_positives_and_negatives_are_counted(found: dict[str, Said]) -> None:
    healthy = sum(graph.healthy for graph in GRAPHS)
    broken = len(GRAPHS) - healthy
    assert healthy >= 12
    assert broken >= 14
    rows = {(row[0], row[1]): [int(cell) for cell in row[2:]] for row in detections.totals(found).rows}
    assert rows["those of fault 7, error", f"{OURS}, with"] == [8, 0, 0, 9]
    assert rows["all of them, warn", f"{OURS}, with"] == [broken, 0, 0, healthy]
    for (title, _), (true, missed, false, right) in rows.items():
        assert true + missed == (8 if "fault 7" in title else broken)
        assert false + right == (9 if "fault 7" in title else healthy)
    lines = {name: {**line, "with": {**line["with"], "level": "none"}} for name, line in found[OURS].items()}
    rows = {(row[0], row[1]): row[2:] for row in detections.totals({OURS: lines}).rows}
    assert rows["those of fault 7, error", f"{OURS}, with"] == ["0", "8", "0", "9"]


def test_an_error_in_a_healthy_graph_and_nothing_in_a_broken_one_are_in_bold() -> None:
    def cell(level: str, healthy: bool, changed: str = "") -> str:
        return detections._cell({"level": level, "found": ["rule (error)", "rule (warn)"], "changed": changed}, healthy)

    assert [cell(level, True) for level in ("none", "warn", "error")] == ["none: rule", "warn: rule", "**error**: rule"]
    assert [cell(level, False) for level in ("info", "warn")] == ["**info**: rule", "warn: rule"]
    assert cell("none", True, "it raised KeyError") == "**it raised KeyError**"


# -- the report


def test_statements_have_no_times_and_no_targets(found: dict[str, Said]) -> None:
    tables = [detections.each(found), detections.totals(found)]
    about = report.circumstances(["graphs", "detections"])
    text = report.markdown(about, tables, [], ["a peer is missing"], "A title")
    assert text.startswith("# A title\n")
    assert "## Targets" not in text
    assert report.LEGEND not in text
    assert "\n| healthy: a gate that changes nothing | info: no_update | info: no_update |\n" in text
    assert "\n|---|---|---|\n" in text
    assert "- a peer is missing" in text
    written = json.loads(report.as_json(about, tables, [], []))["tables"]
    assert [(each["part"], each["name"]) for each in written] == [("detections", "graphs"), ("detections", "totals")]
    assert len(written[0]["rows"]) == len(GRAPHS)
    assert "healthy: a gate that changes nothing\n  argus-otel, without  info: no_update\n" in report.terminal(
        tables[0]
    )


def test_an_interrupted_table_has_the_rows_so_far() -> None:
    progress = Progress()
    progress.stopped = True
    assert table.measure([], progress) == ([], [])
    assert detections.measure([], progress) == ([], [])
    assert isinstance(Statements("", "", "", "", [""], []).cells(), list)
