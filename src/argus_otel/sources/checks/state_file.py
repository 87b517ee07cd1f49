"""Keeps the states of checks on disk, so that an agent goes on where it was killed.

The file is a journal: one line for each state that changed, with a checksum. A confirmed change is written before it is
reported, and is reported once more after a start within :data:`REPORTED_AGAIN`: its event has the same id, by which
stores of history leave it out. So a killed process loses no change and doubles none there. What was written in the last
second before a power cut may be lost. While the disk is full, changes are reported and not written; once there is room
again, the next change writes all of them.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import sys
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from zlib import crc32

from .agent import CheckState
from .clock import Clock
from .definition import Check
from .errors import ErrorType
from .judge import Change, Status, Verdict
from .mutes import MuteReason
from .outcomes import Failure

_log = logging.getLogger("argus_otel")

_FILE = "state.jsonl"

REPORTED_AGAIN = 60_000
"""How old a change may be that is reported again, in milliseconds."""

_SPARE = 1000
"""How many lines the journal may have beyond one for each check, four times over, before it is written anew."""

_TRY_AGAIN = 1000
"""After how many milliseconds it is tried again to write the file anew: a disk may be full for long."""

_encode = json.JSONEncoder(separators=(",", ":")).encode

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
"""Of a function that a program checks: another one in each process."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What the file has.

    Attributes
    ----------
    verdicts:
        By the check's name, of the checks that are as they were.
    changes:
        Those that may not have been reported, the oldest first.
    written:
        When the file was written last, in milliseconds since 1970; 0 if there is none.
    """

    verdicts: dict[str, Verdict]
    changes: list[Change]
    written: int


class StateFile:
    """The file of one agent.

    Parameters
    ----------
    directory:
        Of which this process has the lock.
    """

    def __init__(self, directory: Path, clock: Clock | None = None) -> None:
        self._path = directory / _FILE
        self._clock = clock or Clock()
        self._descriptor = -1
        self._lines: dict[str, bytes] = {}
        self._changes: deque[tuple[int, bytes]] = deque()
        self._written = 0
        self._failed = False
        self._begin_after = 0.0
        self._fingerprints: dict[str, tuple[Check, str]] = {}
        self._dirty = threading.Event()
        self._ending = threading.Event()
        self._syncing: threading.Thread | None = None

    def load(self, checks: Iterable[Check]) -> Saved:
        """Return what the file has of these checks, and begin to write.

        A file that is damaged is read up to the damage; what is after it is kept aside.
        """
        now = self._clock.wall()
        records = self._read()
        known = {check.name: self._fingerprint(check) for check in checks}
        verdicts: dict[str, Verdict] = {}
        changes: list[Change] = []
        for record, verdict, change in records:
            name = record["check"]
            if known.get(name) == record["fingerprint"]:
                verdicts[name] = verdict
                self._lines[name] = _line({**record, "change": None})
            if change is not None and _is_recent(record["at"], now):
                changes.append(change)
                self._changes.append((record["at"], _line(record)))
        self._attempt(self._begin)
        return Saved(verdicts, changes, max((record["at"] for record, _, _ in records), default=0))

    def keep(self, state: CheckState, change: Change | None) -> None:
        """Append a state, and the change that led to it."""
        now = self._clock.wall()
        record = {
            "at": now,
            "check": state.check.name,
            "fingerprint": self._fingerprint(state.check),
            "verdict": _plain_verdict(state.judge.verdict()),
            "change": None if change is None else _plain_change(change),
        }
        line = _line(record)
        self._lines[state.check.name] = line if change is None else _line({**record, "change": None})
        if change is not None:
            self._changes.append((now, line))
        while self._changes and not _is_recent(self._changes[0][0], now):
            self._changes.popleft()
        self._attempt(lambda: self._append(line))

    def forget(self, checks: Iterable[str]) -> None:
        """Forget every check that is not among these."""
        for name in self._lines.keys() - set(checks):
            del self._lines[name]
            self._fingerprints.pop(name, None)

    def close(self) -> None:
        """Write everything to the disk, and end."""
        self._ending.set()
        self._dirty.set()
        if self._syncing is not None:
            self._syncing.join()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    # -- reading

    def _read(self) -> list[_Read]:
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            self._complain(error)
            return []
        records: list[_Read] = []
        lines = data.splitlines(keepends=True)
        for number, line in enumerate(lines):
            record = _read(line)
            if record is None:
                if number < len(lines) - 1:  # the last line of a process that was killed may be torn
                    self._set_aside(data)
                break
            records.append(record)
        return records

    def _set_aside(self, data: bytes) -> None:
        aside = self._path.with_suffix(".damaged")
        self._attempt(lambda: aside.write_bytes(data))
        _log.warning(
            "argus-otel: %s is damaged: states from before the damage are used, and the file is kept as %s",
            self._path,
            aside.name,
        )

    # -- writing

    def _begin(self) -> None:
        """Write the file anew, with one line for each check and the changes that may have to be reported again."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        aside = self._path.with_suffix(".new")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        try:
            # In the order of time: a check's last line is the one that counts.
            _write(descriptor, b"".join(line for _, line in self._changes) + b"".join(self._lines.values()))
            os.fsync(descriptor)
            aside.replace(self._path)
            _sync_directory(self._path.parent)
        except OSError:
            os.close(descriptor)
            raise
        earlier, self._descriptor = self._descriptor, descriptor
        self._written = 0
        if earlier >= 0:
            os.close(earlier)
        if self._syncing is None:
            self._syncing = threading.Thread(target=self._sync, name="argus-otel checks state", daemon=True)
            self._syncing.start()

    def _append(self, line: bytes) -> None:
        is_long = self._written > 4 * len(self._lines) + _SPARE
        if (is_long or self._descriptor < 0) and self._clock.monotonic() >= self._begin_after:
            try:
                self._begin()
            except OSError:
                self._begin_after = self._clock.monotonic() + _TRY_AGAIN
                if self._descriptor < 0:
                    raise
            else:
                return  # the line was among those that it wrote
        if self._descriptor < 0:
            return
        try:
            _write(self._descriptor, line)
        except OSError:
            # A part of the line may be there, which nothing may follow.
            os.close(self._descriptor)
            self._descriptor = -1
            raise
        self._written += 1
        self._dirty.set()

    def _sync(self) -> None:
        while not self._ending.is_set():
            self._dirty.wait()
            self._ending.wait(1)
            self._dirty.clear()
            try:
                os.fsync(self._descriptor)
            except OSError:  # it was just written anew, or the next write reports it
                continue

    def _attempt(self, write: Any) -> None:
        try:
            write()
        except OSError as error:
            self._complain(error)
        else:
            self._failed = self._descriptor < 0

    def _complain(self, error: OSError) -> None:
        if not self._failed:
            self._failed = True
            _log.warning(
                "argus-otel: states of checks cannot be kept in %s: %s. Checks go on; after a restart they begin anew.",
                self._path,
                error.strerror or error,
            )

    def _fingerprint(self, check: Check) -> str:
        """Return what tells whether a check measures the same as before. It reveals no option."""
        known = self._fingerprints.get(check.name)
        if known is None or known[0] is not check:
            what = _ADDRESS.sub("", f"{check.executor.type}|{check.options!r}")
            known = (check, hashlib.blake2b(what.encode(), digest_size=8).hexdigest())
            self._fingerprints[check.name] = known
        return known[1]


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _sync_directory(directory: Path) -> None:
    """Let a file that was renamed be there after a power cut."""
    if sys.platform != "win32":
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _is_recent(at: int, now: int) -> bool:
    """Whether a change may have to be reported again. The clock may have been set back since."""
    return abs(now - at) <= REPORTED_AGAIN


