"""What became of events: how many were taken in, how many dropped and why, and what went wrong last."""

from __future__ import annotations

from argus_otel.telemetry import State, Telemetry
from argus_otel.telemetry.catalogue import DROP_REASON, HISTORY_DROPPED, HISTORY_EVENTS


class Tally:
    """The account of one process.

    Parameters
    ----------
    part:
        As health calls what delivers events.

    Attributes
    ----------
    last_error:
        What went wrong last, without secrets; empty while nothing has.
    """

    def __init__(self, telemetry: Telemetry, part: str) -> None:
        self._telemetry = telemetry
        self._part = part
        self._events = telemetry.counter(HISTORY_EVENTS)
        self._dropped = telemetry.counter(HISTORY_DROPPED)
        self.last_error = ""
        self._was_full = False
        # Bound once: it is counted on the event loop, and the others on the thread that writes.
        self.buffer_full = self._dropped["buffer_full"]

    def recorded(self, event: str) -> None:
        """Count an event that is to be delivered."""
        self._events[event].value += 1

    def drop(self, number: int, reason: str) -> None:
        """Count events that are lost."""
        if number:
            self._dropped[reason].value += number

    def works(self) -> None:
        """Note that events arrive."""
        self._telemetry.health.report(self._part, State.OK)

    def fails(self, why: str) -> None:
        """Note, and warn once, that they do not."""
        self.last_error = self._telemetry.redact(why)
        self._telemetry.health.report(self._part, State.FAILED, self.last_error)

    def full(self, directory: object, *, full: bool) -> None:
        """Note, and warn once, that the spool has no room, or that it has some again."""
        why = f"{directory} is full (ARGUS_HISTORY_SPOOL_LIMIT): what happens now is lost" if full else ""
        if full:
            self.last_error = why
        elif not self._was_full:
            return
        self._was_full = full
        self._telemetry.health.report("history spool", State.FAILED if full else State.OK, why)

    def describe(self) -> dict[str, object]:
        """Return the numbers in a JSON-able form."""
        recorded = sum(value for _, value in self._events.points(HISTORY_EVENTS))
        dropped = {str(a[DROP_REASON.name]): value for a, value in self._dropped.points(HISTORY_DROPPED) if value}
        return {"recorded": recorded, "dropped": dropped, "last_error": self.last_error}
