"""How a training run ended, and what its guard has noticed."""

from __future__ import annotations

from enum import Enum


class Outcome(Enum):
    """How it ended."""

    OK = "ok"
    STOPPED = "stopped"
    GUARDED = "guarded"
    INTERRUPTED = "interrupted"
    ERROR = "error"

    @property
    def failed(self) -> bool:
        """Whether the status of its span is an error."""
        return self is Outcome.ERROR


class Rule(Enum):
    """What the guard has noticed."""

    NONFINITE = "nonfinite"
    DIVERGENCE = "divergence"
    STALL = "stall"


class Action(Enum):
    """What the guard has done about it."""

    WARN = "warn"
    STOP = "stop"


def outcome_of(error: BaseException | None) -> Outcome:
    """Return the outcome of a run that ends with an exception, or with ``None``.

    Ctrl-C and ``sys.exit()`` without a status are not the training's failure, nor is a coroutine that is cancelled.
    """
    if error is None or (isinstance(error, SystemExit) and not error.code):
        return Outcome.OK
    if isinstance(error, Exception):
        return Outcome.ERROR
    if isinstance(error, SystemExit):
        return Outcome.ERROR
    return Outcome.INTERRUPTED
