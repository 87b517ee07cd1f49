"""Runs in a directory of TensorBoard's event files: each directory with such files is one."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from .logged import NAMESPACE, LogError, LoggedRun, LoggedStep
from .tfrecord import EventFile, Scalar

_FILES = "*tfevents*"
_PHASES = {"train": "train", "validation": "validation", "val": "validation", "eval": "validation", "test": "test"}
_WORD = re.compile(r"[A-Za-z]+")
_WRITING = 900.0
"""A file that was written to in so many seconds may be written on: its run has not ended."""

Warn = Callable[[str], None]
Progress = Callable[[int], None]


def total_size(directory: Path) -> int:
    """Return how many bytes there are to read."""
    return sum(path.stat().st_size for path in directory.rglob(_FILES) if path.is_file())


def runs_in(directory: Path, warn: Warn, progress: Progress) -> Iterator[LoggedRun]:
    """Yield the runs below a directory.

    The directories ``train`` and ``validation`` in one, as Keras makes them, are phases of one run.

    Parameters
    ----------
    warn:
        Called with a sentence on each file that is damaged.
    progress:
        Called with a number of bytes each time that so many more have been read.

    Raises
    ------
    LogError
        There are no event files.
    """
    files: dict[Path, list[Path]] = {}
    for path in sorted(directory.rglob(_FILES)):
        if path.is_file():
            folder = path.parent
            phased = folder.name in _PHASES and folder != directory
            files.setdefault(folder.parent if phased else folder, []).append(path)
    if not files:
        raise LogError(f"{directory} has no event files of TensorBoard (events.out.tfevents.…)")
    for folder, some in files.items():
        run = _run(folder, directory, sorted(some, key=lambda path: (path.name, path)), warn, progress)
        if run is not None:
            yield run


def _run(folder: Path, top: Path, paths: Sequence[Path], warn: Warn, progress: Progress) -> LoggedRun | None:
    steps = _steps(folder, paths, warn, progress)
    first = next(steps, None)
    if first is None:
        return None
    written = max(path.stat().st_mtime for path in paths)
    name = str(folder.relative_to(top)) if folder != top else folder.resolve().name
    return LoggedRun(
        # A directory that is moved has the same runs: the names of files tell times, hosts and processes apart.
        id=str(uuid.uuid5(NAMESPACE, f"{folder.resolve().name}/{paths[0].name}")),
        name=name,
        tool="tensorboard",
        began=first.time,
        steps=_all(first, steps),
        outcome="" if time.time() - written < _WRITING else "unknown",
    )


def _all(first: LoggedStep, others: Iterator[LoggedStep]) -> Iterator[LoggedStep]:
    yield first
    yield from others


def _steps(folder: Path, paths: Sequence[Path], warn: Warn, progress: Progress) -> Iterator[LoggedStep]:
    """Yield the steps of all files. A later file of the same directory is a later attempt."""
    attempts: dict[Path, int] = {}
    for path in paths:
        events = EventFile(path)
        read = 0
        waiting: list[Scalar] = []
        attempt = 0
        try:
            for scalar in events:
                attempt = attempt or attempts.setdefault(path.parent, 0) + 1
                if waiting and (waiting[0].step != scalar.step or any(scalar.tag == each.tag for each in waiting)):
                    yield from _joined(waiting, folder, path, attempt)
                    waiting = []
                    progress(events.read - read)
                    read = events.read
                waiting.append(scalar)
            yield from _joined(waiting, folder, path, attempt)
        except OSError as error:
            raise LogError(f"{path} cannot be read: {error.strerror or error}") from error
        if events.damaged:
            warn(f"{path} is read up to {events.damaged}")
        progress(events.read - read)
        if attempt:
            attempts[path.parent] = attempt


def _joined(scalars: Sequence[Scalar], folder: Path, path: Path, attempt: int) -> Iterator[LoggedStep]:
    by_phase: dict[str, list[Scalar]] = {}
    of_folder = _PHASES[path.parent.name] if path.parent != folder else ""
    for scalar in scalars:
        by_phase.setdefault(of_folder or phase_of(scalar.tag), []).append(scalar)
    for phase, some in by_phase.items():
        names = tuple(each.tag for each in some)
        yield LoggedStep(some[0].time, some[0].step, phase, names, tuple(each.value for each in some), attempt)


def phase_of(name: str) -> str:
    """Return the phase that the name of a value says: ``val_loss`` and ``eval/loss`` are of a validation."""
    first = _WORD.match(name)
    return _PHASES.get(first[0].lower(), "train") if first else "train"
