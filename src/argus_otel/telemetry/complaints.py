"""Says what the bot's own code got wrong in a call of ours, and what would be right: once for each mistake."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import PurePath

_log = logging.getLogger("argus_otel")

MOST = 100
"""How many mistakes are told of in a process: names that are made of user input would fill the log."""

_NOT_THE_CALLER = ("argus_otel", "asyncio", "contextlib", "contextvars", "functools")


class Complaints:
    """What has been told already.

    Parameters
    ----------
    redact:
        Takes secrets out of a text before it is logged.
    """

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._told: set[tuple[str, str]] = set()

    def tell(self, call: str, wrong: str) -> None:
        """Warn of a mistake, unless that has been done.

        Parameters
        ----------
        call:
            The call, as far as it says which: ``count('songs.played')``.
        wrong:
            What is wrong, what would be right, and what becomes of the call. The same of the same call is told once.
        """
        if (call, wrong) in self._told or len(self._told) >= MOST:
            return
        self._told.add((call, wrong))
        last = " Other mistakes are not told of any more." if len(self._told) == MOST else ""
        _log.warning("%s", self._redact(f"argus-otel: {call}{_place()}: {wrong}. (Said once.){last}"))


def shown(thing: object) -> str:
    """Return a name as a message may show it, whatever it is."""
    return repr(thing[:60]) if isinstance(thing, str) else f"<{type(thing).__name__}>"


def _place() -> str:
    """Return where the bot's own code made the call, or nothing where only an event loop has."""
    frame = sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - as warnings.warn does
    while frame is not None:
        module = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if module not in _NOT_THE_CALLER:
            return f" in {PurePath(frame.f_code.co_filename).name}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
