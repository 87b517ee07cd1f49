"""What became of events: how many were taken in, how many dropped and why, and what went wrong last."""

from __future__ import annotations

import logging

from argus_otel.telemetry import State, Telemetry
from argus_otel.telemetry.catalogue import DROP_REASON, HISTORY_DROPPED, HISTORY_EVENTS

SPOOL = "history spool"
"""As health calls the directory of waiting events."""

_log = logging.getLogger("argus_otel")


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
        self._failure = ""
        self._spool_failure = ""
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
        self._failure = ""
        self._telemetry.health.report(self._part, State.OK)

    def fails(self, why: str) -> None:
        """Note, and warn once, that they do not."""
        self._failure = self.last_error = self._telemetry.redact(why)
        self._telemetry.health.report(self._part, State.FAILED, self.last_error)

    def spool_works(self) -> None:
        """Note that the spool has what is given to it."""
        if self._spool_failure:
            self._spool_failure = ""
            self._telemetry.health.report(SPOOL, State.OK)

    def spool_fails(self, why: str) -> None:
        """Note, and warn once, that the spool cannot be used, or is full."""
        self._spool_failure = self.last_error = self._telemetry.redact(why)
        self._telemetry.health.report(SPOOL, State.FAILED, self.last_error)

    def lost_at_the_end(self, number: int) -> None:
        """Count events that are in memory when the process ends, and warn of how many there are, and why."""
        if not number:
            return
        self.drop(number, "shutdown")
        reasons = self._failure or "no time was left to deliver them", self._spool_failure or "there is no spool"
        why = " ".join("; ".join(reason.rstrip(".") for reason in reasons).split())
        self.last_error = f"{number} event{'s' if number > 1 else ''} of history in memory, lost as the bot ends: {why}"
        self._telemetry.health.report(self._part, State.FAILED, self.last_error, warn=False)
        _log.warning("argus-otel: %s", self.last_error)

    def describe(self) -> dict[str, object]:
        """Return the numbers in a JSON-able form."""
        recorded = sum(value for _, value in self._events.points(HISTORY_EVENTS))
        dropped = {str(a[DROP_REASON.name]): value for a, value in self._dropped.points(HISTORY_DROPPED) if value}
        return {"recorded": recorded, "dropped": dropped, "last_error": self.last_error}
