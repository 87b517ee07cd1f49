"""A control directory, and the runs that are known by it.

A run, that is its process of rank 0, has these files, each with its id as the name:

``RUN.json``
    What it tells of itself, each five seconds and at its end.
``RUN.lock``
    Locked while its process lives.
``RUN.command``
    What it is asked for. It takes the file away.
``RUN.ack``
    What it answered last.
``RUN.N.out``
    What attempt N printed, if :func:`.rerunning.rerun` has started it.
"""

from __future__ import annotations

import os
import re
import socket
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast

from . import files, locks, processes

State = Literal["running", "hung", "lost", "ended"]

WRITTEN_EACH: Final = 5.0
"""How often a run writes its file, in seconds."""

HUNG_AFTER: Final = 4 * WRITTEN_EACH
"""How old the file of a run that hangs is at least, in seconds."""

LOST_AFTER: Final = 120.0
"""How old the file of a lost run is at least, in seconds: only where a lock does not say so."""

KEPT: Final = 200
"""How many finished runs are kept."""

KEPT_FOR: Final = 30 * 86_400.0
"""How long a finished run is kept, in seconds."""

RIGHT: Final = "a directory of this user's own, to which nobody else may write (mode 0700)"

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_LEFT_OVER: Final = 3600.0
_GREATEST: Final = 2.5e11
"""Greater numbers are damaged: as seconds since 1970, they are after the year 9999."""


@dataclass(frozen=True)
class KnownRun:
    """A run as a control directory knows it. What a damaged file does not tell is empty.

    Attributes
    ----------
    process_started:
        When its process started, see :func:`.processes.started`; empty if that is not known.
    argv, cwd:
        How its program was started. They may hold secrets: show :func:`~..parameters.arguments_as_text` of them.
    time_remaining:
        In seconds; ``None`` if that is not known.
    progress_at:
        When it last made progress, in seconds since 1970.
    state:
        ``running``; ``hung``: its process lives, and makes no progress; ``lost``: its process has ended without an end
        of the run; ``ended``.
    outcome:
        How it ended: a value of ``argus.training.outcome``; empty if it has not.
    host:
        The name of its host.
    launched:
        Whether a launcher has started its process among others, such as torchrun.
    lost_told, lost_recorded:
        Whether an event has told of its loss, and whether history has it.
    """

    id: str
    attempt: int
    pid: int
    process_started: str
    argv: tuple[str, ...]
    cwd: str
    project: str
    name: str
    group: str
    step: int
    total_steps: float | None
    time_remaining: float | None
    progress_at: float
    state: State
    outcome: str
    world_size: int
    host: str = ""
    framework: str = ""
    model: str = ""
    began_at: float = 0.0
    written_at: float = 0.0
    launched: bool = False
    lost_told: bool = False
    lost_recorded: bool = False
    directory: Path = Path()

    @property
    def here(self) -> bool:
        """Whether it is a run of this host."""
        return self.host == host_name()

    @property
    def alive(self) -> bool:
        """Whether its process lives."""
        return self.state in ("running", "hung")


