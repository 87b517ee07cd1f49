"""Turns what the agent tells into metrics, events and rows of history."""

from __future__ import annotations

from collections.abc import Callable

from argus_otel.telemetry import Attributes, AttributeValue, SpanIds, Telemetry

from . import attributes as a
from . import catalogue as c
from .definition import Check
from .event_ids import change_id
from .gauges import CheckGauges, States
from .history_rows import HistoryRows, reasons
from .judge import Change, Status
from .mutes import MuteReason
from .outcomes import Run
from .services import ServiceStatuses
from .subscribers import Subscribers
from .tracing import as_text, described

ONE_BY_ONE = 2000
"""How many checks have a histogram of their own."""


class Recorder:
    """Observes an agent.

    Parameters
    ----------
    states:
        Returns the states of the agent's checks.
    location:
        Returns where the agent checks from.
    """

    def __init__(
        self, telemetry: Telemetry, subscribers: Subscribers, states: States, location: Callable[[], str]
    ) -> None:
        self._telemetry = telemetry
        self._subscribers = subscribers
        self._states = states
        self._location = location
        self._services = ServiceStatuses()
        self._rows = HistoryRows(telemetry, states, location)
        self._counted: object = None
        self._expiries: dict[str, float] = {}
        self._one_by_one: set[str] = set()
        self._runs = telemetry.counter(c.RUNS)
        self._retries = telemetry.counter(c.RETRIES)
        self._transitions = telemetry.counter(c.TRANSITIONS)
        self._skipped = telemetry.counter(c.SKIPPED)
        self._disturbed = telemetry.counter(c.DISTURBED)[()]
        self._reloads = telemetry.counter(c.RELOADS)
        self._durations = telemetry.histogram(c.DURATION)
        self._lateness = telemetry.histogram(c.LATENESS)[()]
        # From 0 on: Prometheus sees no increase in a series that begins with 1.
        for counter, attribute in ((self._skipped, a.SKIP_REASON), (self._reloads, a.RELOAD_OUTCOME)):
            for value in attribute.values:
                counter[value].value += 0
        CheckGauges(telemetry, states).add()

    # -- what the agent tells

    def started(self, check: Check, lateness: float) -> None:  # noqa: ARG002 - lateness is the agent's, not a check's
        """Record how late a run begins."""
        self._lateness.record(max(lateness, 0.0))

    def ended(self, check: Check, run: Run, status: Status) -> None:  # noqa: ARG002 - the signature is the protocol's
        """Record a run."""
        key = (check.name, check.executor.type, check.service or None)
        last = run.last
        error = None if last.failure is None else last.failure.error_type.value
        self._runs[(*key, last.outcome.value, error)].value += 1
        if len(run.attempts) > 1:
            self._retries[key].value += len(run.attempts) - 1
        if run.disturbed:
            self._disturbed.value += 1
        name = check.name if self._is_one_by_one(check.name) else None
        self._durations[(name, *key[1:], last.outcome.value)].record(last.duration)
        self._compare_certificate(check, run)
        self._rows.run(check, run)

    def changed(self, check: Check, change: Change, run: Run | None) -> None:
        """Record a confirmed change, in the trace of the run that confirms it."""
        # A check is unknown because of the agent, and not by what its last run has found.
        span = None if run is None or change.after is Status.UNKNOWN else run.span
        key = (check.name, check.executor.type, check.service or None)
        self._transitions[(*key, change.after.value)].value += 1
        event_id = change_id(check.name, self._location(), change.since, change.repeat)
        attributes = self._change_attributes(check, change)
        self._telemetry.emit(
            c.STATUS_CHANGED, {**attributes, a.EVENT_ID.name: event_id, **_detail(change), **_again(change)}, span
        )
        self._subscribers.tell("status_changed", change)
        if change.after is Status.DOWN:
            self._telemetry.emit(c.FAILED, {**attributes, a.EVENT_ID.name: event_id, **_detail(change)}, span)
            self._subscribers.tell("failed", change)
        elif change.known_before is Status.DOWN and change.after in (Status.UP, Status.DEGRADED):
            self._telemetry.emit(c.SUCCEEDED, {**attributes, a.EVENT_ID.name: event_id}, span)
            self._subscribers.tell("succeeded", change)
        self._rows.change(check, change, attributes)
        if check.service:
            self._change_service(check.service, change, span)

    def muted(self, check: Check, before: frozenset[MuteReason], after: frozenset[MuteReason]) -> None:  # noqa: ARG002 - as above
        """Record it in history; the gauge reads the state."""
        self._rows.state(check)

    def skipped(self, reason: str, slots: int) -> None:
        """Record slots without a run."""
        self._skipped[reason].value += slots

    def reloaded(self, error: str) -> None:
        """Record that the file was read again."""
        outcome = "failed" if error else "ok"
        self._reloads[outcome].value += 1
        attributes: dict[str, AttributeValue] = {a.RELOAD_OUTCOME.name: outcome}
        if error:
            attributes[a.RELOAD_ERROR.name] = error
        self._telemetry.emit(c.RELOADED, attributes)
        self._subscribers.tell("reloaded", error)

    # -- what comes of it

    def _is_one_by_one(self, name: str) -> bool:
        if name not in self._one_by_one:
            if len(self._one_by_one) >= ONE_BY_ONE:
                return False
            self._one_by_one.add(name)
        return True

    def _compare_certificate(self, check: Check, run: Run) -> None:
        expiry = run.last.facts.get("certificate_expiry")
        if not isinstance(expiry, (int, float)):
            return
        before = self._expiries.get(check.name)
        self._expiries[check.name] = float(expiry)
        if before is not None and before != expiry:
            attributes = {**described(check), a.EXPIRY.name: as_text(expiry), a.EXPIRY_BEFORE.name: as_text(before)}
            self._telemetry.emit(c.CERTIFICATE_CHANGED, attributes, run.span)
            self._subscribers.tell("certificate_changed", run)

    def _change_attributes(self, check: Check, change: Change) -> dict[str, AttributeValue]:
        found: dict[str, AttributeValue] = {
            **described(check),
            a.STATE.name: change.after.value,
            a.STATE_BEFORE.name: change.before.value,
            a.SINCE.name: change.since,
        }
        if change.muted:
            found[a.MUTED.name] = reasons(change.muted)
        failure = change.failure
        if failure is not None and change.after in (Status.DOWN, Status.DEGRADED):
            found[a.ERROR_TYPE.name] = failure.error_type.value
            if failure.condition:
                found[a.CONDITION.name] = failure.condition
        return found

    def _change_service(self, service: str, change: Change, span: SpanIds | None) -> None:
        states = self._states()
        if states is not self._counted:  # the file was read, or read again
            self._counted = states
            self._one_by_one &= states.keys()
            self._services.count_anew(states.values(), change)
        found = self._services.change(service, change)
        if found is not None:
            before, after = found
            attributes = {a.SERVICE.name: service, a.STATE.name: after.value, a.STATE_BEFORE.name: before.value}
            self._telemetry.emit(c.SERVICE_CHANGED, attributes, span)
            self._subscribers.tell("service_changed", (service, before, after))


def _detail(change: Change) -> Attributes:
    if change.failure is None or change.after not in (Status.DOWN, Status.DEGRADED):
        return {}
    return {a.DETAIL.name: change.failure.detail}


def _again(change: Change) -> Attributes:
    return {a.AGAIN.name: True} if change.again else {}
