"""What an intake tells of itself: by it the process that takes events in reports to the one that started it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the events in a spool.

    Attributes
    ----------
    rows:
        How many are in the store now, be it that they had been before.
    dropped:
        How many never will be, by reason.
    problem:
        Why others still wait; empty where none do.
    """

    rows: int = 0
    dropped: dict[str, int] = field(default_factory=dict[str, int])
    problem: str = ""
