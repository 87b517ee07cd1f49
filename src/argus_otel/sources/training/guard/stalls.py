"""Notices that a run makes no progress, and tells where its thread is. It never stops one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from time import perf_counter

from argus_otel.sources.training import attributes as a
from argus_otel.sources.training import catalogue as c
from argus_otel.sources.training.companions import Companion
from argus_otel.sources.training.outcomes import Action, Outcome, Rule
from argus_otel.sources.training.recorder import Recorder
from argus_otel.sources.training.runs import TrainingRun
from argus_otel.telemetry import Telemetry

_LEAST = 60.0
"""How long a run may make no progress at least, in seconds."""
_STEPS = 20
"""How many of its usual steps as well."""
_QUIET = 10
"""How many times as long where nothing tells of progress: at the end, or in a validation that does not log."""
_LATE = 5.0
"""How long after the last look the process has been stopped meanwhile, or its machine asleep."""

_DEBUGGERS = ("bdb", "pydevd")

_log = logging.getLogger("argus_otel")


def allowed(run: TrainingRun) -> float | None:
    """Return how long a run may make no progress, in seconds; ``None`` before its first step.

    Until then data are prepared and the model is compiled, however long that takes.
    """
    usual = run.usual_step()
    if usual is None:
        return None
    most = max(_LEAST, _STEPS * usual)
    quiet = run.phase_began is not None and run.progress_at <= run.phase_began
    ending = run.total_steps is not None and run.steps >= run.total_steps
    return most * _QUIET if quiet or ending else most


class Stalls(Companion):
    """Looks each second whether runs make progress."""

    def __init__(self, telemetry: Telemetry, recorder: Recorder) -> None:
        self._redact = telemetry.redact
        self._recorder = recorder
        self._cell = telemetry.counter(c.GUARD_TRIPS)
        self._threads: dict[TrainingRun, threading.Thread] = {}
        self._told: dict[TrainingRun, float] = {}
        self._looked = self._fair_since = 0.0

    def began(self, run: TrainingRun) -> None:
        """Remember on which thread it trains."""
        self._threads[run] = threading.current_thread()
        self._cell[(Rule.STALL.value, Action.WARN.value)].value += 0  # an alert needs the series before the first stall

    def ended(self, run: TrainingRun, outcome: Outcome) -> None:  # noqa: ARG002 - the companion's signature
        """Forget it."""
        self._threads.pop(run, None)
        self._told.pop(run, None)

    def each_second(self, runs: Sequence[TrainingRun]) -> None:
        """Look at the runs that go on. One that others are a part of waits for them."""
        now = perf_counter()
        if now - self._looked > _LATE:
            self._fair_since = now
        self._looked = now
        waiting = {run.parent for run in runs}
        for run in runs:
            most, progress_at = allowed(run), run.progress_at
            if most is None or run in waiting or self._told.get(run) == progress_at:
                continue
            if now - max(progress_at, self._fair_since) > most:
                self._look_at(run, progress_at, now)

    def _look_at(self, run: TrainingRun, progress_at: float, now: float) -> None:
        from argus_otel.telemetry.stacks import Stack  # most processes never need it

        thread = self._threads.get(run)
        if thread is None:
            return
        stack = Stack(thread.ident if thread.is_alive() else None)
        if stack.runs(*_DEBUGGERS) or run.progress_at != progress_at or run.ended:
            return
        warned = run in self._told
        self._told[run] = progress_at
        self._cell[(Rule.STALL.value, Action.WARN.value)].value += 1
        stalled, where = now - progress_at, self._redact(stack.innermost) if stack else "no Python code"
        if not warned:
            _log.warning(
                "argus-otel: training: the run %s has made no progress for %.0f s, after step %d. Its thread %s is in "
                "%s. The event %s has the whole stack. (Reported once a run.)",
                run.name, stalled, run.steps, thread.name, where, c.STALLED.name,
            )  # fmt: skip
        self._recorder.tell(
            run,
            c.STALLED,
            {
                a.RANK.name: run.rank,
                a.STEP.name: run.steps,
                a.STALLED.name: stalled,
                a.STACK.name: self._redact(str(stack)),
                a.THREAD.name: thread.name,
            },
        )
