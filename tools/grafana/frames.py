"""Answers, as Grafana hands them to a panel: columns, each with a name, a type, and labels where it is a series."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["time", "number", "string", "other"]


@dataclass
class Field:
    """One column.

    Attributes
    ----------
    name, display:
        As queries name it, and as it is shown, which a legend decides on.
    labels:
        Of the series, where it is one.
    config:
        Its options: the panel's defaults, and the overrides.
    values:
        Times are seconds since 1970; numbers are floats, ``None`` where there is none.
    """

    name: str
    kind: Kind
    values: list[Any]
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    display: str = ""
    config: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def shown(self) -> str:
        """Its name on a panel."""
        return self.display or self.name


@dataclass
class Frame:
    """Columns of the same length, and the letter of the query that they answer.

    Attributes
    ----------
    step:
        How far two points are apart that belong together, in seconds; 0 where that is not known.
    """

    ref_id: str
    fields: list[Field]
    step: float = 0.0

    def __len__(self) -> int:
        return len(self.fields[0].values) if self.fields else 0

    def of_kind(self, kind: Kind) -> list[Field]:
        """The columns of a type."""
        return [one for one in self.fields if one.kind == kind]


def is_empty(frames: Sequence[Frame]) -> bool:
    """Whether nothing of it could be shown: no row, or no number among the numbers of a series."""
    return not any(_shows(frame) for frame in frames)


def _shows(frame: Frame) -> bool:
    if not len(frame):
        return False
    numbers = frame.of_kind("number")
    if not numbers or frame.of_kind("string"):
        return True
    return any(value is not None and math.isfinite(value) for one in numbers for value in one.values)
