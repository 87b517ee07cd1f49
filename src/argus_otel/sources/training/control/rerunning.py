"""Starts the program of a run again, as the run's next attempt."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from uuid import UUID

from . import files, locks
from .answers import Answer
from .directory import ControlDirectory, KnownRun

WAIT: Final = 10.0
"""How long the beginning of the attempt is waited for, in seconds."""

_LOOK: Final = 0.1
_OF_LAUNCHERS: Final = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


def rerun(run: KnownRun, *, wait: float = WAIT, environment: Mapping[str, str] | None = None) -> Answer:
    """Start the program of a run again: its arguments in its directory.

    The new process is one of its own: it goes on when this one ends. What it prints is in a file in the control
    directory, which only this user may read.

    Parameters
    ----------
    wait:
        How long the beginning of the attempt is waited for, in seconds.
    environment:
        By default that of this process.

    Returns
    -------
    Answer
        ``done``: the attempt has begun; ``accepted``: its program runs, and has not begun to train; ``refused``. Never
        an exception.
    """
    directory = ControlDirectory(run.directory)
    wrong = directory.check() or _hindrance(directory, run)
    if wrong:
        return Answer("refused", wrong, run.step)
    try:
        lock = locks.take(directory.file(run.id, "starting"))
        if lock is None:
            return Answer("refused", "it is being started again already", run.step)
        try:
            known = directory.run(run.id)
            if known is None or known.attempt != run.attempt:  # another one has just started it
                attempt = 0 if known is None else known.attempt
                return Answer("refused", f"it has been started again already, as attempt {attempt}", run.step)
            return _start(directory, known, wait, os.environ if environment is None else environment)
        finally:
            lock.release()
    except (OSError, ValueError) as error:
        return Answer("refused", f"it cannot be started: {error}", run.step)
    except locks.LocksUnsupportedError:
        return Answer("refused", f"{directory.path} has no locks: two could start it at once", run.step)


def _hindrance(directory: ControlDirectory, run: KnownRun) -> str:
    known = directory.run(run.id)
    if known is None:
        return f"{directory.path} does not know it any more"
    if known.alive:
        return f"it has not ended: process {known.pid} of {known.host} is {known.state}; stop it first"
    if not known.here:
        return f"it is one of {known.host}: ask there"
    if known.launched:
        return (
            f"a launcher started it in {known.world_size} processes: start that again, with ARGUS_TRAINING_RUN={run.id}"
        )
    words = known.argv
    if len(words) < 2 or words[1] == "-":
        return "its program was typed or read from standard input"
    if any("ipykernel" in word for word in words[:4]):
        return "it was run in a notebook: run its cell again"
    if not Path(known.cwd).is_dir():
        return f"its directory {known.cwd} is gone"
    try:
        UUID(run.id)
    except ValueError:
        return f"its id {run.id} is no UUID, which ARGUS_TRAINING_RUN takes"
    return ""


def _start(directory: ControlDirectory, run: KnownRun, wait: float, given: Mapping[str, str]) -> Answer:
    output = directory.file(run.id, f"{run.attempt + 1}.out")
    environment = {name: value for name, value in given.items() if name not in _OF_LAUNCHERS}
    with os.fdopen(files.private(output), "ab") as file:
        process = subprocess.Popen(  # noqa: S603 - how this user started it before
            run.argv,
            cwd=run.cwd,
            env={**environment, "ARGUS_TRAINING_RUN": run.id, "ARGUS_CONTROL": str(directory.path)},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    until = time.monotonic() + wait
    where = f"process {process.pid}, its output is in {output}"
    while True:
        known = directory.run(run.id)
        if known is not None and known.attempt > run.attempt:
            return Answer("done", f"attempt {known.attempt} has begun: {where}", known.step)
        status = process.poll()
        if status is not None:
            what = f"by signal {-status}" if status < 0 else f"with exit code {status}"
            return Answer("refused", f"the program ended {what} before it began to train: {where}", run.step)
        if time.monotonic() >= until:
            threading.Thread(target=process.wait, daemon=True).start()  # or it would stay as a dead process
            return Answer("accepted", f"the program runs, and has not begun to train in {wait:g} s: {where}", run.step)
        time.sleep(_LOOK)
