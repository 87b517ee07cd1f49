"""What the control directory of this host knows of runs, for commands: to name one, and to add to what history has."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from argus_otel.history.store.address import parse
from argus_otel.history.store.errors import StoreError
from argus_otel.history.store.time_range import time_range
from argus_otel.settings import Settings
from argus_otel.sources.training.control.directory import RIGHT, ControlDirectory, KnownRun
from argus_otel.sources.training.control.losing import LostRun, record_lost
from argus_otel.sources.training.settings import TrainingSettings
from argus_otel.terminal.queries import parse_bounds
from argus_otel.terminal.store_options import chosen_store, failed

if TYPE_CHECKING:
    from argus_otel.history.store.address import Address
    from argus_otel.sources.training.history.results import RecordedRun

HUNG = "hung"
"""A state that only the host knows: history has no sign of life, and the process lives."""

_HOST_KNOWS = ("running", "lost", "silent", HUNG)


class ControlError(Exception):
    """The control directory cannot be used, or knows no such run. The message says why."""


def control_directory() -> ControlDirectory:
    """Return the control directory that the settings name.

    Raises
    ------
    ControlError
        There is none, or it must not be used.
    """
    path = Settings.resolve()[TrainingSettings].control
    if not path:
        raise ControlError(f"ARGUS_CONTROL names no control directory; it has to be {RIGHT}")
    directory = ControlDirectory(path)
    wrong = directory.check()
    if wrong is not None:
        raise ControlError(f"ARGUS_CONTROL is {path!r}: {wrong}; it has to be {RIGHT}")
    return directory


def named(directory: ControlDirectory, text: str) -> KnownRun:
    """Return the run that an id, or its first letters, name.

    Raises
    ------
    ControlError
        There is none, or there are several.
    """
    found = [run for run in directory.runs() if text and run.id.startswith(text)]
    exact = [run for run in found if run.id == text]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        raise ControlError(f"there are {len(found)} runs whose id begins with {text}; give more letters of it")
    raise ControlError(
        f"{directory.path} knows no run {text}: argus-otel training list lists the runs of this host and user"
    )


def shown(
    command: str,
    arguments: argparse.Namespace,
    ask: Callable[[Callable[[Sequence[RecordedRun]], list[RecordedRun]]], int],
    show: Callable[[Sequence[RecordedRun], str], int],
    *states: str,
) -> int:
    """Show runs of history together with those that the control directory knows; return the exit code.

    Runs that are found lost are recorded in history before, if there is one.

    Parameters
    ----------
    ask:
        Asks history and shows what it is handed for it; returns the exit code.
    show:
        Shows runs in a format, if there is no history.
    states:
        Only runs in these states; none for all.
    """
    known = _known(command)
    try:
        parse_bounds(arguments)
    except StoreError as error:
        return failed(command, error)
    if not _has_store(arguments):
        print(
            f"argus-otel {command}: there is no history, so these are only the runs that this host knows; "
            "ARGUS_HISTORY_STORE or --store names one",
            file=sys.stderr,
        )
        return show(merged((), known, arguments, states), arguments.format)
    _record(command, arguments, known)
    code = ask(lambda runs: merged(runs, known, arguments, states))
    if code and known:  # the store is at fault, or what reads it is not installed, and the host knows something
        show(merged((), known, arguments, states), arguments.format)
    return code


def merged(
    runs: Sequence[RecordedRun], known: Sequence[KnownRun], arguments: argparse.Namespace, states: Sequence[str] = ()
) -> list[RecordedRun]:
    """Return the runs of history with what the host knows of them, and the others that it knows, the latest first."""
    here = {run.id: run for run in known}
    found = [_told(run, here.get(run.id)) for run in runs]
    of_history = {run.id for run in runs}
    bounds = time_range(arguments.since, arguments.until)
    for run in known:
        if run.id in of_history or (arguments.service and run.project != arguments.service):
            continue
        group = getattr(arguments, "group", "")
        if (not group or run.group == group) and bounds.since <= run.began_at < bounds.until:
            found.append(_recorded(run))
    found = [run for run in found if not states or run.state in states]
    return sorted(found, key=lambda run: run.began, reverse=True)[: arguments.limit]


def record(target: Address, directory: ControlDirectory, runs: Sequence[KnownRun]) -> list[KnownRun]:
    """Record the lost ones of some runs in a store; return those that were.

    Raises
    ------
    StoreError
        The store is at fault.
    """
    from argus_otel.sources.training.imports.lost import row_of
    from argus_otel.terminal.inserting import opened

    with opened(target) as store:

        def emit(lost: LostRun) -> bool:
            store.insert([row_of(lost)])
            return True

        return record_lost(directory, runs, emit)


def _known(command: str) -> list[KnownRun]:
    try:
        return control_directory().runs()
    except ControlError as error:
        if Settings.resolve()[TrainingSettings].control:
            print(f"argus-otel {command}: {error}", file=sys.stderr)
        return []


def _has_store(arguments: argparse.Namespace) -> bool:
    settings = Settings.resolve()
    if arguments.store is not None or not settings.origins["history_store"].source.startswith("default"):
        return True
    with suppress(StoreError):
        address = parse(settings.history_store)
        return Path(address.directory or address.files or "").is_dir()
    return True


def _record(command: str, arguments: argparse.Namespace, known: Sequence[KnownRun]) -> None:
    lost = [run for run in known if run.state == "lost" and not run.lost_recorded]
    if not lost:
        return
    try:
        record(chosen_store(arguments), control_directory(), lost)
    except (StoreError, OSError) as error:
        print(f"argus-otel {command}: what is lost cannot be recorded: {error}", file=sys.stderr)


def _told(run: RecordedRun, known: KnownRun | None) -> RecordedRun:
    """Return a run of history as the host knows it: it knows better whether a process lives."""
    if known is None or known.attempt < run.attempts or run.state not in _HOST_KNOWS:
        return run
    heard = max(run.heard, _moment(known.progress_at))
    longer = (heard - run.heard).total_seconds()
    state = known.outcome if known.state == "ended" else known.state
    steps = max(run.steps, known.step)
    return replace(run, state=state, heard=heard, duration=run.duration + longer, steps=steps)


def _recorded(run: KnownRun) -> RecordedRun:
    from argus_otel.sources.training.history.results import RecordedRun

    heard = max(run.began_at, run.progress_at)
    return RecordedRun(
        id=run.id,
        name=run.name,
        state=run.outcome or run.state,
        began=_moment(run.began_at),
        heard=_moment(heard),
        duration=heard - run.began_at,
        attempts=run.attempt,
        steps=run.step,
        epoch=0.0,
        total_steps=run.total_steps,
        error="",
        metric="",
        last=None,
        best=None,
        nonfinite=0,
        framework=run.framework,
        model=run.model,
        group=run.group,
        parent="",
        service=run.project,
        host=run.host,
        instance="",
        world_size=run.world_size,
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
