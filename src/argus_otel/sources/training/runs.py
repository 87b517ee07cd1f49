"""One training run, while it runs: what a step, a phase and a value do to it."""

from __future__ import annotations

import time
from time import perf_counter
from typing import TYPE_CHECKING

from argus_otel.telemetry import AttributeValue, Operation

from . import attributes as a
from .points import Points
from .remaining import Pace, time_remaining

if TYPE_CHECKING:
    from .kinds import RunKind


class TrainingRun(Operation):
    """One training run.

    Attributes
    ----------
    kind:
        The framework and the model, with the cells that it counts in.
    id, attempt, name, group:
        As the attributes of these names say.
    parent:
        The run in which it began; ``None`` at the top.
    rank:
        The number of this process among those that train together. Only that of rank 0 records the run.
    steps, epoch, phase:
        Where it is. The steps are those of optimizers.
    total_steps, total_epochs, total_validations:
        How many there will be; ``None`` where that is not known, 0 for no validation.
    validations, validating:
        How many there were, and how long they took together, in seconds.
    progress_at:
        When it last made progress, by :func:`time.perf_counter`.
    points:
        The rows of history that logged values are added to, by phase and names.
    stop_asked:
        Whether it has been asked to stop, by what: ``command`` or ``guard``; empty if not.
    stops:
        When it ends once it is asked to, for who asks; empty if it never does.
    world_size:
        How many processes train together.
    """

    __slots__ = (
        "kind",
        "id",
        "attempt",
        "name",
        "group",
        "parent",
        "rank",
        "steps",
        "epoch",
        "phase",
        "total_steps",
        "total_epochs",
        "total_validations",
        "validations",
        "validating",
        "progress_at",
        "stop_asked",
        "stops",
        "world_size",
        "points",
        "_common",
        "_pace",
        "_step_ended",
        "_batch_ended",
        "_paused",
    )

    def __init__(self, kind: RunKind, run_id: str, attempt: int, name: str, parent: TrainingRun | None) -> None:
        super().__init__()
        self.kind = kind
        self.id = run_id
        self.attempt = attempt
        self.name = name
        self.group = ""
        self.parent = parent
        self.rank = 0
        self.steps = 0
        self.epoch = 0.0
        self.phase = "train"
        self.total_steps: float | None = None
        self.total_epochs: int | None = None
        self.total_validations = 0
        self.validations = 0
        self.validating = 0.0
        self.progress_at = self.started
        self.stop_asked = ""
        self.stops = ""
        self.world_size = 1
        self.points: dict[tuple[str, tuple[str, ...]], Points] = {}
        self._common: dict[str, dict[str, AttributeValue]] = {}
        self._pace = Pace()
        self._step_ended: float | None = None
        self._batch_ended: float | None = None
        self._paused = 0.0

    def identity(self) -> dict[str, AttributeValue]:
        """Return the attributes that name it, and its attempt."""
        return {a.RUN.name: self.id, a.ATTEMPT.name: self.attempt}

    def common(self, phase: str) -> dict[str, AttributeValue]:
        """Return the attributes that all its points of a phase have; not to be changed."""
        known = self._common.get(phase)
        if known is None:
            known = self._common[phase] = {**self.identity(), a.RANK.name: self.rank, a.PHASE.name: phase}
        return known

    # -- on the training thread, at each step

    def batch_began(self) -> None:
        """Note that a batch is there: since the end of the last one, the model has waited for it."""
        ended = self._batch_ended
        if ended is not None:
            self.kind.data_wait.record(perf_counter() - ended)
            self._batch_ended = None

    def batch_ended(self, steps: int, batches: int = 1) -> None:
        """Note that a batch has been trained.

        Parameters
        ----------
        steps:
            How many steps of the optimizer it made: none while gradients accumulate.
        batches:
            More than one if the framework says so only every few batches.
        """
        now = perf_counter()
        kind = self.kind
        kind.train_batches.value += batches
        self._batch_ended = self.progress_at = now
        if steps:
            self.stepped(now, steps)

    def stepped(self, now: float, steps: int) -> None:
        """Note steps that the optimizer has just made, at a time by :func:`time.perf_counter`."""
        kind = self.kind
        self.steps += steps
        self.progress_at = now
        kind.steps.value += steps
        active = now - self._paused
        before, self._step_ended = self._step_ended, active
        if before is None:
            kind.first.record(now - self.started)
        elif steps == 1:
            kind.step.record(active - before)
        else:
            for _ in range(steps):
                kind.step.record((active - before) / steps)
        self._pace.add(self.steps, active)

    # -- phases

    def paused(self, seconds: float) -> None:
        """Leave a time in which nothing was trained out of the durations of steps and of waits for data."""
        self._paused += seconds
        if self._batch_ended is not None:
            self._batch_ended += seconds
        self.progress_at = perf_counter()

    def progressed(self) -> None:
        """Note that something goes on, such as a batch of a validation."""
        self.progress_at = perf_counter()

    def progressed_at(self) -> float:
        """Return when it last made progress, in seconds since 1970."""
        return time.time() - (perf_counter() - self.progress_at)

    def step_duration(self) -> float | None:
        """Return the mean duration of its last steps, in seconds; ``None`` before the second one."""
        return self._pace.mean()

    def time_remaining(self) -> float | None:
        """Return how long it will go on, in seconds; ``None`` if that is not known."""
        return time_remaining(
            self._pace, self.steps, self.total_steps, self.validations, self.validating, self.total_validations
        )
