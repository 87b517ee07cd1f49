"""The line at the start of a process that trains."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TRAINS = "from argus_otel import training\nwith training.run('baseline') as run:\n    run.log({'loss': 1.0}, step=1)\n"


@pytest.mark.parametrize(
    ("history", "observed"),
    [("store", "training runs; "), ("false", "training runs (no curves are kept: ARGUS_HISTORY is off); ")],
)
def test_it_says_whether_curves_are_kept(history: str, observed: str, tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARGUS_", "OTEL_"))}
    (tmp_path / "train.py").write_text(TRAINS)
    done = subprocess.run(
        [sys.executable, "-m", "argus_otel", "run", "train.py"],
        env={
            **kept,
            "ARGUS_CONTROL": str(tmp_path / "control"),
            "ARGUS_ENDPOINT": "false",
            "ARGUS_HISTORY": history,
            "ARGUS_HISTORY_STORE": f"files:{tmp_path / 'history'}",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    [line] = [line for line in done.stderr.splitlines() if line.startswith("argus-otel ")]
    assert line.partition(": ")[2].startswith(observed)
