"""What a start costs: processor time and memory of a program that imports LangGraph, and runs a graph once.

Every start is a fresh process. Each round starts every variant once, in random order, and the figures are read twice:
when LangGraph is imported, and when the graph has run, which starts argus-otel's work. argus-otel serves /metrics.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.pairs import BARE, CONTROL
from benchmarks.processes import Kind, environment
from benchmarks.progress import Count
from benchmarks.results import compared
from benchmarks.startup import ARGUS_CHOSEN, INSTRUMENT_COMMAND, SERVED
from benchmarks.tables import Table
from lab.processes import free_port

from .variants import OURS

PART = "startup"
SCRIPT = Path(__file__).with_name("startup_process.py")
ONE_LINE = f"{OURS}, one line of code"
INSTRUMENTED = f"opentelemetry-instrument, {OURS}"
KINDS = (
    Kind(BARE),
    Kind(CONTROL),
    Kind(OURS, ("-m", "argus_otel", "run"), {"ARGUS_ENDPOINT_PORT": "{port}"}),
    Kind(ONE_LINE, variables={"ARGUS_ENDPOINT_PORT": "{port}"}, options={"attach": OURS}),
    Kind(INSTRUMENTED, INSTRUMENT_COMMAND, {**ARGUS_CHOSEN, **SERVED}),
)
WHEN = {"imported": "when LangGraph is imported", "ran": "when a graph has run"}
MEASURED = {
    "processor": ("processor's time", "ms", 1e3),
    "resident": ("resident memory", "MB", 1e-6),
    "modules": ("modules imported", "modules", 1),
}


def start(kind: Kind) -> dict[str, float]:
    """Start the program once; return its usage, by the names of :data:`WHEN` and :data:`MEASURED`.

    Raises
    ------
    RuntimeError
        It has failed.
    """
    port = free_port()
    variables = {key: value.format(port=port) for key, value in kind.variables.items()}
    ran = subprocess.run(
        [sys.executable, *kind.launcher, str(SCRIPT), *map(str, kind.options.values())],
        env={**environment("langgraph"), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise RuntimeError(f"{kind.name} has ended: {ran.stderr[-2000:]}")
    found = json.loads(ran.stdout.splitlines()[-1])
    return {
        f"{when} {what}": figures[what] * factor
        for when, figures in found.items()
        for what, (_, _, factor) in MEASURED.items()
    }


def measure(kinds: Sequence[Kind], rounds: int, count: Count = range) -> list[Table]:
    """Start every variant in each round, and once before, so that files are cached in memory."""
    titles = {
        f"{when} {what}": (f"start, {where}, {title}", unit)
        for what, (title, unit, _) in MEASURED.items()
        for when, where in WHEN.items()
    }
    samples: dict[str, dict[str, list[float]]] = {what: {kind.name: [] for kind in kinds} for what in titles}
    shuffle = random.Random()
    for number in count(rounds + 1):
        for kind in shuffle.sample(list(kinds), len(kinds)):
            figures = start(kind)
            for what in titles:
                if number:
                    samples[what][kind.name].append(figures[what])
    if not next(iter(samples.values()))[BARE]:
        return []
    return [Table(PART, what, *titles[what], compared(found, BARE), digits=1) for what, found in samples.items()]
