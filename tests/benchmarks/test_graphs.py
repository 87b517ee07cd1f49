"""The benchmarks of agent graphs run the graphs that they name, and argus-otel records all of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import thread_time

import pytest

pytest.importorskip("langchain.agents", reason="install langchain: uv sync")

from benchmarks.graphs import end, facts, memory, nodes, startup, targets
from benchmarks.graphs.command import PARTS, parsed
from benchmarks.graphs.peers import PEERS
from benchmarks.graphs.variants import HISTORY, NAMES, OF_OURS, OURS, TRACED, WITHOUT
from benchmarks.outcomes import outcomes
from benchmarks.pairs import BARE, CONTROL
from benchmarks.progress import Progress
from benchmarks.results import compared
from benchmarks.tables import Table

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory and clocks are read as Linux has them")


def _python(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "LANGSMITH_TRACING": "false", **variables},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


# In a process of its own: it sets global providers, and patches LangGraph.
_STAGED = """
import json, logging
logging.disable(logging.WARNING)
from argus_otel.runtime import runtime
from argus_otel.testing import until
from benchmarks import pairs, recording
from benchmarks.graphs import end, nodes, workloads
from benchmarks.graphs.variants import OF_OURS, stage
from benchmarks.progress import Progress

pairs.WARM_UP = 0
workloads.RUNS = end.RUNS = 1
end.END_NODES = (1, 5)
progress = Progress()
rows = []
recording.Nowhere.export = lambda _, batch: rows.extend(batch)
with stage(OF_OURS) as on:
    judged = []
    runtime()._handles["graphs"].source.verdicts.append(judged.append)
    tables = [
        *nodes.measure(on, 1, progress),
        *nodes.measure_agent(on, 1, progress),
        *end.measure(on, 1, progress),
    ]
    registry = runtime()._providers.prometheus.registry
    found = [sample.value for it in registry.collect() if it.name == "graph_detections" for sample in it.samples]
