"""Keeps the files of this process's runs in the control directory, and does what their commands ask for."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any, Final

from argus_otel.sources.training import attributes as a
from argus_otel.sources.training import catalogue as c
from argus_otel.sources.training.companions import Companion
from argus_otel.sources.training.outcomes import Outcome
from argus_otel.sources.training.runs import TrainingRun
from argus_otel.telemetry import AttributeValue, State, Telemetry

from . import files, locks, processes
from .directory import RIGHT, WRITTEN_EACH, ControlDirectory, host_name
from .losing import LostRun, lost_attributes, record_lost

PART: Final = "training control"

_STALLS_AFTER, _STEPS = 60.0, 20
"""After how long without progress a run hangs: so many seconds, or so many of its steps if they take longer."""
_LONGEST_NAME: Final = 100
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
    """

    def __init__(self, telemetry: Telemetry, path: str | None, project: str, *, restarts: int, launched: bool) -> None:
        self._telemetry = telemetry
        self._directory = ControlDirectory(path or "")
        self._path = path
        self._project = project
        self._restarts = restarts
        self._launched = launched
        self._commands = telemetry.counter(c.COMMANDS)
        self._kept: dict[TrainingRun, _Kept] = {}
        self._usable: bool | None = None
        self._looked = False
        self._cwd = ""

    def attempt(self, run_id: str, rank: int) -> int:
        """Return the number of the attempt that begins now of a run that is gone on with."""
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
        kept = _Kept(run, max(time.time(), run.progressed_at()))
        known = self._directory.run(run.id)
        if known is not None:
            record_lost(self._directory, [known], self._tell_lost)
        with kept.changing:
            self._kept[run] = kept
            self._take(kept, path)
            if kept.lock is not None or not kept.locked:
                for kind in ("command", "ack"):  # of an earlier attempt
                    files.remove(self._directory.file(run.id, kind))
                self._write(kept)

    def each_second(self, runs: Sequence[TrainingRun]) -> None:
        """Do what the runs' commands ask for, and tell of the runs when it is time."""
        for run in runs:
            kept = self._kept.get(run)
            if kept is None or run.ended:
                continue
            with kept.changing:
                if kept.ended:
                    continue
                if kept.lock is None and kept.locked:
                    self._take(kept, self._directory.file(run.id, "lock"))
                    if kept.lock is None:
                        continue
                self._look(kept, runs)
                if time.monotonic() - kept.written >= WRITTEN_EACH - 0.5:
                    self._write(kept)
        if not self._looked:
            self._looked = True
            mine = [each for each in self._directory.runs() if each.project == self._project]
            record_lost(self._directory, mine, self._tell_lost)
            self._directory.prune()

    def ended(self, run: TrainingRun, outcome: Outcome) -> None:
        """Tell how it ended, and let its lock go."""
        kept = self._kept.pop(run, None)
        if kept is None:
            return
        with kept.changing:
            kept.ended = True
            if kept.lock is not None or not kept.locked:
                self._write(kept, outcome)
                files.remove(self._directory.file(run.id, "command"))
            if kept.lock is not None:
                kept.lock.release()

    # -- the directory

    def _is_usable(self) -> bool:
        if self._usable is None:
            self._usable = False
            if not self._path:
                self._report(State.OFF, "ARGUS_CONTROL names no directory: runs are not known on their host")
                return False
            wrong = self._directory.check()
            if wrong is None:
                try:
                    self._directory.make()
                except OSError as error:
                    wrong = f"it cannot be made: {error.strerror}"
            if wrong is not None:
                self._report(State.FAILED, f"ARGUS_CONTROL is {self._path!r}: {wrong}; it has to be {RIGHT}")
                return False
            self._usable = True
            with suppress(OSError):  # such as of a directory that is gone
                self._cwd = os.getcwd()  # noqa: PTH109 - as it is now: the program may change it
            self._report(State.OK, str(self._directory.path))
        return self._usable

    def _take(self, kept: _Kept, path: Path) -> None:
        try:
            kept.lock = locks.take(path)
        except locks.LocksUnsupportedError:
            kept.locked = False

    def _report(self, state: State, detail: str) -> None:
        self._telemetry.health.report(PART, state, detail)

    # -- what is told

    def _write(self, kept: _Kept, outcome: Outcome | None = None) -> None:
        run, pid = kept.run, os.getpid()
        mean = run.step_duration()
        value: dict[str, Any] = {
            "version": _VERSION,
            "id": run.id,
            "attempt": run.attempt,
            "pid": pid,
            "process_started": processes.started(pid),
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
            "progress_at": run.progressed_at(),
            "written_at": time.time(),
            "stalls_after": None if mean is None else max(_STALLS_AFTER, _STEPS * mean),
            "stop_asked": run.stop_asked,
            "outcome": outcome.value if outcome else "",
        }
        files.write(self._directory.file(run.id, "json"), value)
        kept.written = time.monotonic()

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

    # -- lost runs

    def _tell_lost(self, lost: LostRun) -> bool:
        attributes = lost_attributes(lost.run)
        if not lost.told:
            self._telemetry.emit(c.LOST, attributes)
        history = self._telemetry.history
        if history is None:
            return False
        history(c.LOST, attributes, None, lost.event_id, lost.at)
        return True


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
        around: TrainingRun | None = each
        while around is not None and around is not run:
            around = around.parent
        if around is run and not each.stop_asked:
            each.stop_asked = "command"
