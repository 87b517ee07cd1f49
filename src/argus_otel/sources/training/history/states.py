"""What state a run is in, by what history has of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from argus_otel.sources.training import catalogue as c
from argus_otel.sources.training.outcomes import Outcome

from .results import Attempt

LOST_EVENT = "training.run.lost"

RUNNING, LOST, SILENT, UNKNOWN = "running", "lost", "silent", "unknown"
STATES = (RUNNING, *(each.value for each in Outcome), LOST, SILENT, UNKNOWN)
"""All of them. How an imported run ended may be unknown: TensorBoard does not say it."""

SILENT_AFTER = timedelta(minutes=15)
"""After how long without an event or a logged value a run without an end counts as silent."""


def state_of(last_word: str, outcome: str, heard: datetime, now: datetime, silent_after: timedelta) -> str:
    """Return the state of an attempt.

    Parameters
    ----------
    last_word:
        The last event that tells of a beginning or an end; empty if none was stored.
    outcome:
        Of an end.
    heard:
        When it was heard of last.
    """
    if last_word == c.ENDED.name:
        return outcome or Outcome.OK.value
    if last_word == LOST_EVENT:
        return LOST
    return SILENT if now - heard > silent_after else RUNNING


def seconds_of(attempts: list[Attempt]) -> float:
    """Return how long attempts took together."""
    return sum((each.heard - each.began).total_seconds() for each in attempts)
