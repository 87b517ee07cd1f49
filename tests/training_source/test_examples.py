"""The examples of training that need no framework, as their own words say that they are run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from argus_otel.demo.training.stored import Stored
from tools.backends import ROOT


def ran(example: str, directory: Path) -> tuple[str, Stored]:
    """Run an example; return what it prints, and what history has of it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARGUS_", "OTEL_"))}
    done = subprocess.run(
        [sys.executable, "-m", "argus_otel", "run", str(ROOT / "examples" / "training" / example)],
        env={
            **kept,
            "ARGUS_CONTROL": str(directory / "control"),
            "ARGUS_ENDPOINT": "false",
            "ARGUS_HISTORY": "store",
            "ARGUS_HISTORY_STORE": f"files:{directory / 'history'}",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, Stored(directory / "history")


def test_a_loop_of_ones_own(tmp_path: Path) -> None:
    output, stored = ran("own_loop.py", tmp_path)
    assert output == "y = 2.99 x + 1.00\n"
    assert Counter(point.phase for point in stored.points) == {"train": 2000, "validation": 4}
    assert stored.events["training.run.end"] == stored.events["training.run.start"] == 1


def test_a_sweep(tmp_path: Path) -> None:
    output, stored = ran("sweep.py", tmp_path)
    assert output.startswith("the best rate is ")
    assert Counter(point.phase for point in stored.points) == {"train": 500, "validation": 5}
    assert len({point.run for point in stored.points}) == stored.events["training.run.end"] == 5
