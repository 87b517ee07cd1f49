"""Which of a run's logged values is shown for it, and whether the greatest or the least is the best."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isinf

from .results import LoggedValue

_MAIN = ("loss", "train_loss", "train/loss", "training_loss", "val_loss", "validation_loss", "eval_loss", "eval/loss")
_GREAT = frozenset(
    (
        "acc", "accuracy", "auc", "auroc", "f1", "precision", "recall", "score", "reward", "return", "returns", "bleu",
        "rouge", "map", "miou", "iou", "dice", "r2", "psnr", "ssim", "success", "throughput",
    )
)  # fmt: skip
_WORDS = re.compile(r"[a-z]+[0-9]?")


def is_maximised(metric: str) -> bool:
    """Whether the greatest value is the best: it is of a name with a word such as ``accuracy``, ``f1`` or ``reward``.

    A name that has ``loss`` or ``error`` too is that of one.
    """
    words = set(_WORDS.findall(metric.lower()))
    return not words & {"loss", "error", "err"} and bool(words & _GREAT)


def best_of(value: LoggedValue, *, minimise: bool | None = None) -> float | None:
    """Return the best finite value; ``None`` for none.

    Parameters
    ----------
    minimise:
        Whether the least is the best; ``None`` leaves that to :func:`is_maximised`.
    """
    least = not is_maximised(value.metric) if minimise is None else minimise
    return value.low if least else value.high


def main_value(values: Sequence[LoggedValue]) -> LoggedValue | None:
    """Return the value that is shown for a run: its loss in training, or else the first one by name."""

    def rank(value: LoggedValue) -> tuple[int, bool, str, bool]:
        name = value.metric.lower()
        place = _MAIN.index(name) if name in _MAIN else len(_MAIN)
        return place, "loss" not in name, value.metric, value.phase != "train"

    return min(values, key=rank, default=None)


def finite(number: float) -> float | None:
    """Return the least or greatest of some values; ``None`` if it is none of them."""
    return None if isinf(number) else number
