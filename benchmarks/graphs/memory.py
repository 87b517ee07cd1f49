"""Whether memory grows while a program runs a graph a hundred thousand times.

The program is a process of its own: bare, bare again, with argus-otel, and with every run traced. argus-otel judges
the runs, serves /metrics, and is scraped after each part. :mod:`benchmarks.growth` explains what is counted.
"""

from __future__ import annotations

from benchmarks import growth
from benchmarks.growth import Counts
from benchmarks.pairs import BARE, CONTROL
from benchmarks.progress import Count
from benchmarks.tables import Table

PART = "memory"
PARTS = 20
"""After how many parts of the runs it is counted."""

OURS = "argus-otel"
TRACED = "argus-otel, traced"
NAMES = (BARE, CONTROL, OURS, TRACED)
COUNTED = growth.counted_of("runs")


def measure(runs: int, parts: int, count: Count = range) -> list[Table]:
    """Run the programs, and return a table for each count."""
    kinds = {name: ["benchmarks.graphs.memory_process", name, str(runs), str(parts)] for name in NAMES}
    return growth.tables(PART, COUNTED, "runs", growth.measure(kinds, parts, count), _runs)


def _runs(counts: Counts) -> int:
    return counts["runs"]
