"""Stacks of other threads as text: files, lines and functions, and no values."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from itertools import islice
from pathlib import Path
from types import FrameType

_FRAMES = 50
_LENGTH = 16_000

# The folders whose frames may be between those of the program.
_FOLDERS = ("cli", "custom", "otel", "sources", "telemetry")
_OURS = tuple(f"{Path(__file__).parents[1] / folder}{os.sep}" for folder in _FOLDERS)

# The modules in which idle event loops wait. uvloop's have no frame of their own beneath the runner's.
_WAITING = ("selectors", "asyncio.windows_events", "asyncio.runners")


class Stack:
    """The frames of a thread at one moment, without argus-otel's own.

    No frame object is kept: its local variables would then be freed on the thread that looks, not on their own.
    """

    def __init__(self, thread: int | None) -> None:
        frames = _current_frames()
        innermost = frames.get(thread or 0)
        self._modules: list[str] = []
        self._frames: list[traceback.FrameSummary] = []
        for frame, line in islice(traceback.walk_stack(innermost), _FRAMES) if innermost else ():
            code = frame.f_code
            if not code.co_filename.startswith(_OURS):
                self._modules.append(str(frame.f_globals.get("__name__", "")))
                self._frames.append(traceback.FrameSummary(code.co_filename, line, code.co_name, lookup_line=False))

    def __bool__(self) -> bool:
        """Whether there is any frame: the thread runs, in Python code that is not argus-otel's."""
        return bool(self._frames)

    @property
    def is_waiting(self) -> bool:
        """Whether nothing runs there: the event loop is idle, or the thread has ended."""
        return not self._frames or self._modules[0] in _WAITING

    def runs(self, *modules: str) -> bool:
        """Whether any frame belongs to one of ``modules``."""
        return not set(modules).isdisjoint(self._modules)

    @property
    def innermost(self) -> str:
        """The innermost frame, such as ``handler (/srv/bot.py:12)``."""
        frame = self._frames[0]
        return f"{frame.name} ({frame.filename}:{frame.lineno})"

    def __str__(self) -> str:
        """The stack as in a traceback, the innermost frame last. A long one lacks its outermost frames."""
        return "".join(traceback.StackSummary.from_list(self._frames[::-1]).format())[-_LENGTH:]


def _current_frames() -> dict[int, FrameType]:
    """Return each thread's innermost frame.

    CPython takes a lock for that. A garbage collection during the call could wait for the same lock and block the whole
    process (gh-106883). Python 3.12 and the later releases of 3.11 postpone the collection themselves.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        return sys._current_frames()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - documented
    finally:
        if collecting:
            gc.enable()
