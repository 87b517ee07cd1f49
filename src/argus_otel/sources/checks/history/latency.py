"""What is left of the budget of slow runs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .results import LatencyBudget


@dataclass(frozen=True, slots=True)
class LatencyObjective:
    """What a check promises of its runs.

    Attributes
    ----------
    under:
        How long a run may take, in seconds.
    share:
        The share of runs that has to succeed within that time, between 0 and 1.
    window:
        The time that the promise is about.
    keep:
        What history keeps of the check, as its file says: its ``runs``, its ``changes`` only, or such as ``1/10``.
    """

    under: float
    share: float
    window: timedelta
    keep: str = "runs"


def latency_budget(
    name: str, objective: LatencyObjective, counts: Sequence[int], missing: int, since: datetime | None
) -> LatencyBudget:
    """Return the budget of a check.

    Parameters
    ----------
    counts:
        Its runs and the fast ones of them, in the window, in the last hour, and in the last six.
    missing:
        How many runs of the window were counted, and are not kept.
    since:
        The first run that is known, if the window began long before it; else ``None``.
    """
    runs, fast, last_hour, fast_of_hour, last_hours, fast_of_hours = counts
    note = _obstacle(runs, missing)
    if note:
        return unanswered(name, objective, note)
    budget, spent = (1 - objective.share) * runs, runs - fast
    return LatencyBudget(
        name,
        objective.under,
        objective.share,
        objective.window.total_seconds(),
        runs,
        fast,
        fast / runs,
        budget,
        spent,
        budget - spent,
        (budget - spent) / budget,
        _burn(objective, last_hour, fast_of_hour),
        _burn(objective, last_hours, fast_of_hours),
        "; ".join(_limits(objective, since)),
    )


def unanswered(name: str, objective: LatencyObjective, note: str) -> LatencyBudget:
    """Return the budget of a check of which too little is known, without numbers."""
    return LatencyBudget(
        name,
        objective.under,
        objective.share,
        objective.window.total_seconds(),
        runs=None,
        fast=None,
        share=None,
        budget=None,
        spent=None,
        left=None,
        left_share=None,
        burn_1h=None,
        burn_6h=None,
        note=note,
    )


def _limits(objective: LatencyObjective, since: datetime | None) -> Iterator[str]:
    """Yield why the numbers are not of every run of the window."""
    if since is not None:
        yield f"no run before {since:%Y-%m-%d %H:%M} is known"
    if objective.keep != "runs":
        yield f"of the runs that are kept (keep: {objective.keep})"


def _burn(objective: LatencyObjective, runs: int, fast: int) -> float | None:
    return (1 - fast / runs) / (1 - objective.share) if runs else None


def _obstacle(runs: int, missing: int) -> str:
    if missing > 0:
        return f"no answer: {missing} runs of the window are not kept any more"
    return "" if runs else "no answer: no run of the window was judged"
