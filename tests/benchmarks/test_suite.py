"""The suite's scenarios do the work of their names, and argus-otel records all of it."""

from __future__ import annotations

import json
import os
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
        for variant in on.variants(scenario):
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
    "typing-client": (0, 40),
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
            elif "100%" not in variant:
                assert _and_few(counted, recorded), (scenario, variant)
        spans = found[scenario]["argus-otel, traced at 100%"][1] - recorded
        # Where there is a response, it is a span too.
        whole = {"slash": 40, "component": 40, "prefix": 20, "rest": 20, "task": 20}
        if scenario in whole:
            assert _and_few(spans, whole[scenario]), scenario


def _and_few(counted: float, expected: float) -> bool:
    """Whether all is recorded that has to be.

    A few may come on top: a request that a busy machine has held up has waited, a small share of events is traced for
    its own sake, and at 1 % a trace may be among those that are kept.
    """
    return expected <= counted <= expected + 6


@pytest.mark.skipif(sys.platform == "win32", reason="the clock of a thread ticks every 15 ms")
def test_a_run_prints_tables_and_targets_and_writes_json_markdown_and_what_it_left_out(tmp_path: Path) -> None:
    figures, tables = tmp_path / "figures.json", tmp_path / "figures.md"
    words = ["loop", "soak", "--scenario", "slash", "--rounds", "2", "--variant", "argus-otel, traced at 1%"]
    ran = _python("-m", "benchmarks", *words, "--json", str(figures), "--markdown", str(tables))
    assert ran.returncode == 0, ran.stderr
    written = json.loads(figures.read_text(encoding="utf-8"))
    (table,) = written["tables"]
    assert (table["part"], table["name"], table["unit"]) == ("loop", "slash", "µs")
    rows = {row["name"]: row for row in table["results"]}
    assert list(rows) == ["bare", "bare again (A/A)", "argus-otel, traced at 1%"]
    assert rows["argus-otel, traced at 1%"]["records"] >= 7.0
    assert len(rows["bare again (A/A)"]["differences"]) == 2
    for name in rows:
        assert f"\n{name} " in ran.stdout
        assert f"\n| {name} |" in tables.read_text(encoding="utf-8")
    assert written["not measured"] == ["soak: not measured: it has none of the variants that were chosen"]
    assert written["about"]["command"].endswith(f'--markdown {tables}"' if "MAKELEVEL" in os.environ else str(tables))
    assert "\ntargets\n" in ran.stdout
    assert "7 of 7 rounds" in ran.stderr
