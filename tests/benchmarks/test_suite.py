"""The suite's scenarios do the work that they are named for, and argus-otel records all of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Each runs in a process of its own: it sets global providers, and patches discord.py.
_RECORDED = """
import json, sys
from benchmarks.scenarios import SCENARIOS
from benchmarks.variants import stage

found = {}
with stage(short=%r) as on:
    for scenario in SCENARIOS:
        scenario.begin()
        for variant in on.variants(scenario.name):
            before, done = variant.recorded(), variant.subject.done
            variant.enter()
            async def run():
                return await scenario.prepare(variant.subject, 20)()
            pieces = on.loop.run_until_complete(run())
            variant.leave()
            assert pieces == 20
            recorded = variant.recorded() - before
            found.setdefault(scenario.name, {})[variant.name] = [variant.subject.done - done, recorded]
print(json.dumps(found))
"""

# How many handlers end, and what is recorded of it, for 20 pieces.
_EXPECTED = {
    "typing": (0, 40),
    "message-0": (0, 40),
    "message-1": (20, 60),
    "message-5": (100, 140),
    "slash": (20, 140),
    "component": (20, 120),
    "prefix": (20, 80),
    "rest": (0, 40),
    "task": (20, 20),
}


def _python(*arguments: str, timeout: float = 100) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False
    )


def test_each_scenario_ends_its_handlers_and_argus_otel_records_every_piece() -> None:
    ran = _python("-c", _RECORDED % False)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert list(found) == list(_EXPECTED)
    for scenario, (done, recorded) in _EXPECTED.items():
        for variant, (ended, counted) in found[scenario].items():
            assert ended == done, (scenario, variant)
            if variant.startswith("bare"):
                assert counted == 0
            elif "traced" not in variant:
                assert counted == recorded, (scenario, variant)
        metrics = found[scenario]["argus-otel"][1]
        assert found[scenario]["argus-otel, traced at 0%"][1] == metrics
        spans = found[scenario]["argus-otel, traced at 100%"][1] - metrics
        # Of events, a bot's traces are kept by a share of their own; where there is a response, it is a span too.
        whole = {"slash": 40, "component": 40, "prefix": 20, "rest": 20, "task": 20}
        if scenario in whole:
            assert spans == whole[scenario], scenario


def test_the_help_names_every_scenario_and_says_how_to_run_it() -> None:
    ran = _python("-m", "benchmarks", "--help")
    assert ran.returncode == 0
    for scenario in _EXPECTED:
        assert f"  {scenario} " in ran.stdout
    assert "make bench BENCH_ARGS=" in ran.stdout


@pytest.mark.parametrize("arguments", [("--rounds", "0"), ("--scenario", "nonsense")])
def test_what_cannot_be_run_is_refused(arguments: tuple[str, str]) -> None:
    ran = _python("-m", "benchmarks", *arguments)
    assert ran.returncode == 2
    assert arguments[0] in ran.stderr


def test_a_run_prints_a_table_names_missing_peers_and_writes_json(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    ran = _python("-m", "benchmarks", "--scenario", "task", "--rounds", "2", "--json", str(file))
    assert ran.returncode == 0, ran.stderr
    written = json.loads(file.read_text(encoding="utf-8"))
    assert list(written["scenarios"]) == ["task"]
    rows = {row["name"]: row for row in written["scenarios"]["task"]}
    assert {"bare", "bare again (A/A)", "argus-otel", "argus-otel, traced at 1%"} <= set(rows)
    assert rows["argus-otel"]["records"] == 1.0
    for name in rows:
        assert name in ran.stdout
    assert written["about"]["rounds"] == "2"
    if "argus-dpy" not in rows:
        assert "argus-dpy is not installed, and not measured: make bench, or pip install argus-dpy" in ran.stdout