records = {f"{it.part} {it.name}": {row.name: [row.each, row.records] for row in it.results} for it in tables}
until(lambda: len(rows) >= %d)
print(json.dumps({"tables": records, "detections": found, "rows": len(rows), "judged": len(judged)}))
"""


# Each variant runs each graph three times: to warm up, to time, to count records.
_GRAPHS = (5 + 2) + 2 + 4
# Of history: one for each run and for each node.
_ROWS = 3 * ((5 + 2) * (20 + 1) + 2 * (13 + 1) + (1 + 1) + (5 + 1) + (20 + 1) + (13 + 1))


@pytest.fixture(scope="module")
def staged() -> dict[str, dict[str, list[float]]]:
    ran = _python("-c", _STAGED % _ROWS)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    # What rules find costs more than a healthy run, of which the targets are.
    assert sum(found["detections"]) == 0
    assert found["rows"] == _ROWS
    assert found["judged"] == 3 * 3 * _GRAPHS  # with metrics, traced, with history
    return found["tables"]


# For each run: the durations and routes of its nodes; of the run, its duration, steps, and calls of models and tools.
_IN_A_ROW = 20 + 20 + 4
# Besides, the durations of seven calls of a model and of six calls of a tool.
_OF_AN_AGENT = 13 + 13 + 4 + 7 + 6
_EXPECTED = {
    "nodes sync": (20, _IN_A_ROW, 21),
    "nodes async": (20, _IN_A_ROW, 21),
    "nodes send": (20, _IN_A_ROW, 21),
    "nodes keys": (20, _IN_A_ROW, 21),
    "nodes 100 kB": (20, _IN_A_ROW, 21),
    "nodes state": (20, _IN_A_ROW, 21),
    "agent agent": (13, _OF_AN_AGENT, 13 + 1 + 7 + 6),
    "agent agent, async": (13, _OF_AN_AGENT, 13 + 1 + 7 + 6),
}


@pytest.mark.parametrize("name", _EXPECTED)
def test_argus_otel_records_every_node_of_each_graph(staged: dict[str, dict[str, list[float]]], name: str) -> None:
    count, points, spans = _EXPECTED[name]
    rows = staged[name]
    for variant, (each, records) in rows.items():
        kind = variant.removeprefix("1 MB: ")
        expected = {BARE: 0, CONTROL: 0, TRACED: points + spans}.get(kind, points)
        assert round(records * count) == expected, variant
        assert each > 0
    assert {kind.removeprefix("1 MB: ") for kind in rows} == {BARE, CONTROL, OURS, WITHOUT, TRACED, HISTORY}


def test_a_size_is_compared_with_the_bare_graph_of_that_size(staged: dict[str, dict[str, list[float]]]) -> None:
    each = {name: row[0] for name, row in staged["nodes state"].items()}
    for name, (more, _) in staged["nodes size"].items():
        large, small = each[f"1 MB: {name}"] - each[f"1 MB: {BARE}"], each[name] - each[BARE]
        assert more == pytest.approx(large - small, abs=1e-6)
    assert staged["nodes size"][BARE][0] == 0


def test_the_end_of_a_run_is_a_part_of_it(staged: dict[str, dict[str, list[float]]]) -> None:
    ends = {name: rows for name, rows in staged.items() if name.startswith("end ")}
    assert list(ends) == ["end 1", "end 5", "end 20, async", "end agent"]
    for rows in ends.values():
        assert all(each > 0 for each, _ in rows.values())
        assert rows[OURS][1] > 0
    whole = 20 * staged["nodes async"][BARE][0]
    assert staged["end 20, async"][BARE][0] < whole


def test_a_stopwatch_counts_what_lies_between() -> None:
    watch = end.Stopwatch()
    watch.start()
    _burn(0.01)
    watch.stop()
    first = watch()
    _burn(0.05)
    assert watch() == first
    assert 0.01 <= first < 0.05


def _burn(seconds: float) -> None:
    until = thread_time() + seconds
    while thread_time() < until:
        pass


def test_shapes_are_timed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "_TIMES", 10)
    (table,) = facts.measure(2, Progress())
    assert table[facts.OF_DIFFERENT_KINDS].added > 0
    assert len(table.results) == 7
    assert table.rounds == 2


def test_a_program_runs_its_graph_as_often_as_was_asked_for() -> None:
    tables = memory.measure(runs=400, parts=4)
    assert [table.name for table in tables] == list(memory.COUNTED)
    (ours,) = (table for table in tables if table.name == "ours")
    assert [result.name for result in ours.results] == [BARE, CONTROL, memory.OURS, memory.TRACED]
    assert all("after 400" in note for note in ours.notes)


def test_a_start_without_argus_otel_imports_none_of_it() -> None:
    kinds = {kind.name: startup.start(kind) for kind in startup.KINDS if kind.name in (BARE, OURS, startup.ONE_LINE)}
    for name in (OURS, startup.ONE_LINE):
        for when in startup.WHEN:
            assert kinds[name][f"{when} modules"] > kinds[BARE][f"{when} modules"] + 100
            assert kinds[name][f"{when} resident"] > kinds[BARE][f"{when} resident"]
    for figures in kinds.values():
        assert 0 < figures["imported processor"] < figures["ran processor"]


def test_each_peer_that_is_missing_is_named_with_how_to_get_it() -> None:
    from benchmarks.graphs.variants import missing

    assert missing(OF_OURS) == []
    absent = [peer for peer in PEERS if peer.version is None]
    assert missing(NAMES) == [peer.missing for peer in absent]
    assert all(
        peer.missing.endswith(": make bench BENCH_ARGS=graphs, or uv sync --group graph-peers") for peer in PEERS
    )


def test_every_target_finds_its_rows() -> None:
    def table(part: str, name: str, rows: Sequence[str]) -> Table:
        samples = {row: [1.0 + len(row)] * 3 for row in [BARE, CONTROL, *rows]}
        return Table(part, name, "", "", compared(samples, BARE))

    ours = list(OF_OURS)
    tables = [
        *(table(nodes.PART, name, ours) for name in ("sync", "async", nodes.SIZE)),
        *(table(nodes.AGENT, name, ours) for name in ("agent", "agent, async")),
        table(facts.PART, facts.SHAPES, [facts.OF_DIFFERENT_KINDS]),
        *(table(end.PART, name, ours) for name in ("20", "20, async", "agent")),
        *(table(memory.PART, name, [memory.OURS]) for name in memory.COUNTED),
        *(table(startup.PART, f"{when} processor", [OURS]) for when in startup.WHEN),
    ]
    assert [it.target.title for it in outcomes(tables, targets.TARGETS) if it.found is None] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "nonsense",
            "part: 'nonsense' is unknown; choose from: nodes; agent; facts; end; memory; startup; faults; detections",
        ),
        ("--variant langsmith", "--variant: 'langsmith' is unknown; choose from: argus-otel;"),
        ("--runs none", "'none' is not a whole number above 0"),
        ("memory --runs 100", "--runs: fewer than twenty for each count of the memory"),
    ],
)
def test_what_cannot_be_run_is_refused(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed(words.split())
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_parts_run_in_their_order_and_all_of_them_by_default() -> None:
    assert parsed([]).part == list(PARTS)
    assert parsed(["startup", "facts"]).part == ["facts", "startup"]
    assert parsed([]).variant == list(NAMES)


def test_a_run_prints_tables_and_targets_and_writes_json_and_markdown(tmp_path: Path) -> None:
    figures, tables = tmp_path / "figures.json", tmp_path / "figures.md"
    words = ["graphs", "facts", "--rounds", "1", "--json", str(figures), "--markdown", str(tables)]
    ran = _python("-m", "benchmarks", *words, MAKELEVEL="1")
    assert ran.returncode == 0, ran.stderr
    written = json.loads(figures.read_text(encoding="utf-8"))
    assert [(table["part"], table["name"]) for table in written["tables"]] == [(facts.PART, facts.SHAPES)]
    assert written["about"]["langgraph"]
    text = tables.read_text(encoding="utf-8")
    assert text.startswith("# What argus-otel costs in agent graphs\n")
    assert f'`make bench BENCH_ARGS="graphs facts --rounds 1 --json {figures}' in text
    assert f"\n| {facts.OF_DIFFERENT_KINDS} |" in text
    for line in (f"\n{facts.OF_DIFFERENT_KINDS} ", "\nfacts of 8 keys ", "\ntargets\n"):
        assert line in ran.stdout
