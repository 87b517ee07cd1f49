"""Stacks of other threads, as text: where code is, and nothing of what it holds."""

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

# The rooms whose frames may stand between a program's own.
_OURS = tuple(f"{Path(__file__).parents[2] / room}{os.sep}" for room in ("cli", "otel", "sources", "telemetry"))

# Where event loops wait for something to do; uvloop's have no frame of their own beneath the runner's.
_WAITING = ("selectors", "asyncio.windows_events", "asyncio.runners")


class Stack:
    """A thread's frames at one moment, without ours.

    No frame is kept: its locals would be freed on the thread that looks, and not where they belong.
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

    @property
    def is_waiting(self) -> bool:
        """Whether nothing runs there: an event loop that waits for something to do, or a thread that is gone."""
        return not self._frames or self._modules[0] in _WAITING

    def runs(self, *modules: str) -> bool:
        """Whether any frame is of one of ``modules``."""
        return not set(modules).isdisjoint(self._modules)

    @property
    def innermost(self) -> str:
        """Where it is, such as ``handler (/srv/bot.py:12)``."""
        frame = self._frames[0]
        return f"{frame.name} ({frame.filename}:{frame.lineno})"

    def __str__(self) -> str:
        """Its text as a traceback has it, the innermost frame last; without the outermost where it is long."""
        return "".join(traceback.StackSummary.from_list(self._frames[::-1]).format())[-_LENGTH:]


def _current_frames() -> dict[int, FrameType]:
    """Return each thread's innermost frame.

    CPython holds a lock of its own for that, which a garbage collection in the midst of it would wait for in vain, and
    the whole process with it (gh-106883; 3.12 and the later 3.11 put it off themselves).
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        return sys._current_frames()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - documented
    finally:
        if collecting:
            gc.enable()
