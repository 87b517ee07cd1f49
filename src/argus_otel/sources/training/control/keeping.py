"""Keeps the files of this process's runs in the control directory, and does what their commands ask for."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import RLock
from typing import Any, Final

from argus_otel.sources.training import attributes as a
from argus_otel.sources.training import catalogue as c
from argus_otel.sources.training.companions import Companion
from argus_otel.sources.training.guard.stalls import allowed
from argus_otel.sources.training.outcomes import Outcome
from argus_otel.sources.training.recorder import Recorder
from argus_otel.sources.training.runs import TrainingRun
from argus_otel.telemetry import AttributeValue, State, Telemetry

from . import files, locks, processes
from .directory import RIGHT, WRITTEN_EACH, ControlDirectory, host_name
from .losing import LostRun, lost_attributes, record_lost

PART: Final = "training control"

_LONGEST_NAME: Final = 100
_LONGEST_WAIT: Final = 1.0
_VERSION: Final = 1


@dataclass
class _Kept:
    """The files of one run.

    Attributes
    ----------
    lock:
        ``None`` while another process holds it, such as one that looks whether it is held.
    locked:
        Whether the directory has locks at all.
    """

    run: TrainingRun
    began_at: float
    changing: RLock = field(default_factory=RLock)
    lock: locks.RunLock | None = None
    locked: bool = True
    written: float = 0.0
    ended: bool = False

    @property
    def has(self) -> bool:
        """Whether the files are its own to write."""
        return self.lock is not None or not self.locked


class Keeper(Companion):
    """Keeps the files of the runs of which this process is the one of rank 0.

    Parameters
    ----------
    path:
        The control directory; ``None`` or empty for none.
    project:
        The ``service.name``.
    restarts:
        How often a launcher has started this process again.
    launched:
        Whether a launcher has started it among others.
    given:
        Whether the directory has been chosen, and is not the default.
    """

    def __init__(
        self,
        telemetry: Telemetry,
        recorder: Recorder,
        path: str | None,
        project: str,
        *,
        restarts: int,
        launched: bool,
        given: bool,
    ) -> None:
        self._telemetry = telemetry
        self._recorder = recorder
        self._directory = ControlDirectory(path or "")
        self._path = path
        self._project = project
        self._restarts = restarts
        self._launched = launched
        self._given = given
        self._commands = telemetry.counter(c.COMMANDS)
        self._kept: dict[TrainingRun, _Kept] = {}
        self._usable: bool | None = None
        self._works = True
        self._looked = False
        self._cwd = ""
        self._process = (0, "")

    def attempt(self, run_id: str, rank: int) -> int:
        """Return the number of the attempt that begins now of a run that is resumed."""
        known = self._directory.run(run_id) if self._path and self._directory.check() is None else None
        before = 0 if known is None else known.attempt
        if known is not None and rank and known.alive:  # the process of rank 0 has begun it
            before -= 1
        return max(before, self._restarts) + 1

    # -- what the companions are told

    def began(self, run: TrainingRun) -> None:
        """Take the run's lock, and tell of it. What another process has left of the run is recorded as lost."""
        if run.rank != 0 or not self._is_usable():
            return
        try:
            path = self._directory.file(run.id, "lock")
        except ValueError as error:
            self._report(State.DEGRADED, f"a run cannot be controlled: {error}")
            return
        kept = _Kept(run, max(time.time(), self._recorder.progressed_at(run)))
        with kept.changing, self._telling():
            known = self._directory.run(run.id)
            if known is not None:
                record_lost(self._directory, [known], partial(tell_lost, self._telemetry))
            self._kept[run] = kept
            self._begin(kept, path)

    def each_second(self, runs: Sequence[TrainingRun]) -> None:
        """Do what the runs' commands ask for, and tell of the runs when it is time."""
        for run in runs:
            kept = self._kept.get(run)
            if kept is None or run.ended:
                continue
            with kept.changing, self._telling():
                if kept.ended:
                    continue
                if not kept.has:
                    self._begin(kept, self._directory.file(run.id, "lock"))
                else:
                    self._look(kept, runs)
                    if time.monotonic() - kept.written >= WRITTEN_EACH - 0.5:
                        self._write(kept)
        if self._usable and not self._looked:
            mine = [each for each in self._directory.runs() if each.project == self._project]
            with self._telling():
                record_lost(self._directory, mine, partial(tell_lost, self._telemetry))
            self._directory.prune()
            self._looked = True

    def ended(self, run: TrainingRun, outcome: Outcome) -> None:
        """Tell how it ended, and let its lock go."""
        kept = self._kept.pop(run, None)
        if kept is None:
            return
        # Not for ever: this may be in a handler of a signal, in which what the other thread waits for cannot go on.
        waited = kept.changing.acquire(timeout=_LONGEST_WAIT)
        try:
            kept.ended = True
            with self._telling():
                if kept.has:
                    self._write(kept, outcome)
                    files.remove(self._directory.file(run.id, "command"))
            if kept.lock is not None:
                kept.lock.release()
        finally:
            if waited:
                kept.changing.release()

    # -- the directory

    def _is_usable(self) -> bool:
        if self._usable is None:
            self._usable = False
            if os.name != "posix":
                self._report(State.OFF, "this system has no directory that belongs to one user: it is not POSIX")
                return False
            if not self._path:
                self._report(State.OFF, "ARGUS_CONTROL names no directory: runs are not known on their host")
                return False
            wrong = self._directory.check()
            if wrong is None:
                try:
                    self._directory.make()
                except OSError as error:
                    wrong = f"it cannot be made: {error.strerror}"
                    if not self._given:  # as in a container whose files are read-only: nobody has asked for it
                        self._report(State.OFF, f"{self._directory.path}: {wrong}; ARGUS_CONTROL names another one")
                        return False
            if wrong is not None:
                self._report(State.FAILED, f"ARGUS_CONTROL is {self._path!r}: {wrong}; it has to be {RIGHT}")
                return False
            self._usable = True
            with suppress(OSError):  # such as of a directory that is gone
                self._cwd = os.getcwd()  # noqa: PTH109 - as it is now: the program may change it
            self._report(State.OK, str(self._directory.path))
        return self._usable

    def _begin(self, kept: _Kept, path: Path) -> None:
        """Take the lock of a run and tell of it, unless another process has the lock: then it is tried again."""
        try:
            kept.lock = locks.take(path)
        except locks.LocksUnsupportedError:
            kept.locked = False
        if kept.has:
            for kind in ("command", "ack"):  # of an earlier attempt
                files.remove(self._directory.file(kept.run.id, kind))
            self._write(kept)

    @contextmanager
    def _telling(self) -> Generator[None]:
        """Report it if the directory cannot be written to, such as by a full disk, until it can be again."""
        try:
            yield
        except OSError as error:
            self._works = False
            self._report(State.DEGRADED, f"{self._directory.path} cannot be written to: {error.strerror or error}")

    def _report(self, state: State, detail: str) -> None:
        self._telemetry.health.report(PART, state, detail)

    # -- what is told

    def _write(self, kept: _Kept, outcome: Outcome | None = None) -> None:
        run, pid = kept.run, os.getpid()
        value: dict[str, Any] = {
            "version": _VERSION,
            "id": run.id,
            "attempt": run.attempt,
            "pid": pid,
            "process_started": self._started_of(pid),
            "host": host_name(),
            "argv": [sys.executable, *sys.orig_argv[1:]],
            "cwd": self._cwd,
            "project": self._project,
            "name": run.name,
            "group": run.group,
            "framework": run.kind.framework,
            "model": run.kind.model,
            "world_size": run.world_size,
            "launched": self._launched,
            "locked": kept.locked,
            "step": run.steps,
            "total_steps": run.total_steps,
            "time_remaining": None if outcome else run.time_remaining(),
            "began_at": kept.began_at,
            "progress_at": self._recorder.progressed_at(run),
            "written_at": time.time(),
            "stalls_after": allowed(run),
            "stop_asked": run.stop_asked,
            "outcome": outcome.value if outcome else "",
        }
        files.write(self._directory.file(run.id, "json"), value)
        kept.written = time.monotonic()
        if not self._works:
            self._works = True
            self._report(State.OK, str(self._directory.path))

    def _started_of(self, pid: int) -> str:
        if self._process[0] != pid:  # at first, and in a fork
            self._process = pid, processes.started(pid)
        return self._process[1]

    # -- what is asked for

    def _look(self, kept: _Kept, runs: Sequence[TrainingRun]) -> None:
        path = self._directory.file(kept.run.id, "command")
        if not os.path.lexists(path):
            return
        refusal, command = "", {}
        try:
            command = files.read(path) or {}
        except files.UnsafeFileError as error:
            refusal = str(error)
        if not files.remove(path):  # it has been taken back
            return
        kind = "stop" if command.get("kind") == "stop" else "unknown"
        refusal = refusal or _refusal(kept.run, command)
        if not refusal:
            _stop(kept.run, runs)
        self._answer(kept, kind, command, refusal)

    def _answer(self, kept: _Kept, kind: str, command: Mapping[str, Any], refusal: str) -> None:
        run = kept.run
        result = "refused" if refusal else "accepted"
        answer = {
            "id": str(command.get("id", "")),
            "kind": kind,
            "result": result,
            "reason": refusal or run.stops,
            "step": run.steps,
            "at": time.time(),
        }
        files.write(self._directory.file(run.id, "ack"), answer)
        self._commands[(kind, result)].value += 1
        attributes: dict[str, AttributeValue] = {
            **run.identity(),
            a.COMMAND.name: kind,
            a.RESULT.name: result,
            a.ASKED_BY.name: self._telemetry.redact(str(command.get("asked_by", ""))[:_LONGEST_NAME]),
            a.STEP.name: run.steps,
        }
        self._telemetry.emit(c.COMMANDED, attributes)
        if self._telemetry.history is not None:
            self._telemetry.history(c.COMMANDED, attributes, None)


def tell_lost(telemetry: Telemetry, lost: LostRun) -> bool:
    """Tell of a lost run; return whether history has it."""
    attributes = lost_attributes(lost.run)
    if not lost.told:
        telemetry.emit(c.LOST, attributes)
    history = telemetry.history
    if history is None:
        return False
    return history(c.LOST, attributes, None, lost.event_id, lost.at) is not False


def _refusal(run: TrainingRun, command: Mapping[str, Any]) -> str:
    if command.get("kind") != "stop":
        return "it is no command that a run knows: there is stop"
    if command.get("attempt") != run.attempt:
        return f"it was meant for attempt {command.get('attempt')}, and this is attempt {run.attempt}"
    if not run.stops:
        return "nothing in its program can be asked to stop: --now ends its process"
    return ""


def _stop(run: TrainingRun, runs: Sequence[TrainingRun]) -> None:
    """Ask a run and those within it to stop."""
    for each in runs:
        if (each is run or each.is_part_of(run)) and not each.stop_asked:
            each.stop_asked = "command"
