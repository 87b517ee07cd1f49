"""The trace of a run: a span for the run, and below it one for each request, which the checked service can continue.

The run of a check that is up is sampled by the rate of ``checks.check``. Every other one is sampled: a failure that is
confirmed has its trace, on both sides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone

from argus_otel.telemetry import AttributeValue, SpanIds, SpanKind, SpanRef, Telemetry, TraceSpan
from argus_otel.telemetry.guard import attempt as attempted

from . import attributes as a
from .catalogue import CHECK_SPAN
from .definition import Check
from .executor import Phases
from .outcomes import Attempt, Outcome, Run

RATE = 0.1
"""The share of the runs of checks that are up whose traces are sampled by default."""


class Tracer:
    """Traces runs."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        telemetry.rates.add_defaults({CHECK_SPAN.rate_key: RATE})

    def begin(self, check: Check, slot: int, *, sure: bool) -> RunTrace | None:
        """Begin the trace of a run, in whose task it has to be called; ``None`` if nothing is traced.

        Parameters
        ----------
        slot:
            When the run was due, in milliseconds since 1970.
        sure:
            Whether the check is up, so that the rate counts.
        """
        if self._telemetry.tracing is None:
            return None
        rate = self._telemetry.rates.of(CHECK_SPAN.rate_key, check.name) if sure else 1.0
        return RunTrace(self._telemetry, check, slot, rate)


class RunTrace:
    """The trace of one run."""

    def __init__(self, telemetry: Telemetry, check: Check, slot: int, rate: float) -> None:
        self._telemetry = telemetry
        self._check = check
        self._slot = slot
        self._attempts = 0
        self._root = self._begin(rate)

    def _begin(self, rate: float) -> TraceSpan | None:
        tracing = self._telemetry.tracing
        if tracing is None:
            return None
        root = tracing.root(f"check {self._check.name}", SpanKind.INTERNAL, self._attributes, rate=rate)
        root.attach()
        return root

    def _attributes(self) -> Mapping[str, AttributeValue]:
        return {**described(self._check), a.SLOT.name: self._slot}

    def attempt(self) -> AttemptTrace | None:
        """Begin the span of an attempt; ``None`` if the trace is not sampled."""
        tracing = self._telemetry.tracing
        self._attempts += 1
        if self._attempts == 2 and self._root is not None and not self._root.trace_id:
            self._root.detach()  # the first attempt failed: from here on there is a trace
            self._root = self._begin(1.0)
        if tracing is None or self._root is None or not self._root.trace_id:
            return None
        executor, options = self._check.executor, self._check.options
        known = attempted(lambda: executor.span_attributes(options), lambda _: None) or {}
        span = self._request(known)
        return None if span is None else AttemptTrace(span, self._request)

    def _request(self, known: Mapping[str, AttributeValue]) -> TraceSpan | None:
        """Begin the span of a request of the current attempt."""
        tracing = self._telemetry.tracing
        if tracing is None:
            return None
        redact = self._telemetry.redact
        attributes: dict[str, AttributeValue] = {"user_agent.synthetic.type": "test"}
        # A URL may have a secret of the file in its path.
        attributes.update({key: redact(value) if isinstance(value, str) else value for key, value in known.items()})
        name = str(attributes.get("http.request.method", self._check.executor.type))
        return tracing.child(name, SpanKind.CLIENT, attributes)

    @property
    def span(self) -> SpanIds | None:
        """The ids of the run's span, which has begun; ``None`` if it is not sampled."""
        root = self._root
        return SpanRef(root.trace_id, root.span_id) if root is not None and root.sampled else None

    def end(self, run: Run) -> None:
        """End the span of the run."""
        root = self._root
        if root is None:
            return
        root.detach()
        if root.trace_id:
            root.set_attributes(
                {a.RUN_ATTEMPTS.name: len(run.attempts), a.DISTURBED.name: run.disturbed, **ending(run.last)}
            )
            root.end(None, failed=run.outcome is Outcome.FAILED)


class AttemptTrace:
    """The spans of one attempt: one for each request, of which there are more than one after redirects.

    Parameters
    ----------
    span:
        That of the first request.
    begin:
        Begins that of another one.
    """

    def __init__(self, span: TraceSpan, begin: Callable[[Mapping[str, AttributeValue]], TraceSpan | None]) -> None:
        self._span = span
        self._begin = begin
        self._requests = 1
        self._before: Mapping[str, float] = {}

    @property
    def headers(self) -> Mapping[str, str]:
        """What continues the trace in the checked service: https://www.w3.org/TR/trace-context/."""
        span = self._span
        return {"traceparent": f"00-{span.trace_id:032x}-{span.span_id:016x}-{int(span.sampled):02x}"}

    def phase(self, name: str) -> None:
        """Note that a phase begins."""
        self._span.add_event(name, {})

    def follow(
        self, phases: Phases, facts: Mapping[str, object], attributes: Mapping[str, AttributeValue]
    ) -> Mapping[str, str]:
        """End the span of a request, and begin that of the one that it leads to, whose headers are returned.

        Their attribute ``http.request.resend_count`` is the one of
        https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-request-retries-and-redirects.
        """
        following = self._begin({**attributes, a.RESENT.name: self._requests})
        if following is not None:
            self._span.set_attributes({**_found(facts), **self._phases(phases.seconds)})
            self._span.end(None, failed=False)
            self._span, self._before = following, dict(phases.seconds)
            self._requests += 1
        return self.headers

    def end(self, attempt: Attempt) -> None:
        """End the span of the last request, which has the verdict."""
        self._span.set_attributes({**ending(attempt), **self._phases(attempt.phases), **_found(attempt.facts)})
        self._span.end(None, failed=attempt.outcome is Outcome.FAILED)

    def _phases(self, seconds: Mapping[str, float]) -> dict[str, AttributeValue]:
        """Return how long each phase of the current request took."""
        own = {phase: total - self._before.get(phase, 0.0) for phase, total in seconds.items()}
        return phase_attributes({phase: each for phase, each in own.items() if each or phase not in self._before})


def _found(facts: Mapping[str, object]) -> dict[str, AttributeValue]:
    """Return what a request has found."""
    found: dict[str, AttributeValue] = {}
    status, address, expiry = facts.get("status"), facts.get("address"), facts.get("certificate_expiry")
    if isinstance(status, int):
        found["http.response.status_code"] = status
    if isinstance(address, str):
        found["network.peer.address"] = address
    if isinstance(expiry, (int, float)):
        found[a.EXPIRY.name] = as_text(expiry)
    return found


def described(check: Check) -> dict[str, AttributeValue]:
    """Return the attributes that tell checks apart."""
    found: dict[str, AttributeValue] = {a.NAME.name: check.name, a.TYPE.name: check.executor.type}
    if check.service:
        found[a.SERVICE.name] = check.service
    return found


def ending(attempt: Attempt) -> dict[str, AttributeValue]:
    """Return the attributes of a verdict."""
    found: dict[str, AttributeValue] = {a.OUTCOME.name: attempt.outcome.value}
    failure = attempt.failure
    if failure is not None:
        found[a.ERROR_TYPE.name] = failure.error_type.value
        found[a.DETAIL.name] = failure.detail
        if failure.condition:
            found[a.CONDITION.name] = failure.condition
    return found


def phase_attributes(phases: Mapping[str, float]) -> dict[str, AttributeValue]:
    """Return how long each phase took, in seconds."""
    return {f"argus.check.phase.{phase}": seconds for phase, seconds in phases.items() if phase in a.PHASE.values}


def as_text(moment: float) -> str:
    """Return a moment, in seconds since 1970, as ISO 8601 has it."""
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
