"""When which check is due. Pure: it is given the time, starts nothing and waits for nothing."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

from .slots import slot_after


@dataclass(frozen=True, slots=True)
class Due:
    """A check that is to run now.

    Attributes
    ----------
    check:
        Its name.
    slot:
        When it was due, in milliseconds since 1970.
    repeat:
        How often it has run in this slot before: above 0 after the wall clock was set back.
    missed:
        How many slots passed unused since this one, because the agent was not woken in time.
    """

    check: str
    slot: int
    repeat: int = 0
    missed: int = 0


class _Entry:
    __slots__ = ("interval", "slot", "extra", "highest", "repeat")

    def __init__(self, interval: int, slot: int) -> None:
        self.interval = interval
        self.slot = slot
        self.extra: int | None = None  # a run between two slots
        self.highest = 0
        self.repeat = 0

    @property
    def due(self) -> int:
        return self.slot if self.extra is None else self.extra


class Schedule:
    """The slots of all checks, the next one first. All times in milliseconds since 1970."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        # An entry that changes is pushed again. What it leaves in the heap is stale, and is dropped when it is next.
        self._heap: list[tuple[int, str]] = []

    def add(self, check: str, interval: int, now: int) -> None:
        """Add a check, or change its interval. One whose interval is as before keeps its place."""
        known = self._entries.get(check)
        if known is not None and known.interval == interval:
            return
        entry = self._entries[check] = _Entry(interval, slot_after(now, check, interval))
        if known is not None:
            entry.highest, entry.repeat = known.highest, known.repeat
        self._push(check, entry)

    def remove(self, check: str) -> None:
        """Remove a check; one that is not there is ignored."""
        self._entries.pop(check, None)

    def keep(self, checks: Iterable[str]) -> None:
        """Remove every check that is not among ``checks``."""
        for check in self._entries.keys() - set(checks):
            del self._entries[check]

    def hasten(self, check: str, at: int) -> None:
        """Let a check run at ``at`` too, unless it is due before that anyway."""
        entry = self._entries.get(check)
        if entry is not None and at < entry.due:
            entry.extra = at
            self._push(check, entry)

    @property
    def next(self) -> int | None:
        """When the next check is due; ``None`` if there is none."""
        self._drop_stale()
        return self._heap[0][0] if self._heap else None

    def take(self, now: int) -> list[Due]:
        """Return what is due, the earliest first, and move each check on to its next slot after ``now``."""
        taken: list[Due] = []
        while (at := self.next) is not None and at <= now:
            _, check = heapq.heappop(self._heap)
            entry = self._entries[check]
            missed = 0
            entry.extra = None
            if at >= entry.slot:
                missed = (now - entry.slot) // entry.interval
                entry.slot += (missed + 1) * entry.interval
            if at > entry.highest:
                entry.highest, entry.repeat = at, 0
            taken.append(Due(check, at, entry.repeat, missed))
            self._push(check, entry)
        return taken

    def restart(self, now: int, *, back: bool) -> int:
        """Begin anew at ``now``, since the wall clock was set; return how many slots were passed over.

        Parameters
        ----------
        back:
            Whether it was set back, so that slots come again: what runs in them is marked as a repeat.
        """
        passed = 0
        self._heap.clear()
        for check, entry in self._entries.items():
            following = slot_after(now, check, entry.interval)
            passed += max(0, (following - entry.slot) // entry.interval)
            entry.slot, entry.extra = following, None
            entry.repeat += back
            self._heap.append((entry.due, check))
        heapq.heapify(self._heap)
        return passed

    def __len__(self) -> int:
        return len(self._entries)

    def _push(self, check: str, entry: _Entry) -> None:
        heapq.heappush(self._heap, (entry.due, check))

    def _drop_stale(self) -> None:
        while self._heap:
            at, check = self._heap[0]
            entry = self._entries.get(check)
            if entry is not None and entry.due == at:
                return
            heapq.heappop(self._heap)
