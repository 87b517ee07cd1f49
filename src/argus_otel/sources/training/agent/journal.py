"""The journal of an agent: which commands it has taken up, on the disk before it does what they ask."""

from __future__ import annotations

import fcntl
import json
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from argus_otel.sources.training.control import files

from .commands import Result

_FILE = "journal.jsonl"
_CLOSED = -1
_LOCK = "lock"
_KEPT = timedelta(days=31)
"""How long a command is known: as long as its row is in the store, and a day."""

_INTERRUPTED = "the agent ended while it acted on this; it is not repeated"


class JournalError(Exception):
    """The journal cannot be used. The message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a command that the store may not have yet."""

    id: str
    result: Result
    reason: str = ""
    run_id: str = ""
    step: int | None = None


class Journal:
    """The journal in a directory. One process at a time has it.

    Attributes
    ----------
    began:
        When the journal began, by the server's clock; ``None`` before :meth:`begin`. What was issued earlier may have
        been acted on, if there was another journal before.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = directory / _FILE
        self._file = self._lock = _CLOSED
        self._digests: dict[str, set[str]] = {}
        self._answers: dict[tuple[str, str], Answer] = {}
        self.began: datetime | None = None

    # -- its life

    def open(self) -> None:
        """Open the journal, and read what is in it.

        Raises
        ------
        JournalError
            Another agent has it, others could have written it, or it cannot be read.
        """
        try:
            files.make_directory(self._directory)
            self._check(self._directory.stat(), self._directory)
            self._lock = os.open(self._directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise JournalError(
                    f"another agent uses {self._directory}; each agent has a state of its own: see `state` in its file"
                ) from None
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            self._file = os.open(self._path, flags, 0o600)
            self._check(os.fstat(self._file), self._path)
            self._read(self._path.read_bytes())
            os.fsync(self._file)
            self._sync_directory()
        except OSError as error:
            raise JournalError(f"{self._path} cannot be used: {error.strerror or error}") from error

    def close(self) -> None:
        """Let another agent have it. Safe to repeat."""
        for descriptor in (self._file, self._lock):
            if descriptor != _CLOSED:
                os.close(descriptor)
        self._file = self._lock = _CLOSED

    # -- what has been taken up

    def begin(self, now: datetime) -> None:
        """Let a new journal begin now, by the server's clock; does nothing in one that has begun."""
        if self.began is None:
            self._write({"began": now.isoformat()})
            self.began = now

    def digests_of(self, command: str) -> frozenset[str]:
        """Return the digests of the rows that were taken up under an id."""
        return frozenset(self._digests.get(command, ()))

    def take_up(self, command: str, digest: str, at: datetime) -> None:
        """Write that a command is taken up, and wait until the disk has it.

        Raises
        ------
        JournalError
            It cannot be written. The command must not be acted on.
        """
        self._write({"id": command, "digest": digest, "at": at.isoformat()})
        self._digests.setdefault(command, set()).add(digest)

    # -- what is answered

    def answer(self, answer: Answer) -> None:
        """Keep an answer until :meth:`told`.

        Raises
        ------
        JournalError
            It cannot be written. It is kept in memory.
        """
        self._answers[answer.id, answer.result.value] = answer
        self._write(_line_of(answer))

    def told(self, answer: Answer) -> None:
        """Note that the store has an answer. If that cannot be written, it is sent again after a restart."""
        self._answers.pop((answer.id, answer.result.value), None)
        with suppress(JournalError):
            self._write({"id": answer.id, "told": answer.result.value})

    @property
    def untold(self) -> tuple[Answer, ...]:
        """The answers that the store does not have, the oldest first."""
        return tuple(self._answers.values())

    # -- the file

    def _write(self, line: Mapping[str, object]) -> None:
        try:
            size = os.fstat(self._file).st_size
            data = json.dumps(line).encode() + b"\n"
            try:
                while data:
                    data = data[os.write(self._file, data) :]
            except OSError:
                os.ftruncate(self._file, size)  # half a line would make the next one unreadable
                raise
            os.fsync(self._file)
        except OSError as error:
            raise JournalError(f"{self._path} cannot be written: {error.strerror or error}") from error

    def _read(self, content: bytes) -> None:
        *whole, rest = content.split(b"\n")
        if rest:  # the power failed within the last line: nothing was done for it
            os.ftruncate(self._file, len(content) - len(rest))
        kept: list[dict[str, Any]] = []
        open_answers: dict[str, bool] = {}
        for number, line in enumerate(whole, 1):
            entry = self._entry(line, number)
            kept.append(entry)
            self._take(entry, open_answers)
        self._compact(kept)
        for command, is_open in open_answers.items():
            if is_open:  # it was taken up, and no last answer was written: what it asks for may have been done
                self.answer(Answer(command, Result.REFUSED, _INTERRUPTED))

    def _entry(self, line: bytes, number: int) -> dict[str, Any]:
        with suppress(ValueError):
            entry = json.loads(line)
            if isinstance(entry, dict):
                return cast("dict[str, Any]", entry)
        raise JournalError(
            f"{self._path}:{number} cannot be read; without it, commands could be acted on twice: wait until those "
            "of today have expired, and then remove the file"
        )

    def _take(self, entry: dict[str, Any], open_answers: dict[str, bool]) -> None:
        if "began" in entry:
            self.began = datetime.fromisoformat(entry["began"])
        elif "digest" in entry:
            self._digests.setdefault(entry["id"], set()).add(entry["digest"])
            open_answers[entry["id"]] = True
        elif "result" in entry:
            answer = Answer(
                entry["id"], Result(entry["result"]), entry["reason"], entry["run_id"], entry["step"]
            )  # fmt: skip
            self._answers[answer.id, answer.result.value] = answer
            if answer.result.final:
                open_answers[answer.id] = False
        elif "told" in entry:
            self._answers.pop((entry["id"], entry["told"]), None)

    def _compact(self, entries: list[dict[str, Any]]) -> None:
        """Write the file anew without commands that the store has forgotten, if there are some."""
        times = {entry["id"]: datetime.fromisoformat(entry["at"]) for entry in entries if "at" in entry}
        newest = max((*times.values(), *([self.began] if self.began else ())), default=None)
        if newest is None or not any(newest - at > _KEPT for at in times.values()):
            return
        old = {command for command, at in times.items() if newest - at > _KEPT}
        new = self._path.with_suffix(".new")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:  # noqa: PTH123 - its mode is given
            file.writelines(json.dumps(entry).encode() + b"\n" for entry in entries if entry.get("id") not in old)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
        os.close(self._file)
        self._file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
        for command in old:
            self._digests.pop(command, None)

    def _sync_directory(self) -> None:
        descriptor = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _check(self, found: os.stat_result, path: Path) -> None:
        if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise JournalError(
                f"{path} has to belong to this user, and nobody else may write it: chown {os.geteuid()} {path}; "
                f"chmod go-w {path}"
            )


def _line_of(answer: Answer) -> dict[str, object]:
    return {
        "id": answer.id,
        "result": answer.result.value,
        "reason": answer.reason,
        "run_id": answer.run_id,
        "step": answer.step,
    }
