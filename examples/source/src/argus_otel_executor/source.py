"""Observed: jobs of thread pools. Signals: a gauge, histograms, an operation, and an event for history.

``ThreadPoolExecutor.submit`` is called once for each job, also by ``map``. Safe, because the
original gets a function that calls the program's own, and our bodies are shielded.
"""

from __future__ import annotations

import concurrent.futures.thread  # the standard library: no program has to install it
from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import Any

from argus_otel.settings import Settings
from argus_otel.sources.patches import Patch, PatchSet
from argus_otel.sources.spec import Activate, Source
from argus_otel.telemetry import Operation, Telemetry

from .catalogue import DURATION, ERROR, JOB, JOB_EVENT, JOB_SPAN, WAIT, WAITING

HOOK = "executor jobs"


class Job(Operation):
    """One job, from its submission on."""

    __slots__ = ("name", "submitted")

    def __init__(self, name: str, submitted: float) -> None:
        super().__init__()
        self.name = name
        self.submitted = submitted


class ExecutorSource(Source):
    """Observes thread pools. The first job activates it."""

    def __init__(self, telemetry: Telemetry, settings: Settings, activate: Activate) -> None:
        super().__init__(telemetry, settings, activate)
        self._hooks = PatchSet(telemetry)
        self._waits, self._durations = telemetry.histogram(WAIT), telemetry.histogram(DURATION)
        self._waiting: set[int] = set()
        telemetry.gauge(WAITING, lambda: [({}, float(len(self._waiting)))])
        shield = telemetry.guard.shield
        self._submit = shield(HOOK, self._submitted, arguments=1)
        self._begin, self._end = shield(HOOK, self._begun, arguments=1), shield(HOOK, self._ended, arguments=2)

    def install(self) -> None:
        """Place the hook."""
        self._hooks.on = True
        package = concurrent.futures.thread.__name__
        self._hooks.apply([Patch(HOOK, package, "ThreadPoolExecutor.submit", self._wrap, package)])

    def uninstall(self) -> None:
        """Remove the hook."""
        self._hooks.revert()

    def describe(self) -> str:
        """Return what is hooked."""
        return f"{self._hooks.active} hook in concurrent.futures"

    def _wrap(self, submit: Callable[..., Any]) -> Callable[..., Any]:
        def submit_observed(pool: Any, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
            submission = self._submit(function)
            return submit(pool, self._observed(function, submission) if submission else function, *args, **kwargs)

        return submit_observed

    def _observed(self, function: Callable[..., Any], submission: tuple[str, float]) -> Callable[..., Any]:
        @wraps(function, updated=())
        def run(*args: Any, **kwargs: Any) -> Any:
            job = self._begin(submission)
            try:
                result = function(*args, **kwargs)
            except BaseException as error:
                if job is not None:
                    self._end(job, error)
                raise
            if job is not None:
                self._end(job, None)
            return result

        return run

    def _submitted(self, function: Callable[..., Any]) -> tuple[str, float] | None:
        if not self._hooks.on:
            return None
        self.activate()
        submission = (str(getattr(function, "__qualname__", type(function).__qualname__)), perf_counter())
        self._waiting.add(id(submission))
        return submission

    def _begun(self, submission: tuple[str, float]) -> Job:
        self._waiting.discard(id(submission))
        job = Job(*submission)
        self._waits[job.name].record(job.started - job.submitted)
        if (tracing := self.telemetry.tracing) is not None:
            rate = self.telemetry.rates.of(JOB_SPAN.rate_key, job.name)
            root = tracing.root(f"job {job.name}", JOB_SPAN.kind, lambda: {JOB.name: job.name}, rate=rate)
            job.trace_in(root)
            root.attach()
        return job

    def _ended(self, job: Job, error: BaseException | None) -> None:
        kind = None if error is None else type(error).__qualname__
        if job.scope is not None:
            job.scope.detach()
        if error is not None:
            job.record_error(error)
        duration = job.settle()
        self._durations[job.name, kind].record(duration, job.trace)
        outcome = {} if kind is None else {ERROR.name: kind}
        if (history := self.telemetry.history) is not None:
            history(JOB_EVENT, {JOB.name: job.name, **outcome}, duration)
        job.end_span(error is not None, outcome)
