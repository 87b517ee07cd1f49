"""The rules on logged values: functions of the values alone, with constant work for each.

A rule has a state of its own for each value of a run that it judges. It knows no clock and no framework.
"""

from __future__ import annotations

import re
from math import inf, isfinite

from argus_otel.sources.training.outcomes import Rule

NONFINITE_IN_A_ROW = 3
"""After how many values in a row that are not finite the rule ``nonfinite`` trips."""

WARM_UP = 10
"""How many finite values of a loss come first, of which none is judged. Their mean is where it started from."""

DIVERGED_IN_A_ROW = 5
"""After how many values in a row that are far above the best the rule ``divergence`` trips."""

_TIMES = 3.0
_SHARE = 0.2
"""How much of a smoothed loss its last value is."""
_OF_GAIN = 0.1

_LOSS = re.compile(r"(?:(?<![A-Za-z])(?i:loss|losses)|(?<=[a-z])Loss)(?:_step|_epoch)?(?=/|$)")
_WHOLE = frozenset(("dataloader", "epoch", "eval", "idx", "loss", "step", "test", "total", "train", "training", "val",
                    "valid", "validation"))  # fmt: skip
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def is_loss(name: str) -> bool:
    """Whether a name is that of a loss or of a term of one: ``val_loss``, ``loss/train``, not ``loss_scale``."""
    return _LOSS.search(name) is not None


def is_whole_loss(name: str) -> bool:
    """Whether a name is that of a loss as a whole: a term, such as ``kl_loss``, may grow while the whole falls."""
    return is_loss(name) and all(word.lower() in _WHOLE for word in _WORDS.findall(name))


def limit_of(start: float, best: float) -> float:
    """Return above what a loss has diverged: three times its best, which is twice its size above it.

    So a loss whose best is 0 or less is compared by the difference. That is at least a tenth of what the loss has
    gained since its start: of a loss that is nearly 0, a multiple says nothing.

    Parameters
    ----------
    start:
        The mean of the first values.
    best:
        The least smoothed loss since then.
    """
    above = max((_TIMES - 1) * abs(best), _OF_GAIN * (start - best))
    return best + above if above else inf


class NonFinite:
    """Trips at several values in a row that are not finite."""

    __slots__ = ("_row",)

    def __init__(self) -> None:
        self._row = 0

    def add(self, value: float) -> Rule | None:
        """Take the next value; return the rule that trips now."""
        if isfinite(value):
            self._row = 0
            return None
        self._row += 1
        return Rule.NONFINITE if self._row == NONFINITE_IN_A_ROW else None


class Loss(NonFinite):
    """Trips at that too, and once a loss has diverged: both the value and its smoothed course are far above
    the best. One value alone never is: a single bad batch is no divergence.
    """

    __slots__ = ("_count", "_smoothed", "_start", "_best", "_above")

    def __init__(self) -> None:
        super().__init__()
        self._count = self._above = 0
        self._smoothed = self._start = self._best = 0.0

    def add(self, value: float) -> Rule | None:
        """Take the next value; return the rule that trips now."""
        if not isfinite(value):
            return super().add(value)
        self._row = 0
        if self._count < WARM_UP:
            self._warm_up(value)
            return None
        smoothed = self._smoothed = self._smoothed * (1 - _SHARE) + value * _SHARE
        best = self._best
        if smoothed < best:
            self._best = smoothed
            self._above = 0
            return None
        # The limit is at least as high as the product, so it is calculated for few values.
        if value <= _TIMES * best or min(smoothed, value) <= limit_of(self._start, best):
            self._above = 0
            return None
        self._above += 1
        return Rule.DIVERGENCE if self._above == DIVERGED_IN_A_ROW else None

    def _warm_up(self, value: float) -> None:
        count = self._count = self._count + 1
        self._smoothed = self._smoothed * ((count - 1) / count) + value / count
        if count == WARM_UP:
            self._start = self._best = self._smoothed
