"""The status of services: each that of the worst of its checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from .agent import CheckState
from .judge import Status

_FROM_WORST = (Status.DOWN, Status.DEGRADED, Status.UP)


class ServiceStatuses:
    """Counts the checks of each service by status."""

    def __init__(self) -> None:
        self._counts: dict[str, Counter[Status]] = {}
        self._told: dict[str, Status] = {}

    def count_anew(self, states: Iterable[CheckState]) -> None:
        """Count these checks, and no others."""
        self._counts = {}
        for state in states:
            if state.check.service:
                self._counts.setdefault(state.check.service, Counter())[state.judge.status] += 1

    def change(self, service: str, before: Status, after: Status) -> tuple[Status, Status] | None:
        """Take the change of one of its checks into account; return the service's statuses before and after it.

        ``None`` if that has not changed.
        """
        counts = self._counts.setdefault(service, Counter())
        if counts[before]:
            counts[before] -= 1
        counts[after] += 1
        earlier = self._told.get(service, Status.UNKNOWN)
        now = next((status for status in _FROM_WORST if counts[status]), Status.UNKNOWN)
        self._told[service] = now
        return (earlier, now) if earlier is not now else None
