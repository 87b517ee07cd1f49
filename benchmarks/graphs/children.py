"""Processes in which programs run under one watcher of graphs, and the lines of JSON that they print."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.pairs import BARE
from benchmarks.processes import environment

from .peers import PEERS, QUIET
from .recorders import NAMES, OURS

ROOT = Path(__file__).parents[2]
_LONGEST = 300.0
"""Seconds after which a process is given up."""


def lines(module: str, watcher: str, *words: str) -> list[dict[str, Any]]:
    """Run a module, and return what it has printed.

    Raises
    ------
    RuntimeError
        It has failed, or has not ended in time.
    """
    variables = {**environment("langgraph"), **QUIET, "LANGSMITH_TRACING": "false", "PYTHONPATH": str(ROOT)}
    try:
        ran = subprocess.run(
            [sys.executable, "-m", module, watcher, *words],
            cwd=ROOT,
            env=variables,
            capture_output=True,
            text=True,
            timeout=_LONGEST,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"has not ended within {_LONGEST:.0f} s") from None
    if ran.returncode:
        raise RuntimeError(f"ended with {ran.returncode}: {(ran.stderr.strip().splitlines() or [''])[-1][-300:]}")
    return [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]


def present(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the watchers among some that are installed, bare first, and how to install the others."""
    absent = {peer.name: peer.missing for peer in PEERS if peer.version is None}
    chosen = [name for name in NAMES if name in (BARE, OURS) or name in names]
    return [name for name in chosen if name not in absent], [absent[name] for name in chosen if name in absent]
