"""What history stores of logged values, in the embedded engine: bytes of a point, and how fast steps are inserted."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.checks.child import kept
from benchmarks.pairs import BARE
from benchmarks.progress import Progress
from benchmarks.results import compared
from benchmarks.tables import Table

from .variants import ROOT

PART = "stored"
POINT, INSERT = "point", "insert"
CURVES = "curves of a training, single precision"
RANDOM = "random values, double precision"
_AGAIN = f"{CURVES} (A/A)"
_KINDS = {CURVES: "curves", _AGAIN: "curves", RANDOM: "random"}
_TITLES = {
    POINT: ("a stored point, merged", "bytes"),
    INSERT: ("a logged step of 3 values, inserted", "µs"),
}
SCRIPT = Path(__file__).with_name("stored_process.py")


def measure(steps: int, rounds: int, progress: Progress) -> list[Table]:
    """Store a run in a new store in each round."""
    samples: dict[str, dict[str, list[float]]] = {what: {kind: [] for kind in _KINDS} for what in _TITLES}
    for _ in progress.counting(PART)(rounds):
        for name, kind in _KINDS.items():
            for what, figure in stored(kind, steps).items():
                samples[what][name].append(figure)
    if not samples[POINT][CURVES]:
        return []
    # There is no run without points to compare with: what is added is all of it.
    nothing = {BARE: [0.0] * len(samples[POINT][CURVES])}
    return [
        Table(PART, what, title, unit, compared({**nothing, **samples[what]}, BARE))
        for what, (title, unit) in _TITLES.items()
    ]


def stored(kind: str, steps: int) -> dict[str, float]:
    """Store a run once; return the bytes of a ``point``, and the time of an ``insert`` of a step in µs.

    Raises
    ------
    RuntimeError
        It has failed.
    """
    with tempfile.TemporaryDirectory() as directory:
        ran = subprocess.run(
            [sys.executable, str(SCRIPT), kind, str(steps), directory],
            env={**kept(), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
    if ran.returncode:
        raise RuntimeError(f"{kind} has ended with {ran.returncode}: {ran.stderr[-1000:]}")
    return json.loads(ran.stdout.splitlines()[-1])
