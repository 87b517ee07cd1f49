"""The functions of :mod:`argus_otel.training`: what a training loop of the program's own says of itself."""

from __future__ import annotations

import hashlib
import logging
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from . import attributes as a
from .recorder import Phase, Recorder, enter, leave
from .values import numbers_of

if TYPE_CHECKING:
    from contextvars import Token

    from typing_extensions import Self

    from argus_otel.telemetry import AttributeValue, Guard

    from .runs import TrainingRun

_log = logging.getLogger("argus_otel")

_PHASES = ("train", "validation", "test")
_BLOCK = 1 << 20
_BEFORE_THE_LAST_EXPORT = 200
"""A priority of :mod:`multiprocessing`, greater than that of the last export."""

_LOOKS = "it ends where its loop looks at run.should_stop"
_DOES_NOT_LOOK = "its loop has not looked at run.should_stop yet, so it may go on; --now ends its process"

_recorder: Recorder | None = None
_guard: Guard | None = None


def bind(recorder: Recorder | None, guard: Guard | None) -> None:
    """Record by a recorder from now on; with ``None``, nothing. For the source itself."""
    global _recorder, _guard  # the functions are module-level, and a process has one source of training runs
    _recorder, _guard = recorder, guard


class Run:
    """A training run of the program's own loop. It ends with its ``with`` block, or by :meth:`end`.

    Nothing here raises but for a wrong argument's type, and nothing blocks: what cannot be recorded is warned of once.

    A forked child of the process does not share the run: what the child logs becomes a run of the child's own, whose
    parent is this one. Both may log the same steps, and one would overwrite the other.

    Attributes
    ----------
    id:
        The run's id, a UUID; empty if nothing is recorded. In a forked child that logs, that of the child's run.
    """

    def __init__(self, recorder: Recorder | None, run: TrainingRun | None, first_step: int) -> None:
        self._recorder = recorder
        self._run = run
        self._first_step = self._next = first_step
        self._process = os.getpid()
        self._over = False
        self._entered: tuple[TrainingRun, Token[TrainingRun | None]] | None = None
        self._warned: set[str] = set()
        # Made here, since a function with a fixed number of arguments takes half of the time of Guard.run.
        guard = None if run is None else _guard
        self._logs = None if guard is None else guard.shield("training", self._log, 4)
        self.id = "" if run is None else run.id

    # -- its beginning and its end

    def __enter__(self) -> Self:
        run = self._run
        if run is not None:
            self._entered = run, enter(run)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        entered, self._entered = self._entered, None
        if entered is not None:
            leave(*entered)
        self.end(error)

    def end(self, error: BaseException | None = None) -> None:
        """End the run; a second call does nothing.

        Parameters
        ----------
        error:
            The exception that has ended it.
        """
        self._over = True
        recorder, run, guard = self._recorder, self._run, _guard
        if recorder is not None and run is not None and guard is not None:
            guard.run("training", recorder.end, run, error)

    # -- what it logs

    def log(
        self,
        values: Mapping[str, Any] | None = None,
        /,
        *,
        step: int | None = None,
        phase: str = "train",
        epoch: float | None = None,
        **named: Any,
    ) -> None:
        """Log the values of one step: ``run.log({"loss": loss}, step=i)``, or ``run.log(loss=loss, step=i)``.

        Parameters
        ----------
        values, named:
            Numbers by their names, infinite or not a number too. A tensor with one element is read at once: one on a
            device waits for what the device is still to do, so log such a tensor rarely.
        step:
            The number of the step, from 0 on or from ``first_step`` on. By default one more than the last in the phase
            ``train``, and the last one in others. A step that is logged later than a greater one is kept, too.
        phase:
            ``train``, ``validation`` or ``test``.
        epoch:
            The epoch, which may be a part of one, such as 2.5.
        """
        logs = self._logs
        if logs is not None:
            logs({**values, **named} if values and named else values or named, step, phase, epoch)

    def _log(self, given: Mapping[str, Any], step: int | None, phase: str, epoch: float | None) -> None:
        recorder, run = self._recorder, self._run
        if recorder is None or run is None or _guard is None:
            return
        if phase not in _PHASES:
            self._warn("phase", f"the phase is one of {', '.join(_PHASES)}, not {phase!r}: nothing is logged")
            return
        if run.ended:
            begun = self._in_child(recorder, run)
            if begun is None:
                return
            run = begun
        if epoch is not None:
            run.epoch = epoch
        if phase == "train":
            number = self._next if step is None else int(step)
            if number >= self._next:
                run.batch_ended(number + 1 - self._next)
                self._next = number + 1
                run.behind = 0
            elif number < self._next - 1 or run.behind:  # not just more values of the last step
                run.repeated(self._next - 1 - number)
        else:
            number = max(self._first_step, self._next - 1) if step is None else int(step)
            run.progressed()
        names, numbers, wrong = numbers_of(given)
        for name in wrong:
            self._warn(name, f"{name!r} is no number: it is not logged")
        if names:
            recorder.values.log(run, names, numbers, number, phase)

    def _in_child(self, recorder: Recorder, run: TrainingRun) -> TrainingRun | None:
        """Begin a run of this process's own, if it is a fork of that in which the run goes on; else warn."""
        process = os.getpid()
        if self._over or self._process == process:
            self._warn("end", "a run that has ended takes nothing more: what is logged to it is lost")
            return None
        self._process = process
        begun = self._run = recorder.begin(
            run.kind.framework,
            run.kind.model,
            name=run.name,
            group=run.group,
            rank=0,
            facts={a.WORLD_SIZE.name: 1},
            stops=_DOES_NOT_LOOK,
            parent=run,
        )
        begun.steps = begun.first_step = self._next
        self.id = begun.id
        workers = sys.modules.get("multiprocessing.util")
        if workers is not None:  # a worker never comes to the end of the block that the parent is in
            workers.Finalize(None, self._end_of_worker, exitpriority=_BEFORE_THE_LAST_EXPORT)
        return begun

    def _end_of_worker(self) -> None:
        self.end(sys.exc_info()[1])

    def _open(self) -> tuple[Recorder, TrainingRun, Guard] | None:
        """Return what a part of the run is recorded by; ``None`` if nothing is."""
        recorder, run, guard = self._recorder, self._run, _guard
        if recorder is None or run is None or guard is None:
            return None
        if run.ended:
            run = guard.run("training", self._in_child, recorder, run)
        return None if run is None else (recorder, run, guard)

    def validation(self) -> _Block:
        """Return a ``with`` block for a validation: its time is none of the steps'."""
        return _Block(self._open, validates=True)

    def checkpoint(self, path: str | Path | None = None) -> _Block:
        """Return a ``with`` block in which a checkpoint is written.

        Parameters
        ----------
        path:
            The file that is written, for the event ``training.checkpoint``.
        """
        return _Block(self._open, validates=False, path=path)

    def artifact(self, path: str | Path) -> None:
        """Record a file that the run has written: its path, its size and its SHA-256. The file is read for that."""
        opened = self._open()
        if opened is not None:
            recorder, run, guard = opened
            guard.run("training", self._artifact, recorder, run, Path(path))

    def _artifact(self, recorder: Recorder, run: TrainingRun, path: Path) -> None:
        digest = hashlib.sha256()
        size = 0
        try:
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
                    size += len(block)
        except OSError as error:
            self._warn(str(path), f"the artifact {path} cannot be read: {error.strerror}")
            return
        recorder.artifact(run, {a.PATH.name: str(path), a.SIZE.name: size, a.DIGEST.name: digest.hexdigest()})

    @property
    def should_stop(self) -> bool:
        """Whether the loop is asked to end, by a command or by the guard.

        Of several processes that train together, that of rank 0 is asked by a command. All have to end at the same
        step: share what it is told there, such as by ``torch.distributed.broadcast``.
        """
        run = self._run
        if run is None:
            return False
        run.stops = _LOOKS
        return bool(run.stop_asked)

    def _warn(self, about: str, what: str) -> None:
        if about not in self._warned and len(self._warned) < 100:
            self._warned.add(about)
            _log.warning("argus-otel: training: %s (reported once)", what)


