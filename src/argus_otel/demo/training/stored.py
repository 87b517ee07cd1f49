"""What history has of the training runs, read from its daily files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from argus_otel.history.files.compression import Lines
from argus_otel.history.files.listing import listed
from argus_otel.history.record.codec import decoded
from argus_otel.history.row import Row
from argus_otel.sources.training import attributes as a
from argus_otel.sources.training import catalogue as c


class Point(NamedTuple):
    """One logged value."""

    run: str
    phase: str
    name: str
    step: int
    value: float


class Stored:
    """What history has.

    Attributes
    ----------
    points:
        The logged values.
    events:
        How many events there are, by their names.
    artifacts:
        How many artifacts there are, by the names of their files.
    """

    def __init__(self, directory: Path) -> None:
        rows = list(_rows(directory))
        self.events = Counter(row.event for row in rows)
        self.artifacts = Counter(Path(str(row.attributes[a.PATH.name])).name for row in rows if _is_artifact(row))
        self.points = [point for row in rows if row.event == c.POINTS_ROW.name for point in _points(row)]


def _rows(directory: Path) -> Iterator[Row]:
    """Return the rows, each once: a row may have been written twice, by the same id."""
    seen: set[str] = set()
    for file in listed(directory):
        for line in Lines(file.path):
            row = decoded(line)
            if row is not None and row.event_id not in seen:
                seen.add(row.event_id)
                yield row


def _is_artifact(row: Row) -> bool:
    return row.event == c.SAVED.name and a.DIGEST.name in row.attributes


def _points(row: Row) -> Iterator[Point]:
    kept = {name: str(value) for name, value in row.attributes.items()}
    names, steps = kept[a.NAMES.name].split(","), kept[a.STEP.name].split(",")
    for place, value in enumerate(kept[a.VALUES.name].split(",")):
        step = int(steps[place // len(names)])
        yield Point(kept[a.RUN.name], kept[a.PHASE.name], names[place % len(names)], step, float(value))
