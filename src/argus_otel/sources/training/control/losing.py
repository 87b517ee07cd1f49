"""Records runs that are lost: their process has ended without an end of the run.

Whoever finds one records it, and notes that in its ``RUN.json``, under its lock: so several finders make one event.
Where there are no locks, or a finder dies in between, the event has the same id each time, and a store keeps one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID, uuid5

from argus_otel.sources.training import attributes as a
from argus_otel.telemetry import AttributeValue

from . import files, locks
from .directory import ControlDirectory, KnownRun

_NAMESPACE = UUID("0d6f4a55-2b0c-5c38-9d0e-3f6c1b7a9e21")


@dataclass(frozen=True)
class LostRun:
    """A run that is lost, for who records it.

    Attributes
    ----------
    event_id:
        The id of the event ``training.run.lost``, made of the run and its attempt: a UUID.
    told:
        Whether an event has told of it before, which history does not have.
    """

    run: KnownRun
    event_id: str
    told: bool

    @property
    def at(self) -> float:
        """When it was heard of last, in seconds since 1970: the time of the event, whoever finds it."""
        return max(self.run.began_at, self.run.progress_at)


Emit = Callable[[LostRun], bool]
"""Records a lost run; returns whether history has it now. If not, the next finder is asked to record it, too."""


def event_id(run: KnownRun) -> str:
    """Return the id of the event that a run is lost."""
    return str(uuid5(_NAMESPACE, f"{run.id} {run.attempt} lost"))


def record_lost(directory: ControlDirectory, runs: Iterable[KnownRun], emit: Emit) -> list[KnownRun]:
    """Record those of some runs that are lost, and that history does not have as such.

    Parameters
    ----------
    emit:
        Records one. What it raises is raised, and the run is recorded by the next finder.

    Returns
    -------
    list
        The runs that were recorded now.
    """
    lost = (run for run in runs if run.state == "lost" and not run.lost_recorded and run.here)
    return [run for run in lost if _record(directory, run, emit)]


def lost_attributes(run: KnownRun) -> dict[str, AttributeValue]:
    """Return the attributes of the event that a run is lost."""
    named = ((a.NAME, run.name), (a.GROUP, run.group), (a.FRAMEWORK, run.framework), (a.MODEL, run.model))
    return {
        a.RUN.name: run.id,
        a.ATTEMPT.name: run.attempt,
        **{attribute.name: value for attribute, value in named if value},
        a.STEP.name: run.step,
        a.PROGRESS_AT.name: run.progress_at,
    }


def _record(directory: ControlDirectory, run: KnownRun, emit: Emit) -> bool:
    lock: locks.RunLock | None = None
    with suppress(locks.LocksUnsupportedError):
        lock = locks.take(directory.file(run.id, "lock"))
        if lock is None:  # its next attempt has begun, or another one records it
            return False
    try:
        path = directory.file(run.id, "json")
        data = files.read(path)
        known = directory.run(run.id)
        if data is None or known is None or known.attempt != run.attempt or known.outcome or known.lost_recorded:
            return False
        recorded = emit(LostRun(run, event_id(run), known.lost_told))
        files.write(path, {**data, "lost": {"told": True, "recorded": recorded}})
        return True
    finally:
        if lock is not None:
            lock.release()
