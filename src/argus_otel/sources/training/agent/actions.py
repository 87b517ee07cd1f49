"""Does what a judged command asks for, on a thread of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from threading import Lock
from typing import TYPE_CHECKING

from argus_otel.sources.training.control import rerunning, stopping

from .commands import Result
from .judging import Action, RefusedError, Rerun, Start, Stop, Why
from .starting import StartError, environment_of, environment_without_agent, start

if TYPE_CHECKING:
    from argus_otel.sources.training.control.answers import Answer as ControlAnswer
    from argus_otel.sources.training.control.directory import ControlDirectory, KnownRun

_REGISTERS_WITHIN = 60.0
"""For how many seconds a run that was started counts, though the control directory does not know it yet."""

_STOPS_WITHIN = 600.0
"""For how long the agent looks whether a run that has taken a stop up has ended, in seconds."""

_EVERY = 0.5


@dataclass(frozen=True, slots=True)
class Done:
    """What has come of an action.

    Attributes
    ----------
    run_id:
        The run that was stopped or started.
    step:
        At which it stops, if that is known.
    """

    result: Result
    note: str
    run_id: str
    step: int | None = None


class Actions:
    """Acts on runs of a control directory, and keeps in mind what it has started."""

    def __init__(self, directory: ControlDirectory, outputs: Path) -> None:
        self._directory = directory
        self._outputs = outputs
        self._programs: dict[str, Popen[bytes]] = {}
        self._started: dict[str, float] = {}
        self._changing = Lock()  # the agent's thread counts what others start

    # -- what goes on

    def runs(self) -> list[KnownRun]:
        """Return the runs that are known.

        Raises
        ------
        RefusedError
            The control directory must not be used.
        """
        wrong = self._directory.check()
        if wrong:
            raise RefusedError(Why.CONTROL, f"the control directory {self._directory.path}: {wrong}")
        return self._directory.runs()

    def going_on(self) -> int:
        """Return how many runs go on: those that are known, and those that were started and are not known yet."""
        going = {run.id for run in self.runs() if run.alive}
        with self._changing:
            return len(self._counted(going))

    def _counted(self, going: set[str]) -> set[str]:
        for run in [run for run, program in self._programs.items() if program.poll() is not None]:
            del self._programs[run]
            self._started.pop(run, None)
        self._started = {
            run: at
            for run, at in self._started.items()
            if run not in going and time.monotonic() - at < _REGISTERS_WITHIN
        }
        return going | self._programs.keys() | self._started.keys()

    # -- what is done

    def act(self, action: Action, asked_by: str, accepted: Callable[[str], None]) -> Done:
        """Do it.

        Parameters
        ----------
        accepted:
            Called if a run has taken a stop up and goes on for now, with what to know of that.

        Raises
        ------
        RefusedError
            It cannot be done.
        """
        if isinstance(action, Stop):
            return self._stop(action, asked_by, accepted)
        return self._rerun(action) if isinstance(action, Rerun) else self._start(action)

    def reserve(self, action: Action) -> None:
        """Count a run that is about to be started."""
        with self._changing:
            if isinstance(action, Rerun):
                self._started[action.run.id] = time.monotonic()
            elif isinstance(action, Start):
                self._started[action.run_id] = time.monotonic()

    def _stop(self, action: Stop, asked_by: str, accepted: Callable[[str], None]) -> Done:
        answer = stopping.stop(self._directory, action.run, now=action.now, grace=action.grace, asked_by=asked_by)
        if answer.result == "refused":
            raise RefusedError(Why.FAILED, answer.reason)
        if answer.result == "accepted":
            accepted(answer.reason)
            return self._wait_for_the_end(action.run, answer)
        return Done(Result.DONE, answer.reason, action.run.id, answer.step)

    def _wait_for_the_end(self, run: KnownRun, answer: ControlAnswer) -> Done:
        deadline = time.monotonic() + _STOPS_WITHIN
        while time.monotonic() < deadline:
            found = next((each for each in self.runs() if each.id == run.id), None)
            if found is None or not found.alive or found.attempt != run.attempt:
                return Done(Result.DONE, answer.reason, run.id, answer.step if found is None else found.step)
            time.sleep(_EVERY)
        return Done(Result.DONE, f"{answer.reason}; it still goes on".lstrip("; "), run.id, answer.step)

    def _rerun(self, action: Rerun) -> Done:
        answer = rerunning.rerun(action.run, environment=environment_without_agent(action.run.project))
        if answer.result == "refused":
            self._forget(action.run.id)
            raise RefusedError(Why.FAILED, answer.reason)
        return Done(Result.DONE, answer.reason, action.run.id)

    def _start(self, action: Start) -> Done:
        run_id = action.run_id
        more = {"ARGUS_CONTROL": str(self._directory.path.absolute()), "ARGUS_TRAINING_RUN": run_id}
        output = self._outputs / f"{action.name}-{run_id}.log"
        try:
            environment = environment_of(action.recipe.environment, more)
            program = start(action.argv, action.recipe.cwd, environment, output)
        except StartError as error:
            self._forget(run_id)
            raise RefusedError(Why.FAILED, str(error)) from error
        with self._changing:
            self._programs[run_id] = program
        return Done(Result.DONE, f"pid {program.pid}, what it writes is in {output}", run_id)

    def _forget(self, run_id: str) -> None:
        with self._changing:
            self._started.pop(run_id, None)
