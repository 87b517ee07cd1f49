"""The benchmarks of training runs measure what they say, and skip what is not installed with how to install it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.outcomes import outcomes
from benchmarks.pairs import BARE, CONTROL
from benchmarks.progress import Progress
from benchmarks.results import compared
from benchmarks.tables import Table
from benchmarks.training import ends, hooks, logged, stored, targets
from benchmarks.training.command import PARTS, parsed
from benchmarks.training.hooks_process import OURS as HOOKS
from benchmarks.training.variants import (
    AGAIN,
    HISTORY,
    HISTORY_UNGUARDED,
    NAMES,
    OURS,
    OURS_ALL,
    UNGUARDED,
    VARIANTS,
    chosen,
)
from tests.training_frameworks.programs import environment
from tools.training_envs import ENVIRONMENTS

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are run as Linux has them")


def test_every_variant_of_ours_logs_starts_and_ends_a_run() -> None:
    variants, _ = chosen([each.name for each in OURS_ALL])
    ours = [each for each in variants if not each.environment]
    median, p99, beside = logged.measure(ours, steps=50, rounds=1, progress=Progress())
    assert [result.name for result in median.results] == [BARE, CONTROL, *(each.name for each in OURS_ALL)]
    for result in (median[OURS], median[AGAIN], median[HISTORY], p99[OURS]):
        assert result.added > 0
    assert beside.control.name == CONTROL
    assert beside[OURS].added == 0
    step, processor = logged.measure_loop(ours[:3], steps=5, rounds=1, progress=Progress())
    assert step[OURS].each > 100 < processor[OURS].each
    first, start, end = ends.measure(ours[:3], rounds=1, progress=Progress())
    assert first[OURS].added > start[OURS].added > 0 < end[OURS].added


def test_hooks_are_called_at_a_step_of_a_real_fit() -> None:
    environment("keras")
    found = hooks.fitted("keras", "keras", calls=20, rounds=2)
    assert list(found) == [BARE, CONTROL, HOOKS]
    assert all(len(rounds) == 2 for rounds in found.values())
    assert min(found[HOOKS]) > min(found[BARE])


@pytest.mark.parametrize("kind", ["curves", "random"])
def test_every_point_is_stored(kind: str) -> None:
    pytest.importorskip("chdb")
    found = stored.stored(kind, 500)
    assert found["point"] > 0 < found["insert"]


def test_a_point_of_a_curve_takes_five_bytes_at_most() -> None:
    pytest.importorskip("chdb")
    assert stored.stored("curves", 20_000)["point"] <= 5


def test_what_is_not_installed_is_named_with_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    variants, absent = chosen(NAMES)
    assert [each.name for each in variants] == [each.name for each in VARIANTS if not each.environment]
    assert "argus-reporter is not measured: python3 tools/training_envs.py peers" in absent
    tables, absent = hooks.measure(1, 1, Progress())
    assert tables == []
    assert absent[0] == "the hooks of keras are not measured: python3 tools/training_envs.py keras"
    assert not ENVIRONMENTS["peers"].ready


def test_every_target_finds_its_rows() -> None:
    def table(part: str, name: str, rows: Sequence[str]) -> Table:
        return Table(part, name, "", "", compared({row: [1.0 + len(row)] * 3 for row in [BARE, CONTROL, *rows]}, BARE))

    tables = [
        *(table(logged.PART, what, [OURS, UNGUARDED, HISTORY, HISTORY_UNGUARDED]) for what in ("median", "p99")),
        *(table(hooks.PART, framework, [HOOKS]) for framework in hooks.FRAMEWORKS),
        *(table(ends.PART, what, [OURS, HISTORY]) for what in ("first", "start", "end")),
        *(table(stored.PART, what, [stored.CURVES, stored.RANDOM]) for what in ("point", "insert")),
    ]
    assert [it.target.title for it in outcomes(tables, targets.TARGETS) if it.found is None] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("nonsense", "part: 'nonsense' is unknown; choose from: logged; loop; hooks; run; stored"),
        ("--variant neptune", "--variant: 'neptune' is unknown; choose from: bare;"),
        ("--steps none", "'none' is not a whole number above 0"),
    ],
)
def test_what_cannot_be_run_is_refused(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed(words.split())
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_parts_run_in_their_order_and_all_of_them_by_default() -> None:
    assert parsed([]).part == list(PARTS)
    assert parsed(["run", "logged"]).part == ["logged", "run"]
    assert parsed([]).variant == list(NAMES)


def test_a_run_prints_tables_and_targets_and_writes_json_and_markdown(tmp_path: Path) -> None:
    figures, tables = tmp_path / "figures.json", tmp_path / "figures.md"
    words = ["training", "logged", "--rounds", "1", "--steps", "20", "--variant", OURS]
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks", *words, "--json", str(figures), "--markdown", str(tables)],
        cwd=ROOT,
        env={**os.environ, "MAKELEVEL": "1"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    written = json.loads(figures.read_text(encoding="utf-8"))
    assert [(table["part"], table["name"]) for table in written["tables"]] == [
        (logged.PART, logged.MEDIAN),
        (logged.PART, logged.P99),
        (logged.PART, logged.BESIDE),
    ]
    text = tables.read_text(encoding="utf-8")
    assert text.startswith("# What argus-otel costs in training runs\n")
    for line in (f"\n{OURS} ", "\nlogged step, median: argus-otel ", "\ntargets\n"):
        assert line in ran.stdout
