"""Counts of events that were recorded and dropped, and the state of delivery and spool."""

from __future__ import annotations

import logging

from argus_otel.telemetry import State, Telemetry
from argus_otel.telemetry.catalogue import DROP_REASON, EXPIRE_REASON, HISTORY_DROPPED, HISTORY_EVENTS, HISTORY_EXPIRED

SPOOL = "history spool"
"""The name of the spool in health."""

_log = logging.getLogger("argus_otel")


class Stats:
    """The counts and states of one process.

    Parameters
    ----------
    part:
        The name of the delivery in health.

    Attributes
    ----------
    last_error:
        The latest failure, without secrets; empty if there was none.
    destination:
        Where rows go, without secrets, for the line at the program's start.
    """

    def __init__(self, telemetry: Telemetry, part: str) -> None:
        self._telemetry = telemetry
        self._part = part
        self._events = telemetry.counter(HISTORY_EVENTS)
        self._dropped = telemetry.counter(HISTORY_DROPPED)
        self._expired = telemetry.counter(HISTORY_EXPIRED)
        for reason in EXPIRE_REASON.values or ():  # so that the first removal is an increase
            self._expired[str(reason)].value += 0
        self.last_error = ""
        self.destination = ""
        self._failure = ""
        self._spool_failure = ""
        # Bound once: this one is counted on the observed threads, the others on the flush thread.
        self.buffer_full = self._dropped["buffer_full"]

    def recorded(self, event: str, number: int) -> None:
        """Count events of a name that will be delivered."""
        self._events[event].value += number

    def drop(self, number: int, reason: str) -> None:
        """Count events that are lost."""
        if number:
            self._dropped[reason].value += number

    def expired(self, number: int, reason: str) -> None:
        """Count events that were removed from daily files, because of their ``age`` or the directory's ``size``."""
        if number:
            self._expired[reason].value += number

    def works(self) -> None:
        """Report that rows arrive."""
        self._failure = ""
        self._telemetry.health.report(self._part, State.OK, self.destination)

    def failed(self, why: str) -> None:
        """Report, and warn once, that rows do not arrive."""
        self._failure = self.last_error = self._telemetry.redact(why)
        self._telemetry.health.report(self._part, State.FAILED, self.last_error)

    def spool_works(self) -> None:
        """Report that the spool keeps rows."""
        if self._spool_failure:
            self._spool_failure = ""
            self._telemetry.health.report(SPOOL, State.OK)

    def spool_failed(self, why: str) -> None:
        """Report, and warn once, that the spool cannot be used, or is full."""
        self._spool_failure = self.last_error = self._telemetry.redact(why)
        self._telemetry.health.report(SPOOL, State.FAILED, self.last_error)

    def lost_at_shutdown(self, number: int) -> None:
        """Count events that are in memory when the process ends; warn with their number and the reason."""
        if not number:
            return
        self.drop(number, "shutdown")
        reasons = self._failure or "no time was left to deliver them", self._spool_failure or "there is no spool"
        why = " ".join("; ".join(reason.rstrip(".") for reason in reasons).split())
        plural = "s" if number > 1 else ""
        self.last_error = f"{number} event{plural} of history in memory, lost as the process ends: {why}"
        self._telemetry.health.report(self._part, State.FAILED, self.last_error, warn=False)
        _log.warning("argus-otel: %s", self.last_error)

    def describe(self) -> dict[str, object]:
        """Return the counts in a JSON-able form."""
        recorded = sum(value for _, value in self._events.points(HISTORY_EVENTS))
        dropped = {str(a[DROP_REASON.name]): value for a, value in self._dropped.points(HISTORY_DROPPED) if value}
        return {"recorded": recorded, "dropped": dropped, "last_error": self.last_error}
