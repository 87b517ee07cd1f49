"""Each step that a run has logged is stored, or was in memory for less than a second when its process was killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from .cases import CASES, Case, run_case

pytest.importorskip("chdb", reason="needs ClickHouse's engine: pip install chdb-core-lite (Linux and macOS)")


@pytest.mark.alone  # each starts an engine of its own
@pytest.mark.timeout(200)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_step_is_accounted_for(case: Case, tmp_path: Path) -> None:
    outcome = run_case(case, tmp_path / "case")
    assert outcome.logged >= (500 if case.signal else case.steps)
    assert (outcome.missing, outcome.strange) == (0, 0), outcome
    if outcome.killed:
        assert outcome.stored > 0, outcome
    else:
        assert outcome.stored == outcome.logged, outcome
