"""The calls of jobs and programs, kept on disk before they are accepted."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

_log = logging.getLogger("argus_otel")

_FILE = "heartbeats.json"


@dataclass(frozen=True, slots=True)
class Beat:
    """What is known of one check's calls. Times are in seconds since 1970, and 0 before the first.

    Attributes
    ----------
    known_since:
        When the check was configured.
    last:
        The last call that says that it is done, or that it failed.
    started:
        The last call that says that it begins.
    failed:
        Whether the last call says that it failed.
    runtime:
        From the last beginning to its end, in seconds; ``None`` if it is not known.
    """

    known_since: float
    last: float = 0.0
    started: float = 0.0
    failed: bool = False
    runtime: float | None = None


class Beats:
    """The calls of all checks. Any thread.

    Parameters
    ----------
    directory:
        Where they are kept; ``None`` to keep them in memory.
    """

    def __init__(self, directory: Path | None) -> None:
        self._path = None if directory is None else directory / _FILE
        self._lock = threading.Lock()
        self._beats = self._read()

    def keep(self, names: Iterable[str], now: float) -> None:
        """Know these checks from now on, and no others."""
        with self._lock:
            self._beats = {name: self._beats.get(name) or Beat(now) for name in names}
            self._write(self._beats)

    def of(self, name: str) -> Beat:
        """Return what is known of a check.

        Raises
        ------
        KeyError
            It is none of those that are known.
        """
        return self._beats[name]

    def add(self, name: str, what: str, now: float) -> bool:
        """Add a call; return whether it is kept.

        Parameters
        ----------
        what:
            ``start``, ``fail``, or empty if it is done.
        """
        with self._lock:
            before = self._beats[name]
            if what == "start":
                after = replace(before, started=now)
            else:
                runtime = now - before.started if before.started > before.last else None
                after = replace(before, last=now, failed=what == "fail", runtime=runtime)
            beats = {**self._beats, name: after}
            kept = self._write(beats)
            if kept:
                self._beats = beats
            return kept

    def _read(self) -> dict[str, Beat]:
        if self._path is None:
            return {}
        try:
            return {name: Beat(**each) for name, each in json.loads(self._path.read_text("utf-8")).items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            _log.warning("argus-otel: %s cannot be read, so that heartbeats begin anew: %s", self._path, error)
            return {}

    def _write(self, beats: dict[str, Beat]) -> bool:
        if self._path is None:
            return True
        aside = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            aside.write_text(json.dumps({name: asdict(beat) for name, beat in beats.items()}), "utf-8")
            aside.replace(self._path)
        except OSError as error:
            _log.warning("argus-otel: a heartbeat cannot be kept in %s: %s", self._path, error.strerror or error)
            return False
        return True
