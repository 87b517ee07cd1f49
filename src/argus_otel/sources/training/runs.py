"""One training run, while it runs: what a step, a phase and a value do to it."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from argus_otel.telemetry import AttributeValue, Operation

from . import attributes as a
from .remaining import Pace, Recurring

if TYPE_CHECKING:
    from collections.abc import Callable

    from .kinds import RunKind
    from .outcomes import Rule
    from .values import Together


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
    first_step:
        How many steps it had had before it began or went on here.
    behind:
        How many steps it has gone back, to train them again.
    total_steps, total_epochs:
        How many there will be; ``None`` where that is not known.
    validations, checkpoints:
        Those that there were.
    progress_at:
        When it last made progress, by :func:`time.perf_counter`.
    phase_began:
        When the validation or checkpoint began that goes on; ``None`` without.
    judges:
        What judges the values that it logs, by phase and name.
    tripped:
        The rules of the guard that have noticed something.
    logged:
        What it logs together, by phase and names.
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
        "first_step",
        "behind",
        "total_steps",
        "total_epochs",
        "validations",
        "checkpoints",
        "progress_at",
        "phase_began",
        "stop_asked",
        "stops",
        "world_size",
        "logged",
        "judges",
        "tripped",
        "_common",
        "_pace",
        "_first_took",
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
        self.steps = self.first_step = self.behind = 0
        self.epoch = 0.0
        self.phase = "train"
        self.total_steps: float | None = None
        self.total_epochs: int | None = None
        self.validations = Recurring()
        self.checkpoints = Recurring()
        self.progress_at = self.started
        self.phase_began: float | None = None
        self.stop_asked = ""
        self.stops = ""
        self.world_size = 1
        self.logged: dict[tuple[str, tuple[str, ...]], Together] = {}
        self.judges: dict[tuple[str, str], Callable[[float], Rule | None]] = {}
        self.tripped: set[Rule] = set()
        self._common: dict[str, dict[str, AttributeValue]] = {}
        self._pace = Pace()
        self._first_took: float | None = None
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

    def is_part_of(self, other: TrainingRun) -> bool:
        """Whether it began within another run."""
        parent = self.parent
        while parent is not None and parent is not other:
            parent = parent.parent
        return parent is not None

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
            self._first_took = now - self.started
            kind.first.record(self._first_took)
        elif steps == 1:
            kind.step.record(active - before)
        else:
            for _ in range(steps):
                kind.step.record((active - before) / steps)
        self._pace.add((self.steps, active))

    def repeated(self, behind: int) -> None:
        """Note that a step has been trained again. The time since the last step is no part of the next one's.

        Parameters
        ----------
        behind:
            How many steps it is behind the last one, which it will train again as well.
        """
        self.progress_at = perf_counter()
        self.behind = behind
        if self._step_ended is not None:
            self._paused = self.progress_at - self._step_ended

    # -- phases

    def phase_begins(self) -> None:
        """Note that a validation or a checkpoint begins."""
        self.phase_began = self.progress_at = perf_counter()

    def paused(self, seconds: float) -> None:
        """Leave a time in which nothing was trained out of the durations of steps and of waits for data."""
        self._paused += seconds
        if self._batch_ended is not None:
            self._batch_ended += seconds
        self.progress_at = perf_counter()
        self.phase_began = None

    def progressed(self) -> None:
        """Note that something goes on, such as a batch of a validation."""
        self.progress_at = perf_counter()

    # -- on any thread

    def time_remaining(self) -> float | None:
        """Return how long it will go on, in seconds; ``None`` if that is not known."""
        mean, total = self._pace.mean(), self.total_steps
        if mean is None or total is None or total < self.steps:
            return None
        others = (each.remaining(self.first_step, total) for each in (self.validations, self.checkpoints))
        return (total - self.steps + self.behind) * mean + sum(others)

    def usual_step(self) -> float | None:
        """Return how long a step usually takes, in seconds: the first one only while it is the only one.

        ``None`` before its end.
        """
        usual = self._pace.median()
        return self._first_took if usual is None else usual
