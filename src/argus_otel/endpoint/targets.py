"""The endpoints of this machine, as files: Prometheus finds them by ``file_sd``, ``argus-otel top`` and ``doctor`` too.

Each process writes one file, ``argus-otel-PID-RANDOM.json``, and keeps a lock on ``….lock`` beside it. The system
releases the lock however the process ends, so a lock that can be taken shows that its file is left over. (A process id
would not do: it may belong to another process meanwhile, and means another process in another container.)
"""

from __future__ import annotations

import atexit
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import cast

from argus_otel.settings import Settings
from argus_otel.telemetry import PartError

from .locks import hold, is_held

SWEEP_INTERVAL = 5.0
"""How often a process removes files of processes that have ended, in seconds."""

_NAME = re.compile(r"argus-otel-[0-9]+-[0-9a-f]{8}")


class Target:
    """An endpoint that a file names.

    Attributes
    ----------
    url:
        Its base URL, for a client on this machine.
    labels:
        The labels of the file, without those that begin with ``__``: ``job``, and what sources add.
    pid:
        Of the process, in its own container.
    """

    __slots__ = ("url", "labels", "pid")

    def __init__(self, url: str, labels: Mapping[str, str], pid: int) -> None:
        self.url = url
        self.labels = labels
        self.pid = pid

    @property
    def service(self) -> str:
        """Its ``service.name``."""
        return self.labels.get("job", "")


def targets_directory(settings: Settings) -> Path:
    """Return ``ARGUS_ENDPOINT_TARGETS``, or a directory of this user's below the system's for temporary files.

    Raises
    ------
    OSError
        There is no directory for temporary files.
    """
    if settings.endpoint_targets is not None:
        return Path(settings.endpoint_targets)
    import tempfile

    user = os.getuid() if hasattr(os, "getuid") else "user"  # Windows has one such directory for each user
    return Path(tempfile.gettempdir()) / f"argus-otel-{user}"


def read_targets(settings: Settings) -> list[Target]:
    """Return the endpoints of all processes that run, by service and URL; none if the directory cannot be read."""
    with suppress(OSError):
        directory = targets_directory(settings)
        return sorted(_read(directory), key=lambda target: (target.service, target.url))
    return []


def _read(directory: Path) -> Iterator[Target]:
    for path in directory.glob("argus-otel-*.json"):
        # A file that another user has put there might ask a reader for the token.
        if _NAME.fullmatch(path.stem) and _is_ours(path) and _is_alive(path):
            with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
                (group,) = json.loads(path.read_text(encoding="utf-8"))
                labels = cast("dict[str, str]", group["labels"])
                shown = {name: value for name, value in labels.items() if not name.startswith("__")}
                url = f"{labels.get('__scheme__', 'http')}://{group['targets'][0]}"
                yield Target(url, shown, int(path.stem.split("-")[2]))


def _is_ours(path: Path) -> bool:
    return not hasattr(os, "getuid") or path.stat().st_uid in (os.getuid(), 0)


def _is_alive(path: Path) -> bool:
    return path.stem in _OWN or is_held(path.with_suffix(".lock"))


_OWN: set[str] = set()  # this process could take its own locks


class OwnTarget:
    """The file of this process's endpoint.

    Parameters
    ----------
    settings:
        Directory, service name and certificate are read from them.
    address:
        Host and port by which a scraper on this machine reaches the endpoint.
    labels:
        Returns what sources know of this process; may change.

    Raises
    ------
    PartError
        The directory cannot be used. The message names the setting.
    """

    def __init__(self, settings: Settings, address: str, labels: Callable[[], Mapping[str, str]]) -> None:
        self._settings = settings
        self._address = address
        self._labels = labels
        self._written = ""
        self._due = 0.0
        self._name = f"argus-otel-{os.getpid()}-{os.urandom(4).hex()}"
        try:
            self._directory = targets_directory(settings)
            _prepare(self._directory, own=settings.endpoint_targets is None)
            self._lock = hold(self._directory / f"{self._name}.lock")
            _OWN.add(self._name)
            self._write()
        except OSError as error:
            setting = "ARGUS_ENDPOINT_TARGETS" if settings.endpoint_targets else "the default of ARGUS_ENDPOINT_TARGETS"
            where = error.filename or settings.endpoint_targets
            reason = error.strerror or error
            raise PartError(
                f"no file for discovery can be written to {where} ({setting}): {reason}; name a directory that this "
                "user may write to"
            ) from error
        atexit.register(self.remove)

    def tick(self) -> None:
        """Write the file anew if a label has changed, and remove those of processes that have ended; each 5 seconds."""
        now = time.monotonic()
        if now >= self._due:
            self._due = now + SWEEP_INTERVAL
            with suppress(OSError):  # tried again at the next tick
                self._write()
                self._sweep()

    def remove(self) -> None:
        """Remove the file. Safe to repeat."""
        atexit.unregister(self.remove)
        self._due = float("inf")
        if self._name in _OWN:
            _OWN.discard(self._name)
            self._unlink(self._name)
            self._lock.close()
            self._unlink_lock(self._name)

    def drop_in_child(self) -> None:
        """After a fork, in the child: leave the file to the parent."""
        atexit.unregister(self.remove)
        _OWN.discard(self._name)

    def _write(self) -> None:
        labels = {"job": self._settings.service_name, **self._labels()}
        if self._settings.endpoint_certificate:
            labels["__scheme__"] = "https"
        text = json.dumps([{"targets": [self._address], "labels": labels}])
        path = self._directory / f"{self._name}.json"
        if text != self._written or not path.exists():
            aside = path.with_suffix(".new")
            aside.write_text(text, encoding="utf-8")
            aside.replace(path)  # so that no reader sees half of it
            self._written = text

    def _sweep(self) -> None:
        for lock in self._directory.glob("argus-otel-*.lock"):
            if _NAME.fullmatch(lock.stem) and lock.stem not in _OWN and not is_held(lock):
                self._unlink(lock.stem)
                self._unlink_lock(lock.stem)

    def _unlink(self, name: str) -> None:
        for suffix in (".json", ".new"):
            with suppress(OSError):
                (self._directory / f"{name}{suffix}").unlink()

    def _unlink_lock(self, name: str) -> None:
        with suppress(OSError):
            (self._directory / f"{name}.lock").unlink()


def _prepare(directory: Path, *, own: bool) -> None:
    """Create the directory; one of this user's own must belong to the user alone, since its name can be guessed."""
    directory.mkdir(mode=0o700 if own else 0o777, parents=not own, exist_ok=True)
    if own and hasattr(os, "getuid"):
        found = directory.lstat()
        if directory.is_symlink() or found.st_uid != os.getuid() or found.st_mode & 0o022:
            raise PermissionError(0, "it belongs to another user, or others may write to it", str(directory))
