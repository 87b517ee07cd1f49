"""The hooks of frameworks at a step that logs nothing, in the frameworks' own environments.

A step of a framework takes hundreds of µs, and varies by more than the hooks cost: so these are called alone, by a
program that trains, with what the framework gives them.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

from benchmarks.checks.child import kept
from benchmarks.pairs import BARE
from benchmarks.progress import Progress
from benchmarks.results import compared
from benchmarks.tables import Table
from tools.training_envs import ENVIRONMENTS

from .variants import ROOT, missing

PART = "hooks"
UNIT = "µs"
SCRIPT = Path(__file__).with_name("hooks_process.py")
FRAMEWORKS = {"keras": "keras", "lightning": "torch", "transformers": "torch"}
"""The environment of each."""
_LONGEST = 200.0


def measure(calls: int, rounds: int, progress: Progress) -> tuple[list[Table], list[str]]:
    """Time the hooks of each framework whose environment is made."""
    tables: list[Table] = []
    absent: list[str] = []
    for framework, environment in FRAMEWORKS.items():
        said = missing(environment, f"the hooks of {framework} are")
        if said:
            absent.append(said)
        elif not progress.stopped:
            progress.say(f"  {framework}")
            title = f"the hooks of {framework} at a step that logs nothing; bare: a callback that does nothing"
            samples = fitted(framework, environment, calls, rounds)
            tables.append(Table(PART, framework, title, UNIT, compared(samples, BARE)))
    return tables, absent


def fitted(framework: str, environment: str, calls: int, rounds: int) -> dict[str, list[float]]:
    """Run a fit, and return the time of the hooks in each round, in µs, by variant.

    Raises
    ------
    RuntimeError
        It has failed.
    """
    words = ["-m", "argus_otel", "run", str(SCRIPT), framework, str(calls), str(rounds)]
    with tempfile.TemporaryDirectory() as directory:
        variables = {
            "ARGUS_ENDPOINT": "false",
            "HF_HUB_OFFLINE": "1",
            "HOME": directory,
            "KERAS_BACKEND": "jax",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(ROOT),
        }
        ran = subprocess.run(
            [str(ENVIRONMENTS[environment].python), *words],
            env={**kept(), **variables},
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=_LONGEST,
            check=False,
        )
    found = [line for line in ran.stdout.splitlines() if line.startswith("FOUND ")]
    if ran.returncode or not found:
        raise RuntimeError(f"{framework} has ended with {ran.returncode}: {ran.stderr[-1000:]}")
    return json.loads(found[0].removeprefix("FOUND "))