def _line(record: dict[str, Any]) -> bytes:
    text = _encode(record).encode()
    return b"%08x %s\n" % (crc32(text), text)


_Read: TypeAlias = "tuple[dict[str, Any], Verdict, Change | None]"
"""A line as it is, its verdict, and its change."""


def _read(line: bytes) -> _Read | None:
    """Return what a line says; ``None`` if it is torn, damaged, or of another version of this program."""
    checksum, _, text = line.rstrip(b"\n").partition(b" ")
    if not line.endswith(b"\n") or checksum != b"%08x" % crc32(text):
        return None
    try:
        record = json.loads(text)
        change = record["change"]
        return record, _verdict(record["verdict"]), None if change is None else _change(change)
    except (KeyError, TypeError, ValueError):
        return None


# Not by dataclasses.asdict, which takes four times as long: where the network is lost, all checks change at once.


def _plain_verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "status": verdict.status.value,
        "known": verdict.known.value,
        "since": verdict.since,
        "streaks": verdict.streaks,
    }


def _plain_change(change: Change) -> dict[str, Any]:
    failure = change.failure
    return {
        "check": change.check,
        "before": change.before.value,
        "after": change.after.value,
        "since": change.since,
        "repeat": change.repeat,
        "failure": failure and [failure.error_type.value, failure.detail, failure.condition],
        "known_before": change.known_before.value,
        "muted": sorted(reason.value for reason in change.muted),
    }


def _verdict(kept: dict[str, Any]) -> Verdict:
    return Verdict(
        Status(kept["status"]), Status(kept["known"]), kept["since"], tuple(tuple(each) for each in kept["streaks"])
    )


def _change(kept: dict[str, Any]) -> Change:
    failure = kept["failure"]
    return Change(
        kept["check"],
        Status(kept["before"]),
        Status(kept["after"]),
        kept["since"],
        kept["repeat"],
        failure and Failure(ErrorType(failure[0]), failure[1], failure[2]),
        Status(kept["known_before"]),
        frozenset(MuteReason(each) for each in kept["muted"]),
    )
