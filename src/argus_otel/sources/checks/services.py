"""The status of services: each that of the worst of its checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from .agent import CheckState
from .judge import Change, Status

_FROM_WORST = (Status.DOWN, Status.DEGRADED, Status.UP)


class ServiceStatuses:
    """Counts the checks of each service by status."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[Status]] = {}
        self._told: dict[str, Status] = {}

    def count_anew(self, states: Iterable[CheckState], change: Change) -> None:
        """Count these checks, and no others, as they were before a change of one of them."""
        self._counts = {}
        for state in states:
            if state.check.service:
                status = change.before if state.check.name == change.check else state.judge.status
                self._counts.setdefault(state.check.service, Counter())[status] += 1
        for service, counts in self._counts.items():
            self._told.setdefault(service, _worst(counts))

    def change(self, service: str, change: Change) -> tuple[Status, Status] | None:
        """Take the change of one of its checks into account; return the service's statuses before and after it.

        ``None`` if that has not changed.
        """
        counts = self._counts.setdefault(service, Counter())
        if counts[change.before]:
            counts[change.before] -= 1
        counts[change.after] += 1
        earlier = self._told.get(service, Status.UNKNOWN)
        now = self._told[service] = _worst(counts)
        return (earlier, now) if earlier is not now else None


def _worst(counts: Counter[Status]) -> Status:
    return next((status for status in _FROM_WORST if counts[status]), Status.UNKNOWN)
