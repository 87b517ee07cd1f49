"""Why alerts on a check are muted, and the mutes that people set by ``argus-otel checks mute``.

A muted check is measured and judged as ever. Its changes say that they are muted, and a metric does too.
"""

from __future__ import annotations

import fnmatch
import json
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path

from .directory_lock import DirectoryLock

MUTES_FILE = "mutes.json"
"""The name of the file of mutes in the directory of an agent."""


class MuteReason(Enum):
    """Why a check is muted."""

    MAINTENANCE = "maintenance"
    PARENT = "parent"
    """One of its parents is down."""
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Mute:
    """A mute that a person has set.

    Attributes
    ----------
    until:
        When it ends, in milliseconds since 1970.
    reason:
        For people; may be empty.
    """

    until: int
    reason: str = ""


class MuteError(Exception):
    """The file of mutes cannot be read or written."""


def read_mutes(directory: Path) -> dict[str, Mute]:
    """Return the mutes by name or pattern of checks, ended ones included; none if none was ever set.

    Parameters
    ----------
    directory:
        The agent's directory of state.

    Raises
    ------
    MuteError
        The file is there and cannot be read.
    """
    path = directory / MUTES_FILE
    try:
        return {name: Mute(**each) for name, each in json.loads(path.read_text("utf-8")).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise MuteError(f"{path} cannot be read: {error}") from error


def change_mutes(directory: Path, change: Callable[[dict[str, Mute]], None], now: int) -> None:
    """Change the mutes. What two commands change at the same time is changed one after the other.

    Parameters
    ----------
    change:
        Is given the mutes that have not ended, and changes them.
    now:
        In milliseconds since 1970.

    Raises
    ------
    MuteError
        The file cannot be read or written.
    """
    try:
        with _locked(directory):
            mutes = {name: each for name, each in read_mutes(directory).items() if each.until > now}
            change(mutes)
            aside = directory / f"{MUTES_FILE}.new"
            text = json.dumps({name: asdict(each) for name, each in mutes.items()}, indent=2)
            aside.write_text(text + "\n", "utf-8")
            aside.replace(directory / MUTES_FILE)
    except OSError as error:
        raise MuteError(f"{directory / MUTES_FILE} cannot be written: {error.strerror}") from error


@contextmanager
def _locked(directory: Path) -> Generator[None]:
    lock = DirectoryLock(directory, "mutes.lock")
    while not lock.take():
        time.sleep(0.01)
    try:
        yield
    finally:
        lock.release()


def is_muted(check: str, mutes: Mapping[str, Mute], now: int) -> bool:
    """Whether one of the mutes is about a check and has not ended at ``now``, in milliseconds since 1970."""
    return any(each.until > now and fnmatch.fnmatchcase(check, pattern) for pattern, each in mutes.items())