class _Block:
    """A validation, or the writing of a checkpoint."""

    def __init__(
        self,
        opened: Callable[[], tuple[Recorder, TrainingRun, Guard] | None],
        *,
        validates: bool,
        path: str | Path | None = None,
    ) -> None:
        self._opened = opened
        self._validates = validates
        self._path = path
        self._phase: Phase | None = None

    def __enter__(self) -> Self:
        opened = self._opened()
        if opened is not None:
            recorder, run, guard = opened
            self._phase = guard.run("training", recorder.validation if self._validates else recorder.checkpoint, run)
        return self

    def __exit__(self, *_: object) -> None:
        phase, guard = self._phase, _guard
        if phase is not None and guard is not None:
            guard.run("training", phase.end, self._facts())

    def _facts(self) -> dict[str, AttributeValue]:
        if self._path is None:
            return {}
        found: dict[str, AttributeValue] = {a.PATH.name: str(self._path)}
        path = Path(self._path)
        if path.is_file():
            found[a.SIZE.name] = path.stat().st_size
        return found


def begin(
    name: str = "",
    *,
    model: object | str | None = None,
    total_steps: int | None = None,
    total_epochs: int | None = None,
    first_step: int = 0,
    config: Mapping[str, Any] | None = None,
    group: str = "",
    run_id: str = "",
) -> Run:
    """Begin a training run of the program's own loop.

    Parameters
    ----------
    name:
        By default, that of the program.
    model:
        The model, or the name of its class.
    total_steps, total_epochs:
        How many there will be, for the progress and the time that remains.
    first_step:
        The number of the first step: that at which a run goes on.
    config:
        What the run is given, such as its learning rate; what is named like a secret is left out.
    group:
        What it belongs to, such as a sweep; by default ``ARGUS_TRAINING_GROUP``.
    run_id:
        The id of the run that it goes on with; by default ``ARGUS_TRAINING_RUN``, or a new run.
    """
    recorder, guard = _recorder, _guard
    if recorder is None or guard is None:
        return Run(None, None, first_step)
    kind = model if isinstance(model, str) or model is None else type(model).__name__
    run = guard.run(
        "training",
        lambda: recorder.begin(
            "loop",
            kind,
            name=name,
            run_id=run_id,
            group=group,
            first_step=first_step,
            total_steps=total_steps,
            total_epochs=total_epochs,
            config=config,
            stops=_DOES_NOT_LOOK,
        ),
    )
    return Run(recorder, run, first_step)