class ControlDirectory:
    """A control directory, which need not be there.

    Attributes
    ----------
    path:
        Where it is.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).expanduser().absolute()  # the program may change its directory

    def check(self) -> str | None:
        """Return why it must not be used; ``None`` if it may be, or is not there yet."""
        if os.name != "posix":
            return "this system has no such directories: it is not POSIX"
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return "it is a symbolic link to nothing" if self.path.is_symlink() else None
        except OSError as error:
            return f"it cannot be read: {error.strerror}"
        if not stat.S_ISDIR(found.st_mode):
            return "it is no directory"
        if found.st_uid != files.user():
            return f"it belongs to the user {found.st_uid}, and not to this one, {files.user()}"
        if found.st_mode & 0o022:
            return f"others may write to it: its mode is {stat.S_IMODE(found.st_mode):04o}"
        return None

    def make(self) -> None:
        """Make it, for this user only, unless it is there.

        Raises
        ------
        OSError
            It cannot be made.
        """
        files.make_directory(self.path)

    def file(self, run_id: str, kind: str) -> Path:
        """Return the path of a file of a run.

        Raises
        ------
        ValueError
            The id is no name of a file: it was not made by a run.
        """
        if not _ID.fullmatch(run_id):
            raise ValueError(f"{run_id!r} cannot be the name of a file: it has other signs than letters, digits and -")
        return self.path / f"{run_id}.{kind}"

    # -- runs

    def runs(self) -> list[KnownRun]:
        """Return the runs that it knows, those that made progress last first. What is no file of a run is left out."""
        found = [run for run in map(self.run, self._ids()) if run is not None]
        return sorted(found, key=lambda run: -run.progress_at)

    def run(self, run_id: str) -> KnownRun | None:
        """Return a run; ``None`` if it is not known."""
        data = self.data(run_id)
        if data is None:
            return None
        run = _known(data, self.path)
        return run if run is not None and run.id == run_id else None

    def data(self, run_id: str) -> dict[str, Any] | None:
        """Return what a run has told, with its state as it is now; ``None`` if it is not known."""
        with suppress(files.UnsafeFileError, ValueError):
            data = files.read(self.file(run_id, "json"))
            if data is not None:
                held = locks.is_held(self.file(run_id, "lock"))
                if not data.get("outcome") and held is False:
                    data = files.read(self.file(run_id, "json")) or data  # it may have ended between the two
                data["state"] = _state_of(data, held)
            return data
        return None

    def attempt(self, run_id: str) -> int:
        """Return the greatest attempt of a run that is known; 0 for none."""
        known = self.run(run_id)
        return 0 if known is None else known.attempt

    def prune(self) -> None:
        """Remove the files of runs that finished long ago: the last ones are kept, for some time.

        One that is lost counts as finished. It is removed under its lock, so no attempt begins meanwhile.
        """
        finished = [run for run in self.runs() if not run.alive]
        now = time.time()
        for place, run in enumerate(finished):
            if place >= KEPT or now - run.progress_at > KEPT_FOR:
                self._forget(run)
        for each in self._listed(".tmp"):
            with suppress(OSError):
                if now - each.lstat().st_mtime > _LEFT_OVER:
                    each.unlink()

    def _forget(self, run: KnownRun) -> None:
        path = self.file(run.id, "lock")
        with suppress(OSError):
            try:
                lock = locks.take(path)
            except locks.LocksUnsupportedError:
                return
            if lock is None:
                return
            try:
                for each in self._listed():
                    if each.name.startswith(f"{run.id}.") and each != path:
                        files.remove(each)
                files.remove(path)
            finally:
                lock.release()

    def _ids(self) -> Iterator[str]:
        return (each.stem for each in self._listed(".json") if _ID.fullmatch(each.stem))

    def _listed(self, suffix: str = "") -> list[Path]:
        try:
            return [each for each in self.path.iterdir() if each.name.endswith(suffix)]
        except OSError:
            return []


def host_name() -> str:
    """Return the name of this host."""
    return socket.gethostname()


def _state_of(data: Mapping[str, Any], held: bool | None) -> State:
    if data.get("outcome"):
        return "ended"
    now, written = time.time(), _number(data.get("written_at")) or 0.0
    if held is None or not data.get("locked", True):
        if data.get("host") == host_name() and data.get("process_started"):
            held = processes.started(_whole(data.get("pid"))) == data["process_started"]
        else:
            held = now - written < LOST_AFTER
    if not held:
        return "lost"
    stalls_after = _number(data.get("stalls_after"))
    stalls = stalls_after is not None and written - (_number(data.get("progress_at")) or 0.0) > stalls_after
    return "hung" if stalls or now - written > HUNG_AFTER else "running"


def _known(data: Mapping[str, Any], directory: Path) -> KnownRun | None:
    if not isinstance(data.get("id"), str):
        return None
    argv: Any = data.get("argv")
    words = cast("list[object]", argv) if isinstance(argv, list) else []
    lost: Any = data.get("lost")
    told = cast("dict[str, Any]", lost) if isinstance(lost, dict) else {}
    text = {
        name: str(data.get(name) or "")
        for name in ("process_started", "cwd", "project", "name", "group", "outcome", "host", "framework", "model")
    }
    return KnownRun(
        id=data["id"],
        attempt=max(1, _whole(data.get("attempt"))),
        pid=_whole(data.get("pid")),
        argv=tuple(each for each in words if isinstance(each, str)),
        step=_whole(data.get("step")),
        total_steps=_number(data.get("total_steps")),
        time_remaining=_number(data.get("time_remaining")),
        progress_at=_number(data.get("progress_at")) or 0.0,
        state=data["state"],
        world_size=max(1, _whole(data.get("world_size"))),
        began_at=_number(data.get("began_at")) or 0.0,
        written_at=_number(data.get("written_at")) or 0.0,
        launched=data.get("launched") is True,
        lost_told=told.get("told") is True,
        lost_recorded=told.get("recorded") is True,
        directory=directory,
        **text,
    )


def _whole(value: object) -> int:
    return int(_number(value) or 0)


def _number(value: object) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and -_GREATEST < value < _GREATEST:
        return float(value)
    return None
