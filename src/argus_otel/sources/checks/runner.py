"""Runs a check once: waits for its turn, makes up to ``retries + 1`` attempts, and judges each by its conditions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

from argus_otel.telemetry.guard import attempt as attempted

from .clock import Clock
from .conditions import Condition, Facts
from .definition import Check
from .errors import CheckError, ErrorType, NotJudgedError
from .executor import Probe
from .limits import Limits
from .loop_lag import LoopLag
from .outcomes import Attempt, Failure, Outcome, Run
from .schedule import Due
from .tracing import AttemptTrace, RunTrace, Tracer

_log = logging.getLogger("argus_otel")

_TIMEOUTS = {"dns": ErrorType.DNS_TIMEOUT, "connect": ErrorType.CONNECT_TIMEOUT}

GRACE = 1.0
"""How long an attempt may take to end after it was cancelled, in seconds. Then it is left alone."""


class Runner:
    """Runs checks on the loop of the agent.

    Parameters
    ----------
    pool:
        Threads for conditions that may take long.

    tracer:
        Traces runs; ``None`` if nothing is traced.

    Attributes
    ----------
    limits:
        How many checks run at the same time. May be replaced.
    """

    def __init__(
        self, clock: Clock, limits: Limits, lag: LoopLag, pool: ThreadPoolExecutor, tracer: Tracer | None = None
    ) -> None:
        self._clock = clock
        self.limits = limits
        self._lag = lag
        self._pool = pool
        self._tracer = tracer

    async def run(
        self, check: Check, due: Due, started: Callable[[int], None] = lambda _: None, *, sure: bool = False
    ) -> Run:
        """Run a check.

        Parameters
        ----------
        sure:
            Whether the check is up, and no run has contradicted that: its trace need not be sampled.
        started:
            Called once it has its turn, with the time in milliseconds since 1970.
        """
        attempts: list[Attempt] = []
        disturbed = False
        async with self.limits.turn(_host(check)):
            begun_at = self._clock.wall()
            started(begun_at)
            trace = None if self._tracer is None else self._tracer.begin(check, due.slot, sure=sure)
            while len(attempts) <= check.retries:
                attempt, late = await self._traced(check, trace)
                disturbed = disturbed or late
                attempts.append(attempt)
                if attempt.outcome is not Outcome.FAILED:
                    break
            span = None if trace is None else trace.span
            run = Run(check.name, due.slot, due.repeat, begun_at, tuple(attempts), disturbed, span)
            if trace is not None:
                trace.end(run)
        return run

    async def _traced(self, check: Check, trace: RunTrace | None) -> tuple[Attempt, bool]:
        """Make an attempt; return it with its verdict, and whether the agent was too slow meanwhile."""
        span = None if trace is None else trace.attempt()
        begun = self._lag.begin()
        facts, attempt = await self._attempt(check, span)
        late = self._lag.end(begun)
        attempt = await self._judged(check, facts, attempt, late)
        if span is not None:
            span.end(attempt)
        return attempt, late

    async def _attempt(self, check: Check, span: AttemptTrace | None) -> tuple[Facts, Attempt]:
        """Probe once within the check's timeout; return what was found, and the attempt without its conditions."""
        probe = Probe[Any](check.name, check.options, check.timeout, {} if span is None else span.headers)
        if span is not None:
            probe.phases.listener = span.phase
            probe.follow = partial(span.follow, probe.phases)
        task = asyncio.ensure_future(check.executor.run(probe))
        ended = await _ends_within(task, check.timeout)
        facts: Mapping[str, object] = {}
        failure: Failure | None = None
        outcome = Outcome.FAILED
        if not ended:
            phase = probe.phases.now
            failure = Failure(_TIMEOUTS.get(phase, ErrorType.TIMEOUT), f"not done within {check.timeout:g} s: {phase}")
        elif (error := task.exception()) is None:
            facts, outcome = task.result(), Outcome.OK
        elif isinstance(error, CheckError):
            failure = Failure(error.error_type, error.detail)
            outcome = Outcome.UNKNOWN if isinstance(error, NotJudgedError) else Outcome.FAILED
        else:  # the executor's fault is this check's alone
            _log.error("argus-otel: the executor %r failed in %r", check.executor.type, check.name, exc_info=error)
            failure = Failure(ErrorType.EXECUTOR, f"the executor failed: {type(error).__name__}")
        probe.phases.end()
        duration = probe.phases.total
        found = {"duration": duration, **facts}
        return found, Attempt(outcome, failure, duration, probe.phases.seconds, found)

    async def _judged(self, check: Check, facts: Facts, attempt: Attempt, late: bool) -> Attempt:
        """Return the attempt with the verdict of its conditions."""
        if attempt.failure is not None:
            return attempt
        for outcome, conditions in ((Outcome.FAILED, check.expect), (Outcome.WARN, check.warn)):
            judged = [each for each in conditions if each.error_type is not ErrorType.SLOW] if late else conditions
            failure = await self._contradiction(judged, facts)
            if failure is not None:
                return replace(attempt, outcome=outcome, failure=failure)
        if not late:
            return attempt
        # A duration that the agent measured while it was too slow itself says nothing about the service: a check that
        # is degraded for being slow stays so, and one that is up does, too.
        slow = [each for each in (*check.expect, *check.warn) if each.error_type is ErrorType.SLOW]
        failure = await self._contradiction(slow, facts)
        if failure is not None:
            detail = f"not judged, because the agent itself was too slow: {failure.detail}"
            return replace(attempt, outcome=Outcome.UNKNOWN, failure=replace(failure, detail=detail))
        return attempt

    async def _contradiction(self, conditions: Iterable[Condition], facts: Facts) -> Failure | None:
        """Return the failure of the first condition that does not hold."""
        for condition in conditions:
            if condition.heavy:
                loop = asyncio.get_running_loop()
                failure = await loop.run_in_executor(self._pool, _failure, condition, facts)
            else:
                failure = _failure(condition, facts)
            if failure is not None:
                return failure
        return None


def _host(check: Check) -> str:
    """Return the host that a check probes; if its executor cannot tell, none that other checks have."""
    return attempted(lambda: check.host, lambda _: None) or f"check {check.name}"


def _failure(condition: Condition, facts: Facts) -> Failure | None:
    """Return the failure if a condition does not hold, or is at fault itself: then that is this check's alone."""
    faults: list[str] = []
    failure = attempted(lambda: condition.judge(facts), faults.append)
    if faults:
        # The message may have what the service sent; the class has not.
        fault = faults[0].partition(":")[0]
        return Failure(
            ErrorType.EXECUTOR, f"the condition failed: {fault}", f"{condition.subject}: {condition.written}"
        )
    return failure


async def _ends_within(task: asyncio.Future[Any], timeout: float) -> bool:
    """Wait for a task, and cancel it after ``timeout`` seconds; return whether it ended by itself.

    :func:`asyncio.wait_for` would wait for one that swallows its cancellation, for as long as that takes.
    """
    try:
        await asyncio.wait([task], timeout=timeout)
        if task.done():
            return not task.cancelled()
        task.cancel()
        await asyncio.wait([task], timeout=GRACE)
        return False
    finally:
        task.cancel()
        task.add_done_callback(_retrieve)


def _retrieve(task: asyncio.Future[Any]) -> None:
    """Take note of an exception, which asyncio would report as never retrieved."""
    if not task.cancelled():
        task.exception()
