"""What checks promise under ``slo:``, and whether they keep it now."""

from __future__ import annotations

from collections.abc import Iterator

from . import attributes as a
from .agent import CheckState
from .definition import Check, Latency
from .judge import Status
from .outcomes import Outcome

AVAILABILITY, LATENCY = map(str, a.SLO.values)
"""The kinds of promises."""


def promised(check: Check) -> Iterator[tuple[str, float]]:
    """Yield the kind of each promise of a check, and the share that is promised, from 0 to 1."""
    objective = check.objective
    if objective is None:
        return
    if objective.availability is not None:
        yield AVAILABILITY, objective.availability
    if objective.latency is not None:
        yield LATENCY, objective.latency.share


def kept(state: CheckState) -> Iterator[tuple[str, bool]]:
    """Yield the kind of each promise of a check that is judged now, and whether the check keeps it.

    Nothing is judged while the check is muted or unknown. It is available while it is not confirmed down; it is fast
    enough if its last run succeeded and took no longer than promised. A run that was too slow while the agent itself
    was too slow is not judged.
    """
    objective, status = state.check.objective, state.judge.status
    if objective is None or state.muted or status is Status.UNKNOWN:
        return
    if objective.availability is not None:
        yield AVAILABILITY, status is not Status.DOWN
    if objective.latency is not None:
        fast = _was_fast(state, objective.latency)
        if fast is not None:
            yield LATENCY, fast


def _was_fast(state: CheckState, promise: Latency) -> bool | None:
    run = state.last
    if run is None or run.outcome is Outcome.UNKNOWN:
        return None
    if not run.outcome.good:
        return False
    fast = run.last.duration <= promise.under
    return None if run.disturbed and not fast else fast


def window_text(seconds: float) -> str:
    """Return a length of time as Prometheus writes it, in whole seconds, such as ``30d``."""
    left, written = round(seconds), ""
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        number, left = divmod(left, length)
        written += f"{number}{unit}" if number else ""
    return written or "0s"
