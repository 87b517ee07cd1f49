"""How long a run will go on: by its last steps, and by the validations and checkpoints that are still to come."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

_LAST = 100
"""How many steps the mean is of."""
_NEARLY = 0.05
"""What is missing at most of a time between two, at the end of a run, for one more: epochs differ by some steps."""


class Pace:
    """The pace of a run's last steps. What steps wait for, such as a validation, is not a part of them.

    Attributes
    ----------
    add:
        Notes how many steps there have been, and when the last one ended: in seconds, by a clock that stands still
        while nothing is trained. It is the deque's own method, since it is called in each step of a training.
    """

    __slots__ = ("add", "_ends")

    def __init__(self) -> None:
        self._ends: deque[tuple[int, float]] = deque(maxlen=_LAST + 1)
        self.add = self._ends.append

    def mean(self) -> float | None:
        """Return the mean duration of the last steps, in seconds; ``None`` before the second one. Any thread."""
        ends = self._ends
        if len(ends) < 2:
            return None
        (first, began), (last, ended) = ends[0], ends[-1]
        return (ended - began) / (last - first) if last > first else None

    def median(self) -> float | None:
        """Return the median duration of the last steps, in seconds; ``None`` before the second one. Any thread."""
        # By places: steps may be added meanwhile, and then there is no iterating over a deque.
        last = [self._ends[place] for place in range(len(self._ends))]
        took = sorted(
            (end - began) / (steps - before)
            for (before, began), (steps, end) in pairwise(last)
            if steps > before and end >= began
        )
        return took[len(took) // 2] if took else None


class Recurring:
    """What a run does again and again between its steps: validations, or checkpoints.

    Some at one step are one: such as a validation of each data set. The first one may take longer than all others,
    since it compiles the model for it; so it counts only while there is no other.
    """

    __slots__ = ("_first", "_last", "_times", "_seconds", "_of_first")

    def __init__(self) -> None:
        self._first = self._last = -1
        self._times = 0
        self._seconds = self._of_first = 0.0

    def add(self, steps: int, seconds: float) -> None:
        """Note that it was done after so many steps, and how long it took."""
        if not self._times or steps != self._last:
            self._times += 1
            self._last = steps
        if self._times == 1:
            self._first = steps
            self._of_first += seconds
        else:
            self._seconds += seconds

    def remaining(self, began_at: int, total_steps: float) -> float:
        """Return how long all those that are still to come will take, in seconds; 0 if nothing is known of them.

        Parameters
        ----------
        began_at:
            At which step the run began, or went on.
        """
        others = self._times - 1
        if others < 0:
            return 0.0
        since, times, seconds = (self._first, others, self._seconds) if others else (began_at, 1, self._of_first)
        apart = (self._last - since) / times
        return (total_steps - self._last + _NEARLY * apart) // apart * seconds / times if apart > 0 else 0.0
