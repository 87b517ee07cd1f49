"""How long a run will go on: by its last steps, and by the validations that are still to come."""

from __future__ import annotations

_LAST = 100
"""How many steps the mean is of."""


class Pace:
    """The pace of a run's last steps. What steps wait for, such as a validation, is not a part of them.

    Adding steps is one store: it is done in each step of a training.
    """

    __slots__ = ("_ends", "_added")

    def __init__(self) -> None:
        self._ends: list[tuple[int, float]] = [(0, 0.0)] * (_LAST + 1)
        self._added = 0

    def add(self, steps: int, end: float) -> None:
        """Note how many steps there have been, and when the last one ended.

        Parameters
        ----------
        end:
            In seconds, by a clock that stands still while nothing is trained.
        """
        self._ends[self._added % (_LAST + 1)] = (steps, end)
        self._added += 1

    def mean(self) -> float | None:
        """Return the mean duration of the last steps, in seconds; ``None`` before the second one. Any thread."""
        added, ends = self._added, self._ends
        between = min(added - 1, _LAST)
        if between < 1:
            return None
        (first, began), (last, ended) = ends[(added - 1 - between) % (_LAST + 1)], ends[(added - 1) % (_LAST + 1)]
        return (ended - began) / (last - first) if last > first else None


def time_remaining(
    pace: Pace, steps: float, total_steps: float | None, validations: int, validating: float, total_validations: int
) -> float | None:
    """Return how long a run will go on, in seconds; ``None`` if that is not known.

    Parameters
    ----------
    steps, total_steps:
        How many steps it has had, and how many it will have.
    validations, validating, total_validations:
        How many validations it has had, how long they took together in seconds, and how many it will have.
    """
    mean = pace.mean()
    if mean is None or total_steps is None or total_steps < steps:
        return None
    remaining = (total_steps - steps) * mean
    if validations:
        remaining += max(0, total_validations - validations) * validating / validations
    return remaining
