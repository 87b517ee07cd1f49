"""Begins and ends runs and their phases, and records them: as metrics, spans, events, and rows of history."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar, Token
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

from argus_otel.telemetry import AttributeValue, Event, Metric, Reading, SpanKind, Telemetry, TraceSpan, type_name

from . import attributes as a
from . import catalogue as c
from .commit import commit_of
from .companions import Companions
from .kinds import RunKind
from .outcomes import Outcome, outcome_of
from .parameters import arguments_as_text, config_as_json
from .runs import TrainingRun
from .settings import TrainingSettings
from .values import Values

HOOK = "training"

CURRENT: ContextVar[TrainingRun | None] = ContextVar("argus_otel.training", default=None)
"""The run that the context belongs to."""


def enter(run: TrainingRun) -> Token[TrainingRun | None]:
    """Make a run current; return what :func:`leave` takes."""
    if run.scope is not None:
        run.scope.attach()
    return CURRENT.set(run)


def leave(run: TrainingRun, token: Token[TrainingRun | None]) -> None:
    """Make the run current that was before; in another context than that in which it was entered, do nothing."""
    with suppress(ValueError):
        CURRENT.reset(token)
    if run.scope is not None:
        run.scope.detach()


_EPOCH_SPANS, _EACH = 1000, 10
"""After how many epochs of a run only one in how many has a span."""


class Recorder:
    """Records the runs of one process.

    Parameters
    ----------
    activate:
        Called at the first run.

    Attributes
    ----------
    values:
        Takes what runs log.
    companions:
        What goes along with each run.
    attempt_of:
        Returns the number of the attempt that begins, of a run that is resumed, by its id and this process's rank.
    """

    def __init__(self, telemetry: Telemetry, settings: TrainingSettings, activate: Callable[[], None]) -> None:
        self._telemetry = telemetry
        self._settings = settings
        self._activate = activate
        self._kinds: dict[tuple[str, str | None], RunKind] = {}
        self._active: tuple[TrainingRun, ...] = ()
        self._ended = telemetry.counter(c.RUNS)
        self._given_run: str = settings.run
        self.attempt_of: Callable[[str, int], int] = _first
        self.values = Values(telemetry)
        self.companions = Companions(telemetry.guard, lambda: self._active)
        self._in_flight = telemetry.guard.in_flight
        self._cut_short = telemetry.guard.shield(HOOK, self.end, 2)
        gauges: tuple[tuple[Metric, Callable[[TrainingRun], float | None]], ...] = (
            (c.EPOCH, _epoch),
            (c.PROGRESS, _progress),
            (c.TIME_REMAINING, TrainingRun.time_remaining),
            (c.STEP_TIME, self.progressed_at),
        )
        for metric, read in gauges:
            telemetry.gauge(metric, self._reader(read))

    @property
    def active(self) -> tuple[TrainingRun, ...]:
        """The runs that have not ended, those within others last."""
        return self._active

    # -- a run

    def begin(
        self,
        framework: str,
        model: str | None,
        *,
        name: str = "",
        run_id: str = "",
        group: str = "",
        rank: int | None = None,
        first_step: int = 0,
        total_steps: float | None = None,
        total_epochs: int | None = None,
        facts: Mapping[str, AttributeValue] | None = None,
        config: Mapping[str, Any] | None = None,
        stops: str = "",
        parent: TrainingRun | None = None,
    ) -> TrainingRun:
        """Begin a run. In a forked child, it makes the child a process that is observed.

        Parameters
        ----------
        framework:
            A value of ``argus.training.framework``.
        model:
            The name of the model's class.
        run_id, group:
            By default those of the settings; a run that the settings name is resumed once in a process.
        rank:
            By default that of the settings.
        first_step:
            How many steps it has had before, in an earlier attempt.
        facts:
            Other attributes of the event ``training.run.start``.
        config:
            What the run was given.
        stops:
            When it ends once it is asked to, for who asks; empty if it never does.
        parent:
            The run that it is a part of, by default the current one.
        """
        if self._telemetry.suspended:
            self._telemetry.on_program_start()
        self._activate()
        rank = self._settings.rank if rank is None else rank
        kind = self._kind(framework, model, counted=rank == 0)
        run_id, self._given_run = run_id or self._given_run, ""
        attempt = self.attempt_of(run_id, rank) if run_id else 1
        run = TrainingRun(kind, run_id or str(uuid4()), attempt, name or self._name(), parent or CURRENT.get())
        run.rank, run.group, run.stops = rank, group or self._settings.group or "", stops
        world_size = (facts or {}).get(a.WORLD_SIZE.name)
        run.world_size = world_size if isinstance(world_size, int) else max(1, self._settings.world_size)
        run.steps = run.first_step = first_step
        run.total_steps, run.total_epochs = total_steps, total_epochs
        kind.active.value += 1
        self._active = (*self._active, run)
        self._in_flight[run] = self._cut_short
        self._begin_span(run)
        if rank == 0:
            self._emit(run, c.STARTED, {**self._start(run, config), **(facts or {})})
            if first_step:
                self._emit(run, c.RESUMED, {a.STEP.name: first_step})
        self.companions.began(run)
        return run

    def end(self, run: TrainingRun, error: BaseException | None, outcome: Outcome | None = None) -> None:
        """End a run; once. By default, its outcome follows from the exception."""
        self._in_flight.pop(run, None)
        if run.ended:  # the process is ending, or this is a forked child of it
            return
        kind = run.kind
        outcome = outcome or _outcome(run, error)
        error_type = type_name(error) if outcome is Outcome.ERROR and error is not None else None
        kind.active.value -= 1
        self._active = tuple(each for each in self._active if each is not run)
        seconds = run.settle()
        if run.parent is not None:
            run.parent.progressed()
        found: dict[str, AttributeValue] = {
            a.STEP.name: run.steps,
            a.EPOCH.name: run.epoch,
            a.OUTCOME.name: outcome.value,
        }
        if error_type is not None:  # without the message, which may quote data
            found[a.ERROR_TYPE.name] = error_type
        if kind.counted:
            self._ended[(kind.framework, kind.model, outcome.value, error_type)].value += 1
            self._emit(run, c.ENDED, found, seconds)
        run.end_span(outcome.failed, found)
        self.companions.ended(run, outcome)

    def drop_in_child(self) -> None:
        """After a fork, in the child: leave the runs to the parent."""
        self._active = ()
        self.values.drop_in_child()

    def progressed_at(self, run: TrainingRun) -> float:
        """Return when a run, or one that is a part of it, last made progress: in seconds since 1970."""
        parts = (each.progress_at for each in self._active if each.is_part_of(run))
        return time.time() - (perf_counter() - max((run.progress_at, *parts)))

    # -- its phases

    def epoch_ended(self, run: TrainingRun, epoch: float, span: TraceSpan | None) -> None:
        """Record the end of an epoch, which has a span unless it is one of many."""
        if run.kind.counted:
            self._emit(run, c.EPOCH_ENDED, {a.EPOCH.name: float(epoch), a.STEP.name: run.steps})
        if span is not None:
            span.set_attributes({a.STEP.name: run.steps})
            span.end(None, failed=False)

    def epoch_span(self, run: TrainingRun, epoch: int) -> TraceSpan | None:
        """Return the span of an epoch that begins; ``None`` if it has none."""
        if epoch >= _EPOCH_SPANS and epoch % _EACH:
            return None
        return self._child(run, f"epoch {epoch}", {a.EPOCH.name: float(epoch)})

    def validation(self, run: TrainingRun) -> Phase:
        """Begin a validation."""
        return Phase(self, run, self._child(run, c.VALIDATION_SPAN.name, {a.STEP.name: run.steps}), validates=True)

    def checkpoint(self, run: TrainingRun) -> Phase:
        """Begin to write a checkpoint."""
        return Phase(self, run, self._child(run, c.CHECKPOINT_SPAN.name, {a.STEP.name: run.steps}), validates=False)

    def phase_ended(self, phase: Phase, attributes: Mapping[str, AttributeValue]) -> None:
        """Record a validation or a checkpoint that has ended."""
        run, seconds = phase.run, perf_counter() - phase.started
        run.paused(seconds)
        (run.validations if phase.validates else run.checkpoints).add(run.steps, seconds)
        cell = run.kind.validation if phase.validates else run.kind.checkpoint
        cell.record(seconds)
        if run.kind.counted:
            event = c.VALIDATED if phase.validates else c.SAVED
            self._emit(run, event, {a.STEP.name: run.steps, **attributes}, seconds)
        if phase.span is not None:
            phase.span.end(None, failed=False)

    def artifact(self, run: TrainingRun, attributes: Mapping[str, AttributeValue]) -> None:
        """Record a file that a run has written."""
        self._emit(run, c.SAVED, {a.STEP.name: run.steps, **attributes})

    # -- what is emitted

    def tell(self, run: TrainingRun, event: Event, attributes: Mapping[str, AttributeValue]) -> None:
        """Record what has happened to a run, as an event and as a row of its history. Any thread."""
        self._emit(run, event, attributes)

    def _emit(
        self, run: TrainingRun, event: Event, attributes: Mapping[str, AttributeValue], seconds: float | None = None
    ) -> None:
        found = (
            {**run.identity(), **_names(run), **attributes} if event in _OF_RUNS else {**run.identity(), **attributes}
        )
        self._telemetry.emit(event, found)
        if self._telemetry.history is not None:
            self._telemetry.history(event, found, seconds)

    def _start(self, run: TrainingRun, config: Mapping[str, Any] | None) -> dict[str, AttributeValue]:
        redact = self._telemetry.redact
        found: dict[str, AttributeValue] = {a.WORLD_SIZE.name: run.world_size}
        if run.total_steps is not None:
            found[a.TOTAL_STEPS.name] = run.total_steps
        if run.total_epochs is not None:
            found[a.TOTAL_EPOCHS.name] = run.total_epochs
        if config:
            found[a.CONFIG.name] = config_as_json(config, redact)
        if sys.argv[1:]:
            found[a.ARGV.name] = arguments_as_text([Path(sys.argv[0]).name, *sys.argv[1:]], redact)
        commit = commit_of(Path.cwd())
        if commit:
            found[a.COMMIT.name] = commit
        return found

    def _begin_span(self, run: TrainingRun) -> None:
        tracing = self._telemetry.tracing
        if tracing is None:
            return
        name = f"training {run.name}"
        attributes: dict[str, AttributeValue] = {**run.identity(), **_names(run)}
        if tracing.within():
            span = tracing.child(name, SpanKind.INTERNAL, attributes)
        else:
            rate = self._telemetry.rates.of(c.RUN_SPAN.rate_key, run.name)
            span = tracing.root(name, SpanKind.INTERNAL, lambda: attributes, rate=rate)
        if span is not None:
            run.trace_in(span)

    def _child(self, run: TrainingRun, name: str, attributes: Mapping[str, AttributeValue]) -> TraceSpan | None:
        """Start a span under that of a run, which need not be current: a framework's hooks are called by turns."""
        tracing, span = self._telemetry.tracing, run.span
        if tracing is None or span is None:
            return None
        return tracing.child(name, SpanKind.INTERNAL, {a.RUN.name: run.id, **attributes}, of=span)

    # -- helpers

    def _kind(self, framework: str, model: str | None, *, counted: bool) -> RunKind:
        key = (framework, model)
        kind = self._kinds.get(key)
        if kind is None or kind.counted is not counted:
            kind = self._kinds[key] = RunKind(self._telemetry, framework, model, counted=counted)
        return kind

    def _name(self) -> str:
        return Path(sys.argv[0]).stem or "training"

    def _reader(self, read: Callable[[TrainingRun], float | None]) -> Callable[[], Reading]:
        def points() -> Reading:
            # Of runs of one kind, the last one: a run that is a part of another one goes on, and that one waits.
            for run in {run.kind: run for run in self._active if run.kind.counted}.values():
                value = read(run)
                if value is not None:
                    yield run.kind.labels, value

        return points


