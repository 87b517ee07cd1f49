"""Stops a run from outside: asks it to, or ends its process."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

from . import files, processes
from .answers import Answer
from .directory import ControlDirectory, KnownRun

__all__ = ["Answer", "stop"]

TIMEOUT: Final = 10.0
"""How long an answer is waited for, in seconds. A run looks for commands each second."""

_WITHDRAWN: Final = 2.0
"""How long an answer is waited for after a command could not be taken back, since the run has it."""
_KILLED: Final = 5.0
_LOOK: Final = 0.05


def stop(
    directory: ControlDirectory,
    run: KnownRun,
    *,
    now: bool,
    grace: float,
    asked_by: str,
    timeout: float = TIMEOUT,
    wait: float = 2.0,
) -> Answer:
    """Stop a run.

    Parameters
    ----------
    now:
        Whether its process group is ended by SIGTERM, in place of asking it.
    grace:
        How long after SIGTERM it is ended by SIGKILL, in seconds.
    asked_by:
        Who asks, for the event ``training.command``.
    timeout:
        How long its answer is waited for, in seconds.
    wait:
        How long its end is waited for after an answer, in seconds.

    Returns
    -------
    Answer
        Never an exception: what cannot be done is refused, with the reason.
    """
    wrong = directory.check()
    if wrong is not None:
        return Answer("refused", f"{directory.path}: {wrong}")
    known = directory.run(run.id)
    if known is None:
        return Answer("refused", f"{directory.path} knows no run {run.id}")
    if known.attempt != run.attempt:
        return Answer("refused", f"attempt {run.attempt} is over: it is at attempt {known.attempt} now", known.step)
    if not known.alive:
        ended = f"it has ended: {known.outcome}" if known.state == "ended" else "it is lost: its process has ended"
        return Answer("refused", ended, known.step)
    try:
        if now:
            return _end(directory, known, grace)
        return _ask(directory, known, asked_by, timeout, wait)
    except OSError as error:
        return Answer("refused", f"{directory.path}: {error.strerror}", known.step)


# -- asking


def _ask(directory: ControlDirectory, run: KnownRun, asked_by: str, timeout: float, wait: float) -> Answer:
    command, ack = directory.file(run.id, "command"), directory.file(run.id, "ack")
    asked = str(uuid4())
    asking = {"id": asked, "kind": "stop", "attempt": run.attempt, "asked_by": asked_by, "asked_at": time.time()}
    until = time.monotonic() + timeout
    if not _by(until, lambda: files.write_new(command, asking)):
        return Answer("refused", f"another command waits for the run, and it has taken none in {timeout:g} s", run.step)

    def answered() -> dict[str, Any] | None:
        try:
            found = files.read(ack)
        except files.UnsafeFileError:
            return None
        return found if found is not None and found.get("id") == asked else None

    found = _by(until, answered)
    if found is None and not files.remove(command):
        found = _by(time.monotonic() + _WITHDRAWN, answered)  # the run has just taken it
    if found is None:
        return Answer("refused", _silence(directory, run, timeout), run.step)
    if found.get("result") == "refused":
        return Answer("refused", str(found.get("reason", "")), _step(found))
    ended = _by(time.monotonic() + wait, lambda: _gone(directory, run))
    if ended is not None:
        return Answer("done", f"it has ended: {ended.outcome or ended.state}", ended.step)
    return Answer("accepted", str(found.get("reason", "")), _step(found))


def _silence(directory: ControlDirectory, run: KnownRun, timeout: float) -> str:
    known = directory.run(run.id)
    if known is not None and not known.alive:
        return f"it has ended before it could answer: {known.outcome or known.state}"
    state = "hangs" if known is not None and known.state == "hung" else "does not answer"
    return f"it {state}: no answer in {timeout:g} s, and the command is taken back; --now ends its process"


def _gone(directory: ControlDirectory, run: KnownRun) -> KnownRun | None:
    known = directory.run(run.id)
    return known if known is not None and known.attempt == run.attempt and not known.alive else None


def _step(found: dict[str, Any]) -> int | None:
    step = found.get("step")
    return step if type(step) is int else None


# -- ending its process


def _end(directory: ControlDirectory, run: KnownRun, grace: float) -> Answer:
    if not run.here:
        return Answer("refused", f"its process is one of {run.host}: ask there", run.step)
    if not run.process_started:
        return Answer("refused", "when its process started is not known, so its number may be another's now", run.step)
    began = time.monotonic()
    whole = _signal(run, signal.SIGTERM)
    if whole is None:
        return Answer("refused", f"process {run.pid} is not that of the run: it has ended, or is another now", run.step)
    to = "its process group" if whole else "its process: this one is of the same group"

    def ended() -> bool:
        return processes.started(run.pid) != run.process_started

    if _by(began + grace, lambda: ended() or None):
        return _ended(directory, run, f"ended {time.monotonic() - began:.1f} s after SIGTERM to {to}")
    if _signal(run, signal.SIGKILL) is None:
        return _ended(directory, run, f"ended {time.monotonic() - began:.1f} s after SIGTERM to {to}")
    if _by(time.monotonic() + _KILLED, lambda: ended() or None):
        return _ended(directory, run, f"ended by SIGKILL to {to}, {grace:g} s after SIGTERM")
    return Answer("accepted", f"SIGKILL was sent to {to}, and the system has not ended it yet", run.step)


def _ended(directory: ControlDirectory, run: KnownRun, how: str) -> Answer:
    known = directory.run(run.id) or run
    state = known.outcome or "lost, since it did not tell its end"
    return Answer("done", f"{how}; the run is {state}", known.step)


def _signal(run: KnownRun, number: int) -> bool | None:
    """Send a signal to the group of a run's process, if it still is that process.

    Return whether to the whole group, which is left out if it is this process's own too; ``None`` if to nobody.
    """
    group = processes.group_of(run.pid)
    if group is None or run.pid <= 0 or processes.started(run.pid) != run.process_started:
        return None
    try:
        if group == os.getpgrp():
            os.kill(run.pid, number)
            return False
        os.killpg(group, number)
    except ProcessLookupError:
        return None
    return True


def _by(until: float, look: Callable[[], Any]) -> Any:
    """Return what a function returns that is true, as soon as it does; ``None`` if it has not by a moment."""
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() >= until:
            return None
        time.sleep(_LOOK)
