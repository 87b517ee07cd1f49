"""What the facts for rules cost alone: the shapes of what a node with eight keys writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from argus_otel.detections.shapes import shapes_of
from benchmarks.pairs import BARE, CONTROL, WITHOUT_LOOP, Variant, Work, compare
from benchmarks.progress import Progress
from benchmarks.tables import Table

from .workloads import eight

PART = "facts"
UNIT = "µs"
SHAPES = "shapes"
OF_DIFFERENT_KINDS = "8 keys of different kinds"
_TIMES = 1000


def measure(rounds: int, progress: Progress) -> list[Table]:
    """Time shapes."""

    def shapes(of: list[object]) -> Callable[[], object]:
        return partial(shapes_of, of)

    variants: list[Variant[Callable[[], object]]] = [
        Variant(BARE, _nothing),
        Variant(CONTROL, _nothing),
        Variant(OF_DIFFERENT_KINDS, shapes(list(eight().values()))),
        Variant("8 texts of 1 kB", shapes(["x" * 1000] * 8)),
        Variant("8 texts of 1 MB", shapes(["x" * 1_000_000] * 8)),
        Variant("8 lists of 1 kB", shapes([["x" * 1000]] * 8)),
        Variant("8 lists of 1 MB", shapes([["x" * 1000] * 1000] * 8)),
    ]
    title = "the shapes of 8 keys; bare: a call that does nothing"
    results = compare(WITHOUT_LOOP, _work, variants, rounds, count=progress.counting(PART))
    if not results:
        return []
    return [Table(PART, SHAPES, title, UNIT, [replace(result, records=None) for result in results])]


def _nothing() -> None:
    pass


def _work(call: Callable[[], object]) -> Work:
    async def run() -> int:
        for _ in range(_TIMES):
            call()
        return _TIMES

    return run
