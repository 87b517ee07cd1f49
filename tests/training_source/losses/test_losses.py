"""Each logged step is stored, or counted as lost, or was younger than a second when its process was killed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from lab.clickhouse import ClickHouse

from .cases import CASES, TIMEOUT, Case, command, curve_points, deliver, environment, migrate, run_case, stored_steps
from .gate import Gate

pytest.importorskip("chdb", reason="needs ClickHouse's engine: pip install chdb-core-lite (Linux and macOS)")

pytestmark = [
    pytest.mark.alone,  # each starts an engine of its own
    pytest.mark.timeout(200),
]

MOST_WARNINGS = 8
LONGEST_END = 5.0 + 3.0
"""``ARGUS_SHUTDOWN_TIMEOUT``, and what Python itself takes, in seconds."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_step_is_accounted_for(case: Case, tmp_path: Path) -> None:
    outcome = run_case(case, tmp_path / "case")
    assert outcome.logged >= (500 if case.signal else case.steps)
    assert outcome.logged == outcome.stored + outcome.counted + outcome.younger, outcome
    assert (outcome.missing, outcome.strange, outcome.twice) == (0, 0, 0), outcome
    if outcome.killed:
        assert 0 < outcome.stored < outcome.logged, outcome
    else:
        assert outcome.younger == 0, outcome
    if case.spool == "usual":
        assert (outcome.counted, outcome.lost) == (0, {}), outcome
    else:
        assert outcome.counted > 0, outcome
    assert outcome.warnings <= MOST_WARNINGS, outcome
    assert outcome.ending < LONGEST_END, outcome
    # What is in memory at the end is counted, and the user is warned of it, with the same number.
    assert outcome.warned == outcome.lost.get("shutdown", 0), outcome


def test_a_process_that_is_killed_while_it_delivers_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    server = ClickHouse(tmp_path / "data")
    spool = {"ARGUS_HISTORY_SPOOL": str(tmp_path / "spool")}
    run, steps = str(uuid4()), 6000
    with ClickHouse.running_in(server.directory, password=server.password) as first:
        migrate(first)
    server.port = first.port
    left = environment(server, tmp_path, ARGUS_TRAINING_RUN=run)
    away = command(tmp_path, steps, 0.0003, "names", 0)
    subprocess.run(away, env=left, cwd=tmp_path, check=True, capture_output=True, timeout=TIMEOUT)
    segments = {path.name for path in (tmp_path / "spool").iterdir()}
    assert len(segments) > 1
    server.start()
    gate = Gate(server, 3)
    try:
        settings = environment(server, tmp_path, ARGUS_HISTORY_STORE=gate.dsn)
        delivering = subprocess.Popen(
            command(tmp_path, 100_000, 0.01, "usual", 0),
            env=settings,
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert gate.held.wait(TIMEOUT)
        finally:
            delivering.kill()
            delivering.wait()
        assert 0 < len(stored_steps(server, [run])) < steps  # in the middle
        assert {path.name for path in (tmp_path / "spool").iterdir()} & segments
        deliver(server, tmp_path, spool)
        assert stored_steps(server, [run]) == {(run, 0, step): 1 for step in range(steps)}
        assert curve_points(server, [run]) == steps
    finally:
        gate.close()
        server.kill()


def test_a_child_that_was_forked_writes_no_step_of_its_parents(tmp_path: Path) -> None:
    """Its copy of what the parent has logged and not delivered stays with the parent."""
    case = Case("forks", 400, way="forks", of_a_fork=0)
    outcome = run_case(case, tmp_path / "case")
    assert (outcome.stored, outcome.twice, outcome.strange) == (400, 0, 0), outcome
    errors = (tmp_path / "case" / "errors").read_text()
    assert len(re.findall("argus-otel [0-9.]+: training runs", errors)) == 1  # it logs nothing, so it starts nothing