class Phase:
    """A validation, or the writing of a checkpoint, within a run."""

    __slots__ = ("run", "span", "started", "validates", "_recorder")

    def __init__(self, recorder: Recorder, run: TrainingRun, span: TraceSpan | None, *, validates: bool) -> None:
        self._recorder = recorder
        self.run = run
        self.span = span
        self.validates = validates
        self.started = perf_counter()
        run.phase_begins()

    def end(self, attributes: Mapping[str, AttributeValue] | None = None) -> None:
        """End it."""
        self._recorder.phase_ended(self, attributes or {})


_OF_RUNS = frozenset((c.STARTED, c.RESUMED, c.ENDED))


def _names(run: TrainingRun) -> dict[str, AttributeValue]:
    found: dict[str, AttributeValue] = {a.NAME.name: run.name, **run.kind.labels}
    if run.group:
        found[a.GROUP.name] = run.group
    if run.parent is not None:
        found[a.PARENT.name] = run.parent.id
    return found


def _first(run_id: str, rank: int) -> int:  # noqa: ARG001 - what an attempt is told by
    return 1


def _outcome(run: TrainingRun, error: BaseException | None) -> Outcome:
    outcome = outcome_of(error)
    if outcome is Outcome.OK and run.stop_asked:
        return Outcome.GUARDED if run.stop_asked == "guard" else Outcome.STOPPED
    return outcome


def _epoch(run: TrainingRun) -> float:
    return run.epoch // 1


def _progress(run: TrainingRun) -> float | None:
    return min(1.0, run.steps / run.total_steps) if run.total_steps else None
