"""What became of each slot: compared from the service's ledger, with no word of the agent's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from argus_otel.sources.checks.slots import slot_after

from .agents import INTERVAL, NotedRun, name_of
from .service import Request

_MS = 1000 * INTERVAL


@dataclass(frozen=True)
class Fates:
    """The slots of all checks in a span of time.

    Attributes
    ----------
    due, missed, doubled:
        How many slots there were, of how many no request came, and how many requests came beside the first of a slot.
    lateness:
        Of each request, from its slot to the acceptance of its connection by the service, in milliseconds.
    errors:
        Of each run that was answered, the agent's duration less the service's, in milliseconds.
    """

    due: int
    missed: int
    doubled: int
    lateness: Sequence[float]
    errors: Sequence[float]


def fates(requests: Sequence[Request], runs: Sequence[NotedRun], checks: int, begin: int, end: int) -> Fates:
    """Compare.

    Parameters
    ----------
    begin, end:
        The first and the last moment that a slot may have, in milliseconds since 1970.
    """
    offsets = [slot_after(0, name_of(number), _MS) % _MS for number in range(checks)]
    took: dict[tuple[int, int], float] = {}
    lateness: list[float] = []
    doubled = 0
    for request in requests:
        accepted = request.accepted * 1000
        late = (accepted - offsets[request.number]) % _MS
        slot = round(accepted - late)
        if begin <= slot <= end:
            doubled += (request.number, slot) in took
            took.setdefault((request.number, slot), request.took)
            lateness.append(late)
    due = sum((end - offset) // _MS - (begin - 1 - offset) // _MS for offset in offsets)
    measured = {(run.number, run.slot): run.duration for run in runs}
    errors = [1e3 * (measured[key] - seconds) for key, seconds in took.items() if seconds < 3600 and key in measured]
    return Fates(due, due - len(took), doubled, lateness, errors)
