"""What the demo shows while it runs: the panels of training runs, and the course of the losses so far."""

from __future__ import annotations

import math
from collections import deque

from argus_otel.panels import Cell, Column, Content, Panel, Table, Tone, View, number
from argus_otel.scrape.series import Metrics
from argus_otel.sources.training import attributes as a
from argus_otel.sources.training import catalogue as c
from argus_otel.sources.training.panels import PANELS as OF_RUNS

_LEVELS = "▁▂▃▄▅▆▇█"
_WIDTH = 40


def summary(metrics: Metrics) -> str:
    """Return in a few words how much was trained."""
    ended, steps = metrics.total(c.RUNS) or 0.0, metrics.total(c.STEPS) or 0.0
    return f"{number(ended)} runs; {number(steps)} steps"


class Course:
    """The last values of each loss, as a line of blocks: by the logarithm, since losses fall by powers of ten."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, ...], deque[float]] = {}

    def __call__(self, view: View) -> Content:
        """Draw a line for each loss, with what the metrics have now at its end."""
        lines: list[tuple[Cell, ...]] = []
        for kind, value in sorted(view.whole.by(c.VALUE, a.METRIC, a.PHASE).items()):
            seen = self._seen.setdefault(kind, deque(maxlen=_WIDTH))
            seen.append(value)
            tone = Tone.PLAIN if math.isfinite(value) else Tone.BAD
            lines.append((Cell(", ".join(kind)), Cell(f"{value:.3g}", tone), Cell(blocks(seen))))
        columns = (Column("value", number=False), Column("now"), Column("its course", number=False))
        return (Table(columns, lines[: view.rows]),)


def blocks(values: deque[float]) -> str:
    """Return a block for each value, from the least to the greatest; ``!`` for one that is not finite."""
    logs = [math.log10(value) if math.isfinite(value) and value > 0 else None for value in values]
    known = [each for each in logs if each is not None]
    if not known:
        return "!" * len(logs)
    low, high = min(known), max(known)
    scale = (len(_LEVELS) - 1) / (high - low) if high > low else 0.0
    return "".join("!" if each is None else _LEVELS[round((each - low) * scale)] for each in logs)


def panels() -> tuple[Panel, ...]:
    """Return the panels: new ones each time, since a course has what it has seen."""
    return (*OF_RUNS[:1], Panel("losses", (c.VALUE,), Course(), 5, grows=True), *OF_RUNS[2:3])
