"""Warns once of each misuse of the public API, with the fix."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import PurePath

_log = logging.getLogger("argus_otel")

MAX_WARNINGS = 100
"""How many warnings a process logs. Without a limit, names made of user input would fill the log."""

_NOT_THE_CALLER = ("argus_otel", "asyncio", "contextlib", "contextvars", "functools")


class MisuseWarnings:
    """The warnings of this process.

    Parameters
    ----------
    redact:
        Removes secrets from a text before it is logged.
    """

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._warned: set[tuple[str, str]] = set()

    def warn_once(self, call: str, problem: str) -> None:
        """Warn of a misuse, unless the same warning has been logged.

        Parameters
        ----------
        call:
            The call as the program wrote it, as far as that identifies it: ``count('songs.played')``.
        problem:
            What is wrong, how to fix it, and what happened instead.
        """
        if (call, problem) in self._warned or len(self._warned) >= MAX_WARNINGS:
            return
        self._warned.add((call, problem))
        last = " Further misuse is not reported." if len(self._warned) == MAX_WARNINGS else ""
        _log.warning("%s", self._redact(f"argus-otel: {call}{_caller_location()}: {problem}. (Reported once.){last}"))


def shown(thing: object) -> str:
    """Return a name as a message shows it, whatever its type."""
    return repr(thing[:60]) if isinstance(thing, str) else f"<{type(thing).__name__}>"


def _caller_location() -> str:
    """Return the file and line of the program's call; empty if only an event loop is on the stack."""
    frame = sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - as warnings.warn does
    while frame is not None:
        module = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if module not in _NOT_THE_CALLER:
            return f" in {PurePath(frame.f_code.co_filename).name}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
