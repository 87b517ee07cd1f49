"""What Lightning's entry points name: functions that return more callbacks, called for each Trainer.

No more than this module is imported where training runs are not observed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Make = Callable[[str], list[Any]]

_make: Make | None = None


def bind(make: Make | None) -> None:
    """Have the callbacks of each Trainer made by a function of the package's name from now on; with ``None``, none."""
    global _make  # the entry points name functions of a module, and a process has one source of training runs
    _make = make


def lightning() -> list[Any]:
    """Return the callbacks for a Trainer of ``lightning.pytorch``."""
    return [] if _make is None else _make("lightning.pytorch")


def pytorch_lightning() -> list[Any]:
    """Return the callbacks for a Trainer of ``pytorch_lightning``."""
    return [] if _make is None else _make("pytorch_lightning")
